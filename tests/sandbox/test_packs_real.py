"""Every question of every pack: the sandbox's evaluator answers what a real Prometheus answers."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live import dialects
from kmon_tui.live.asked import errors_of_users, expressions
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.gauges import GAUGES
from tests.e2e import tools
from tests.e2e.history import remembering
from tests.e2e.pages import page_of
from tests.live.served import serve_by_sandbox
from tests.live.stories import BUCKET, COUNT, Story
from tests.sandbox.promql_compare import difference

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAGES = Path(__file__).resolve().parents[1] / "data" / "exposition"
SCRAPES = 20
STEP_S = 15
_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([0-9.eE+-]+)$")
_LABEL = re.compile(r'(\w+)="([^"\\]*)"')
NAMESPACES = frozenset({"default", "llm"})


def _page(program: str, version: str) -> str:
    return page_of(program, version).replace(".", "-")


def told() -> Story:
    """Every page, scraped from a pod of its own; what it counts has grown with each scrape."""
    story = Story()
    story.times = story.times[-SCRAPES:]
    for number, file in enumerate(sorted(PAGES.glob("*.txt"))):
        name = file.stem.replace(".", "-")
        own = {"job": name, "instance": f"10.0.0.{number}:9091", "pod": f"{name}-predictor-0", "namespace": "default"}
        story.tell("up", {"job": name, "instance": own["instance"]}, lambda _: 1)
        seen = set()
        for line in file.read_text(encoding="utf-8").replace("ISVC", name).splitlines():
            match = _LINE.match(line)
            if match is None or not _wanted(match[1]):
                continue
            # A label without a value is none: Prometheus keeps it no longer than the scrape.
            labels = {**{name: value for name, value in _LABEL.findall(match[2] or "") if value}, **own}
            series = (match[1], tuple(sorted(labels.items())))
            if series not in seen:
                seen.add(series)
                story.tell(match[1], labels, _growing(float(match[3])))
    alias = {"job": "kserve-metrics", "instance": "10.0.0.1:9091", "namespace": "default", "service_name": "iris"}
    story.tell(COUNT, {**alias, "response_code_class": "2xx"}, _growing(7))
    for le, value in (("100", 5.0), ("+Inf", 7.0)):
        story.tell(BUCKET, {**alias, "response_code_class": "2xx", "le": le}, _growing(value))
    for name, value in (("kube_deployment_spec_replicas", 3), ("kube_deployment_status_replicas_ready", 2)):
        own = {"job": "ksm", "instance": "10.0.1.1:8080", "namespace": "default", "deployment": "iris-predictor"}
        story.tell(name, own, lambda _, value=value: value)  # type: ignore[misc]  # a default is no argument of a Shape
    return story


def _wanted(name: str) -> bool:
    """Leave out what no question is about: body sizes, processes, created."""
    return re.search(r"body_size|^python_|^process_|^go_|_created$|^http_client", name) is None


def _growing(value: float) -> Any:
    return lambda n: value * (n + 1)


def questions() -> dict[str, tuple[str, bool]]:
    """Give the text of each question, and whether it is asked for a range, too."""
    every = tuple(DIALECTS)
    found = {
        "probe": (dialects.probe(""), False),
        "probe without what is in front": (dialects.probe("", (Scope.PODS,)), False),
        "counters": (dialects.counters(every, "", NAMESPACES), True),
        "counters of all namespaces": (dialects.counters(every, "", ()), True),
        "gauges": (dialects.gauges(GAUGES, "", NAMESPACES), False),
        "sampled": (dialects.sampled(every, (), "", NAMESPACES), True),
        "sampled now": (dialects.sampled(every, GAUGES, "", NAMESPACES), False),
    }
    for family, dialect in DIALECTS.items():
        targets = targets_of(family)
        found[f"latency of {family}"] = (" or ".join(dialects.latency(dialect, "", targets, 60)) or "vector(0)", False)
        found[f"latency of what is new of {family}"] = (
            " or ".join(dialects.latency(dialect, "", targets, None)) or "vector(0)",
            False,
        )
        for panel, text in expressions(dialect, "", targets, 60, STEP_S).items():
            found[f"{panel} to copy of {family}"] = (text, False)
        parts = [*dialects.detail(dialect, "", targets), dialects.scraped("", targets)]
        found[f"detail of {family}"] = (dialects.together(filter(None, parts)), True)
    for front in (Family.ISTIO, Family.ENVOY, Family.ACTIVATOR, Family.ACTIVATOR_S):
        both = {family: targets_of(family) for family in (front, Family.ALIAS)}
        asked = errors_of_users(DIALECTS[front], DIALECTS[Family.ALIAS], "", both, 60)
        found[f"errors of callers to copy of {front}"] = (asked, False)
    for number, pack in enumerate(GAUGES):
        own = dict.fromkeys(pack.names, "iris-predictor") or {
            "instance": "10.0.0.5:9091",
            "pod": "vllm-0-33-0-predictor-0",
        }
        found[f"levels {number}"] = (dialects.together(dialects.levels((pack,), "", [own])), True)
    return found


def targets_of(family: Family) -> list[dict[str, str]]:
    """Give the labels of some targets that tell this family."""
    dialect = DIALECTS[family]
    if dialect.patterns:
        known = {
            "destination_service_namespace": "default",
            "destination_service_name": "constructed-istio-predictor-00001",
            "envoy_cluster_name": "default/envoy-1-40-0-predictor-00001",
            "namespace_name": "default",
            "revision_name": f"{_page('activator', '1.18.1')}-predictor-00001",
            "k8s_namespace_name": "default",
            "kn_revision_name": f"{_page('activator', '1.20.1')}-predictor-00001",
        }
        return [{name: known[name] for name in dialect.names}]
    return [{"instance": f"10.0.0.{number}:9091"} for number in range(40)]


@pytest.fixture(scope="module", params=["own", "2.53", "3.5"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Story, str]]:
    version = None if request.param == "own" else request.param
    if tools.prometheus(version) is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))
    story = told()
    with remembering(story, tmp_path_factory.mktemp("packs"), version) as url:
        yield story, url


async def ask(url: str, story: Story, query: str, *, ranged: bool) -> Any:
    if ranged:
        path, times = "query_range", {"start": story.now - 10 * STEP_S, "end": story.now, "step": STEP_S}
    else:
        path, times = "query", {"time": story.now}
    body = urllib.parse.urlencode({"query": query, **times})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with ClientSession() as session, session.post(f"{url}/api/v1/{path}", data=body, headers=headers) as answer:
        return await answer.json()


async def test_the_sandbox_answers_every_question_as_prometheus_does(real: tuple[Story, str]) -> None:
    story, url = real
    differences: dict[str, str] = {}
    rows: dict[str, int] = {}
    async with serve_by_sandbox(story) as sandbox:
        for name, (query, in_range) in questions().items():
            for ranged in {False, in_range}:
                theirs = await ask(url, story, query, ranged=ranged)
                ours = await ask(sandbox, story, query, ranged=ranged)
                rows[name] = max(rows.get(name, 0), len(theirs.get("data", {}).get("result", ())))
                if found := difference(theirs, ours, ordered=False):
                    differences[f"{name}, {'range' if ranged else 'now'}"] = found

    assert differences == {}
    silent = {name for name, count in rows.items() if not count and not name.startswith("levels")}
    assert silent == set(), "a question without an answer proves nothing"
