"""The doctor that comes by itself asks no more than it needs: ticks have few questions to leave."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from kmon_tui.domain.doctor.examine import examine
from kmon_tui.domain.doctor.facts import Case, Facts, Suspects
from kmon_tui.domain.doctor.finding import Report, Status
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.doctor_questions import COUNTS
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.parts import PART
from kmon_tui.settings import PrometheusSettings
from tests.e2e.answering import Said, answering
from tests.ui.samples import NOW

ISVC = InferenceService(Key(Kind.ISVC, "default", "sklearn-iris"))
OTHERS = "global: {scrape_interval: 1m}\nscrape_configs:\n- job_name: own\n"
LOADED = f"{OTHERS}- job_name: kserve-metrics\n"


async def looked(
    config: str, families: tuple[str, ...] | None = (), refused: str = "of nothing", gone: bool = False
) -> tuple[list[str], Report]:
    """Examine a Prometheus with this configuration and no series; give the queries, and what was found.

    ``refused``: what no query may hold. ``gone``: samples of our job are there, and none of the last minute.
    """
    asked: list[str] = []

    def say(_method: str, path: str) -> Said:
        way = urlsplit(path).path.removeprefix("/api/v1/")
        known: dict[str, dict[str, object]] = {
            "status/buildinfo": {"version": "3.5.0"},
            "status/runtimeinfo": {"storageRetention": "15d"},
            "status/config": {"yaml": config},
        }
        data = known.get(way, {"resultType": "vector", "result": []})
        if way == "query":
            asked.append(path)
            if refused in path:
                return Said(b'{"status":"error","errorType":"execution","error":"too many"}', "application/json", 422)
            if gone and "count_over_time" not in path:
                metric = {"job": "kserve-metrics", PART: COUNTS}
                data = {"resultType": "vector", "result": [{"metric": metric, "value": [0, "3"]}]}
        return Said(json.dumps({"status": "success", "data": data}).encode(), "application/json")

    with answering(say) as address:
        metrics = PrometheusMetrics(PrometheusSettings(url=f"http://{address}"))
        try:
            facts = await metrics.examined(Suspects((ISVC,), ISVC, (), families))
        finally:
            await metrics.aclose()
    case = Case((ISVC,), "default", ISVC.key, families=families, brief=families is not None)
    return asked, Report("here", ISVC.key, NOW, examine(Facts(case, prometheus=facts)))


async def test_a_job_that_was_taken_away_is_missed_while_its_last_samples_are_still_found() -> None:
    asked, report = await looked(OTHERS, None, gone=True)

    assert next(one for one in report.findings if one.id == "prometheus.job").text.startswith("is not loaded")
    assert len(asked) == 2


async def test_where_no_job_is_loaded_nothing_else_is_asked() -> None:
    asked, report = await looked(OTHERS)

    assert report.first_failing is not None
    assert report.first_failing.id == "prometheus.job"
    assert len(asked) <= 1, "the clock, which ticks know already"


@pytest.mark.parametrize("config", [LOADED, f"{OTHERS}scrape_config_files: [kserve.yml]\n"], ids=["loaded", "files"])
async def test_where_it_may_be_loaded_targets_and_series_are_asked_for(config: str) -> None:
    asked, _ = await looked(config)

    assert any("kserve-" in one for one in asked)
    assert len(asked) <= 4


async def test_what_a_server_refuses_costs_only_what_was_asked_with_it() -> None:
    asked, report = await looked(LOADED, families=None, refused="istio")

    told = {one.id: (one.status, one.text) for one in report.findings}
    assert len(asked) == 4, "all at once, then in three groups"
    assert told["prometheus.users"][0] is Status.UNKNOWN
    assert "too many" in told["prometheus.users"][1]
    assert told["prometheus.families"][0] is not Status.UNKNOWN
