"""Facts and rows are made by the place of each field, for speed: every value stands in the field of its name."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness, Replicas, TrafficShare
from kmon_tui.live.codec import Codec
from kmon_tui.live.objects import facts_of
from kmon_tui.live.rows import Rows
from kmon_tui.live.shapes import Cond, Served

MADE, DELETED, MOVED = (datetime(2026, 8, day, tzinfo=UTC) for day in (1, 2, 3))
FAILED = {"type": "PredictorReady", "status": "False", "reason": "Why", "lastTransitionTime": MOVED.isoformat()}
OBJECT = {
    "metadata": {
        "name": "iris",
        "namespace": "team",
        "uid": "u-1",
        "generation": 7,
        "creationTimestamp": MADE.isoformat(),
        "deletionTimestamp": DELETED.isoformat(),
    },
    "spec": {
        "predictor": {
            "minReplicas": 2,
            "model": {
                "modelFormat": {"name": "sklearn", "version": "1"},
                "protocolVersion": "v2",
                "runtime": "mlserver",
            },
        }
    },
    "status": {
        "url": "http://outside",
        "address": {"url": "http://inside"},
        "deploymentMode": "Standard",
        "conditions": [FAILED],
        "components": {
            "predictor": {"traffic": [{"revisionName": "r", "percent": 9, "tag": "t", "latestRevision": True}]}
        },
        "modelStatus": {
            "transitionStatus": "BlockedByFailedLoad",
            "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "gone", "exitCode": 3},
        },
    },
}
FACTS = Facts(
    key=Key(Kind.ISVC, "team", "iris"),
    uid="u-1",
    generation=7,
    created=MADE,
    deleted=DELETED,
    conditions=(Cond("PredictorReady", "False", "Why", since=MOVED),),  # type: ignore[arg-type]  # has its fields
    transition="BlockedByFailedLoad",
    failure=Failure("ModelLoadFailed", "gone", 3),
    mode=Mode.STANDARD,
    runtime="mlserver",
    format="sklearn 1",
    protocol="v2",
    url="http://outside",
    address="http://inside",
    traffic=(TrafficShare("r", 9, "t", True),),
    components=("predictor",),
    least_replicas=2,
)


def test_each_fact_stands_in_its_own_field() -> None:
    page = Codec(Served).page(msgspec.json.encode({"metadata": {}, "items": [OBJECT]}))

    assert facts_of(page.items[0], Kind.ISVC) == FACTS


def test_each_value_of_a_row_stands_in_its_own_field() -> None:
    assert describe(FACTS, ()) == InferenceService(
        key=FACTS.key,
        uid="u-1",
        generation=7,
        readiness=Readiness.FAILED,
        ready=None,
        reason="Terminating",
        message="its deletion was asked for",
        since=MOVED,
        mode=Mode.STANDARD,
        runtime="mlserver",
        format="sklearn 1",
        protocol="v2",
        url="http://outside",
        address="http://inside",
        replicas=Replicas(0, 2),
        traffic=FACTS.traffic,
        created=MADE,
        changed=MOVED,
        conditions=FACTS.conditions,
        components=("predictor",),
        pods=(),
    )


def test_what_a_row_was_made_of_is_found_again_in_it() -> None:
    key = Key(Kind.ISVC, "team", "iris")
    rows = Rows()
    rows.put(key, FACTS)
    rows.build()

    assert rows._facts_of(key) == FACTS
