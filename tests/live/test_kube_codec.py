"""Odd objects lose their odd part, never their row nor their neighbours."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import Kind, Readiness
from kmon_tui.live.codec import Codec, NotReadable, Trouble
from kmon_tui.live.moulds import Moulds
from kmon_tui.live.objects import facts_of
from kmon_tui.live.pods import pod_of
from kmon_tui.live.shapes import PodObject, Served

SAMPLES = Path(__file__).parent.parent / "data" / "kserve-objects"
SERVED = Codec(Served)
PODS = Codec(PodObject)
GOOD = yaml.safe_load((SAMPLES / "isvc-ready-serverless-0.20.yaml").read_text())
OBJECTS: list[dict[str, Any]] = [yaml.safe_load(path.read_text()) for path in sorted(SAMPLES.glob("*isvc-*.yaml"))]
POD_OBJECTS: list[dict[str, Any]] = yaml.safe_load((SAMPLES / "pods-failing.yaml").read_text())["items"]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=300),
    st.just([]),
    st.just({}),
    st.just(["x", 1, None]),
    st.just({"a": {"b": 1}}),
    st.just("\x1b[31m[red]\x00\u202e\u200b"),
    st.just(10**30),
)


def page(*items: object) -> bytes:
    return json.dumps({"metadata": {"resourceVersion": "7"}, "items": items}).encode()


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*here, key))
    return found


def mutated(obj: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Put odd values at some places of an object, but leave it its name."""
    changed = copy.deepcopy(obj)
    for path in data.draw(st.lists(st.sampled_from(paths(obj)), min_size=1, max_size=4)):
        if path in (("metadata",), ("metadata", "name")):
            continue
        place: Any = changed
        try:
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = copy.deepcopy(data.draw(ODD))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken this place away
    return changed


@given(st.sampled_from(OBJECTS), st.data())
@settings(max_examples=300, deadline=None)
def test_an_odd_object_keeps_its_row_and_its_neighbours(obj: dict[str, Any], data: st.DataObject) -> None:
    items = SERVED.page(page(GOOD, mutated(obj, data), GOOD)).items

    moulds = Moulds()
    rows = [describe(facts, ()) for item in items if (facts := facts_of(item, Kind.ISVC, moulds))]

    assert [row.key.name for row in rows] == ["sklearn-iris", obj["metadata"]["name"], "sklearn-iris"]
    assert rows[0].readiness is Readiness.COLD


@given(st.sampled_from(POD_OBJECTS), st.data())
@settings(max_examples=200, deadline=None)
def test_an_odd_pod_does_no_harm(obj: dict[str, Any], data: st.DataObject) -> None:
    items = PODS.page(page(mutated(obj, data), POD_OBJECTS[1])).items

    pods = [pod_of(item) for item in items]

    assert pods[1] is not None
    assert pods[1].trouble == "ImagePullBackOff"


def test_a_number_as_text_is_a_number() -> None:
    odd = copy.deepcopy(GOOD)
    odd["spec"]["predictor"]["minReplicas"] = "3"

    facts = facts_of(SERVED.page(page(odd)).items[0], Kind.ISVC)

    assert facts is not None
    assert facts.least_replicas == 3


def test_a_time_that_is_none_is_not_known() -> None:
    odd = copy.deepcopy(GOOD)
    odd["metadata"]["creationTimestamp"] = "yesterday"

    facts = facts_of(SERVED.page(page(odd)).items[0], Kind.ISVC)

    assert facts is not None
    assert facts.created is None


def test_conditions_that_are_no_list_leave_the_state_unknown() -> None:
    odd = copy.deepcopy(GOOD)
    odd["status"] = {"conditions": {"Ready": "True"}}

    facts = facts_of(SERVED.page(page(odd)).items[0], Kind.ISVC)

    assert facts is not None
    assert describe(facts, ()).readiness is Readiness.UNKNOWN


def test_an_object_without_a_name_is_left_out() -> None:
    items = SERVED.page(page({"metadata": None}, GOOD)).items

    assert [facts_of(item, Kind.ISVC) is None for item in items] == [True, False]


def test_hostile_text_is_kept_as_it_is() -> None:
    odd = copy.deepcopy(GOOD)
    odd["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "\x1b[2J[red]\x00", "message": "\u202e"}
    ]

    facts = facts_of(SERVED.page(page(odd)).items[0], Kind.ISVC)

    assert facts is not None
    assert facts.conditions[0].reason == "\x1b[2J[red]\x00"


def test_text_that_is_not_utf8_costs_only_itself() -> None:
    body = page(GOOD).replace(b"kserve-sklearnserver", b"kserve-\xff\xfe")

    facts = facts_of(SERVED.page(body).items[0], Kind.ISVC)

    assert facts is not None
    assert facts.key.name == "sklearn-iris"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>", b'{"items": 3}', b'{"items": [', b"[" * 100_000])
def test_what_is_no_list_is_not_readable(body: bytes) -> None:
    with pytest.raises(NotReadable):
        SERVED.page(body)


def test_an_error_event_holds_the_trouble() -> None:
    line = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'

    assert SERVED.event(line).object == Trouble(410, "Expired", "too old")


def test_a_bookmark_brings_the_version() -> None:
    line = b'{"type":"BOOKMARK","object":{"kind":"InferenceService","metadata":{"resourceVersion":"99"}}}\n'

    thing = SERVED.event(line).object

    assert isinstance(thing, Served)
    assert thing.metadata.version == "99"


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", b'{"type":3,"object":{}}\n', b"garbage\n"])
def test_what_is_no_event_is_not_readable(line: bytes) -> None:
    with pytest.raises(NotReadable):
        SERVED.event(line)
