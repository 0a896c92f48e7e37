"""The dashboard for Grafana: what the script writes, whole, and each of its expressions understood by Prometheus."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import grafana_dashboard
from tests.e2e import scraping, tools
from tests.e2e.sandbox import running_sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
DASHBOARD = json.loads((grafana_dashboard.MANIFESTS / "grafana-dashboard.json").read_text(encoding="utf-8"))
WITH_NUMBERS = (
    "requests/s now",
    "errors now (as pods see it)",
    "p99 now",
    "requests/s by code class",
    "latency buckets",
)
"""Panels that every service that has requests fills."""


def filled(expression: str, namespace: str = "default", service: str = "sklearn-iris") -> str:
    """Put values in the place of Grafana's variables."""
    for name, value in (("$namespace", namespace), ("$service", service), ("$__rate_interval", "1m")):
        expression = expression.replace(name, value).replace(f"${{{name[1:]}}}", value)
    assert "$" not in expression.replace('"$1"', ""), expression
    return expression


def expressions() -> list[tuple[str, str]]:
    """Give all expressions with the titles of their panels."""
    found = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*found, *((one["name"], one["expr"]) for one in DASHBOARD["annotations"]["list"])]


def test_the_file_is_what_the_script_writes() -> None:
    written = (grafana_dashboard.MANIFESTS / "grafana-dashboard.json").read_text(encoding="utf-8")

    assert written == grafana_dashboard.text()


def test_it_can_be_imported_anywhere() -> None:
    variables = {one["name"]: one["type"] for one in DASHBOARD["templating"]["list"]}
    sources = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}

    assert variables == {"datasource": "datasource", "namespace": "query", "service": "query"}
    assert sources == {"${datasource}"}
    assert "id" not in DASHBOARD  # an id is of one Grafana
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not taken & cells
        taken |= cells


@pytest.mark.parametrize("version", [None, *tools.RELEASES])
def test_promtool_understands_every_expression(version: str | None, tmp_path: Path) -> None:
    promtool = tools.promtool(version)
    if promtool is None:
        pytest.skip(tools.reason_without_prometheus(version or ""))
    rules: list[dict[str, Any]] = [
        {"record": f"panel:{n}", "expr": filled(expression)} for n, (_, expression) in enumerate(expressions())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")

    done = subprocess.run([str(promtool), "check", "rules", str(path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = tools.prometheus()
    assert binary is not None
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with running_sandbox() as place, scraping.scraping(place, binary, folder, native=False) as url:
        scraping.wait_for_samples(
            url, 'min(count_over_time(kserve_request_count{service_name="sklearn-iris"}[1m])) > 5'
        )
        yield url


def test_a_real_prometheus_answers_every_expression(prometheus: str) -> None:
    for title, expression in expressions():
        body = urllib.parse.urlencode({"query": filled(expression)}).encode()
        with urllib.request.urlopen(f"{prometheus}/api/v1/query", body, timeout=10) as answer:
            told = json.load(answer)

        assert told["status"] == "success", title
        if title in WITH_NUMBERS:
            assert told["data"]["result"], title
