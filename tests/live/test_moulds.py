"""Conditions that are kept as a mould and their times read as if each had been read alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kmon_tui.domain.conditions import listen
from kmon_tui.domain.facts import Facts
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import Condition, Key, Kind, Mode, Pod
from kmon_tui.live.moulds import MOST_MOULDS, MouldedConditions, Moulds, read_conditions

SAMPLES = Path(__file__).parent.parent / "data" / "kserve-objects"


def written(conditions: object) -> msgspec.Raw:
    """Write as an API server does."""
    return msgspec.Raw(json.dumps(conditions, separators=(",", ":")).encode())


def condition(type: str, since: str = "2026-08-21T09:01:12Z", status: str = "True", **more: str) -> dict[str, str]:
    return {"lastTransitionTime": since, "status": status, "type": type, **more}


def values(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Give them as values of the domain, whatever stands in for them."""
    return tuple(Condition(c.type, c.status, c.reason, c.message, c.severity, c.since) for c in conditions)


def plain(raw: msgspec.Raw) -> tuple[Condition, ...]:
    """Read each condition alone."""
    return values(read_conditions(bytes(raw)))


def samples() -> list[list[dict[str, Any]]]:
    objects = [yaml.safe_load(path.read_text()) for path in sorted(SAMPLES.glob("*isvc-*.yaml"))]
    return [found for one in objects if (found := one.get("status", {}).get("conditions"))]


def test_each_sample_tells_the_same_from_a_mould() -> None:
    moulds = Moulds()
    for conditions in samples():
        for raw in (written(conditions), written(conditions)):
            found = moulds.read(raw)

            assert tuple(found) == plain(raw)
            assert listen(found) == listen(plain(raw))


def test_objects_that_differ_in_times_share_a_mould_and_keep_their_times() -> None:
    moulds = Moulds()
    first = moulds.read(written([condition("PredictorReady"), condition("Ready", "2026-08-21T09:05:00Z")]))

    second = moulds.read(written([condition("PredictorReady", "2026-09-01T00:00:00Z"), condition("Ready")]))

    assert isinstance(second, MouldedConditions)
    assert [one.since for one in first] == [
        datetime(2026, 8, 21, 9, 1, 12, tzinfo=UTC),
        datetime(2026, 8, 21, 9, 5, tzinfo=UTC),
    ]
    assert second[0].since == datetime(2026, 9, 1, tzinfo=UTC)
    assert listen(second).rolled_out == datetime(2026, 9, 1, tzinfo=UTC)
    assert first != second


def test_what_was_told_once_is_told_again() -> None:
    found = Moulds().read(written([condition("PredictorReady"), condition("Ready", status="False", reason="Stopped")]))

    assert listen(found) == listen(found)
    assert listen(found).stopped


@pytest.mark.parametrize("other", [{"status": "False"}, {"reason": "Off"}, {"message": "2 of 3"}])
def test_texts_of_the_same_length_are_not_taken_for_each_other(other: dict[str, str]) -> None:
    moulds = Moulds()
    before = {"status": "Maybe", "reason": "On!", "message": "1 of 3"}
    moulds.read(written([condition("Ready") | before]))

    found = moulds.read(written([condition("Ready") | before | other]))

    assert {**before, **other}.items() <= found[0]._asdict().items()


@pytest.mark.parametrize("since", ["2026-13-41T09:01:12Z", "yesterday at half 9Z", "2026-08-21T11:01:12+02:00", ""])
def test_a_time_that_is_written_otherwise_is_read_as_ever(since: str) -> None:
    moulds = Moulds()
    moulds.read(written([condition("PredictorReady"), condition("Ready")]))
    raw = written([condition("PredictorReady", since), condition("Ready")])

    found = moulds.read(raw)

    assert values(found) == plain(raw)
    assert listen(values(found)) == listen(plain(raw))


def test_a_message_that_quotes_a_time_does_no_harm() -> None:
    raw = written([condition("Ready", message='{"lastTransitionTime":"2026-08-21T09:01:12Z"}')])

    assert tuple(Moulds().read(raw)) == plain(raw)


@pytest.mark.parametrize("odd", [None, [], {}, "x", 3, [None, 3], [{"type": 5, "lastTransitionTime": 7}]])
def test_what_is_no_list_of_conditions_is_read_leniently(odd: object) -> None:
    assert values(Moulds().read(written(odd))) == plain(written(odd))


def test_moulds_do_not_pile_up() -> None:
    moulds = Moulds()
    for number in range(3 * MOST_MOULDS):
        raw = written([condition("Ready", message="x" * (number // 2) + str(number % 2))])

        assert tuple(moulds.read(raw)) == plain(raw)

    assert sum(map(len, moulds._by_length.values())) <= MOST_MOULDS


def test_a_reason_that_stands_where_others_have_the_end_of_a_time_is_not_lost() -> None:
    moulds = Moulds()
    moulds.read(written([condition("PredictorReady"), condition("Ready")]))
    short = {"lastTransitionTime": "", "reason": "GoneAwaZ"}
    odd = json.dumps([condition("PredictorReady"), short | condition("Ready") | short], separators=(",", ":"))
    raw = msgspec.Raw(odd.encode())

    found = moulds.read(raw)

    assert values(found) == plain(raw)


def test_objects_of_one_mould_are_described_as_if_each_were_read_alone() -> None:
    moulds = Moulds()
    for since in ("2026-08-21T09:01:12Z", "2026-09-01T00:00:00Z", "2026-13-41T09:01:12Z"):
        for pods in ((), None, (Pod("default", "iris-1", "u", "iris", phase="Running", ready=True),)):
            raw = written([condition("PredictorReady", since), condition("Ready", "2026-08-22T00:00:00Z")])
            alone = Facts(Key(Kind.ISVC, "default", "iris"), conditions=plain(raw), mode=Mode.KNATIVE)

            assert describe(alone._replace(conditions=moulds.read(raw)), pods) == describe(alone, pods)
