"""Every recorded exchange with a real kube-apiserver 1.36, asked again of the sandbox."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import pytest

from tests.sandbox.replay import ORDER, Answers, normal, recording, replay_all

CASES = [(name, exchange["why"]) for name in ORDER for exchange in recording(name)]
PLAIN = [
    case
    for case in CASES
    if case[0] not in ("discovery", "watch") and case[1] != "a watch from a resourceVersion that is gone"
]
WATCHES = [case for case in CASES if case not in PLAIN and case[0] != "discovery"]
Results = dict[tuple[str, str], Answers]


@pytest.fixture(scope="module")
def results() -> Results:
    return asyncio.run(replay_all())


@pytest.mark.parametrize("case", CASES, ids=": ".join)
def test_the_status_code_is_the_recorded_one(case: tuple[str, str], results: Results) -> None:
    assert results[case].given["status"] == results[case].recorded["status"]


@pytest.mark.parametrize("case", PLAIN, ids=": ".join)
def test_the_body_is_the_recorded_one(case: tuple[str, str], results: Results) -> None:
    builtin = case[0] in ("pods", "events")
    recorded, given = (normal(one["body"], builtin=builtin) for one in _both(results[case]))

    assert given == recorded


@pytest.mark.parametrize("case", PLAIN, ids=": ".join)
def test_headers_that_clients_obey_are_the_recorded_ones(case: tuple[str, str], results: Results) -> None:
    recorded, given = _both(results[case])

    for name in ("content-type", "cache-control", "retry-after", "warning"):
        assert _header(given, name) == _header(recorded, name)


@pytest.mark.parametrize("case", WATCHES, ids=": ".join)
def test_a_watch_sends_the_recorded_events_in_the_recorded_order(case: tuple[str, str], results: Results) -> None:
    recorded, given = (_events(one) for one in _both(results[case]))

    assert given == recorded


def test_the_version_has_the_recorded_fields(results: Results) -> None:
    recorded, given = _both(results["discovery", "server version"])

    assert given["body"].keys() == recorded["body"].keys()
    assert (given["body"]["major"], given["body"]["minor"]) == (recorded["body"]["major"], recorded["body"]["minor"])


def test_every_recorded_group_is_there_in_the_recorded_form(results: Results) -> None:
    recorded, given = _both(results["discovery", "group list, old form"])
    groups = {group["name"]: group for group in given["body"]["groups"]}

    for group in recorded["body"]["groups"]:
        assert {**groups[group["name"]], "versions": []} == {**group, "versions": []} or group[
            "name"
        ] == "serving.kserve.io"


def test_aggregated_discovery_describes_each_recorded_resource_the_same_way(results: Results) -> None:
    recorded, given = _both(results["discovery", "aggregated discovery"])
    described = _resources(given["body"])

    for name, resource in _resources(recorded["body"]).items():
        assert described[name] == resource
    assert _header(given, "content-type") == _header(recorded, "content-type")


def test_the_kserve_group_is_listed_as_recorded(results: Results) -> None:
    recorded, given = _both(results["discovery", "resources of the KServe group"])

    for resource in recorded["body"]["resources"]:
        resource.pop("storageVersionHash", None)
    assert given["body"] == recorded["body"]


def test_a_group_that_is_not_installed_is_a_plain_404(results: Results) -> None:
    recorded, given = _both(results["discovery", "a group that is not installed"])

    assert given["body"] == recorded["body"]
    assert _header(given, "content-type") == _header(recorded, "content-type")


def _both(answers: Answers) -> tuple[dict[str, Any], dict[str, Any]]:
    return answers.recorded, answers.given


def _header(answer: dict[str, Any], name: str) -> str:
    value = str({key.lower(): text for key, text in answer["headers"].items()}.get(name, ""))
    return value.replace("; charset=utf-8", "")


def _events(answer: dict[str, Any]) -> list[Any]:
    """The events of a stream; how often a bookmark is repeated depends on the server's mood."""
    events = [normal(line["event"]) for line in answer["stream"]]
    return [event for event, _ in groupby(events)]


def _resources(body: dict[str, Any]) -> dict[tuple[str, str, str], Any]:
    return {
        (group["metadata"]["name"], version["version"], resource["resource"]): resource
        for group in body["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
