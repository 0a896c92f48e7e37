"""Whatever a tree holds, every tab is drawn: within its width, without a control character, without an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import Blind, ObjectTree, Ref, Why
from kmon_tui.domain.verdict import Diagnosis, Evidence, Try
from kmon_tui.render.conditions import condition_page
from kmon_tui.render.describe import describe_page
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.event_rows import event_page
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.pod_rows import pod_page
from kmon_tui.render.revisions import revision_page
from kmon_tui.render.rows import row_of
from kmon_tui.render.why import why_page
from kmon_tui.render.yaml_view import yaml_page, yaml_text
from tests.ui.insides import FRAUD_TREE, IRIS_TREE
from tests.ui.samples import services

NOW = datetime(2026, 11, 22, 12, 41, tzinfo=UTC)
KINDS = ("Pod", "Revision", "Deployment", "ReplicaSet", "HTTPRoute", "Service", "LeaderWorkerSet", "Odd", "")
TEXT = st.one_of(
    st.sampled_from(["True", "False", "Unknown", "Ready", "2026-11-22T12:00:00Z", "0001-01-01T00:00:00Z", "x" * 300]),
    st.text(max_size=20),
)
LEAF = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(), TEXT)
NAMES = st.sampled_from(
    [
        *("metadata", "spec", "status", "conditions", "type", "reason", "message", "name", "traffic", "percent"),
        *("containers", "containerStatuses", "initContainerStatuses", "state", "waiting", "terminated", "exitCode"),
        *("lastState", "restartCount", "ready", "managedFields", "fieldsV1", "f:spec", "time", "manager", "template"),
        *("labels", "annotations", "creationTimestamp", "ownerReferences", "uid", "components", "predictor", "canary"),
        *("canaryTrafficPercent", "rules", "backendRefs", "weight", "replicas", "series", "count", "involvedObject"),
    ]
)
JSON = st.recursive(
    LEAF, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)), max_leaves=25
)
OBJECTS = st.builds(lambda kind, body: {**body, "kind": kind}, st.sampled_from(KINDS), st.dictionaries(NAMES, JSON))
GOOD = [*IRIS_TREE.objects, *FRAUD_TREE.objects, *IRIS_TREE.events]


@st.composite
def mangled(draw: st.DrawFn) -> Any:
    """Take a good object and put something odd somewhere into it."""
    found = draw(st.sampled_from(GOOD))
    path: list[str] = []
    at: Any = found
    while isinstance(at, dict) and at and len(path) < 6:
        path.append(draw(st.sampled_from(sorted(at))))
        at = at[path[-1]]
        if draw(st.booleans()):
            break
    return _with(found, path, draw(JSON))


def _with(found: Any, path: list[str], value: Any) -> Any:
    return {**found, path[0]: _with(found[path[0]], path[1:], value)} if path else value


def tree(objects: list[Any], events: list[Any], root: Any, *, synced: bool) -> ObjectTree:
    kept = tuple(one for one in objects if isinstance(one, dict))
    blind = (Blind("Event", Why.FAILED, "\x1b[31mno\x00"), Blind("Pod", Why.FORBIDDEN))
    told = tuple(one for one in events if isinstance(one, dict))
    known = root if isinstance(root, dict) else None
    return ObjectTree(known, kept, told, blind=blind, synced=synced, health=Health(Status.LIVE))


TREES = st.builds(
    tree,
    st.lists(st.one_of(OBJECTS, mangled()), max_size=6),
    st.lists(st.one_of(OBJECTS, mangled()), max_size=3),
    st.one_of(OBJECTS, mangled(), st.none()),
    synced=st.booleans(),
)
DIAGNOSES = st.one_of(
    st.none(),
    st.builds(
        Diagnosis,
        st.sampled_from(["healthy", "unknown", "oom-killed"]),
        TEXT,
        st.one_of(st.none(), st.builds(Ref, TEXT, TEXT, TEXT)),
        st.one_of(st.none(), st.just(NOW)),
        st.lists(st.builds(Evidence, TEXT, st.none(), st.none(), st.integers(0, 40), st.booleans()), max_size=4).map(
            tuple
        ),
        TEXT,
        st.lists(st.builds(Try, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    ),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, DIAGNOSES, st.sampled_from([20, 40, 57, 80, 120, 200]), st.booleans())
def test_every_tab_of_any_tree_is_drawn(
    found: ObjectTree, diagnosis: Diagnosis | None, width: int, known: bool
) -> None:
    row = row_of(services()[0], None) if known else None
    inside = Inside(Key(Kind.ISVC, "risk", "fraud-xgb"), row, found, diagnosis, listed=True)
    drawing = Drawing(now=NOW)
    pages = {
        "why": why_page(inside, drawing, width),
        "conditions": condition_page(inside, drawing, width),
        "revisions": revision_page(inside, drawing, width),
        "pods": pod_page(inside, drawing, width),
        "events": event_page(inside, drawing, width),
        "describe": describe_page(inside, drawing, width),
    }

    for name, page in pages.items():
        for line in page.lines:
            assert width_of(line) <= width, name
            assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in text_of(line)), name
        assert all(0 <= stop.line < len(page.lines) for stop in page.stops), name


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(OBJECTS, mangled().filter(lambda one: isinstance(one, dict))))
def test_the_yaml_of_anything_is_drawn(found: Any) -> None:
    for line in yaml_page(yaml_text(found)).lines:
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in text_of(line))
