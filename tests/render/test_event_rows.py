"""The Events tab: columns are as wide as what stands in them, as long as there is room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.tree import ObjectTree
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.event_rows import event_page
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import text_of, width_of
from tests.ui.insides import FRAUD, FRAUD_PODS, FRAUD_ROOT, FRAUD_TREE, event
from tests.ui.samples import NOW


def drawn(tree: ObjectTree, width: int) -> list[str]:
    page = event_page(Inside(FRAUD, tree=tree), Drawing(now=NOW), width)
    assert max(map(width_of, page.lines)) <= width
    return [text_of(line) for line in page.lines]


@pytest.mark.parametrize("width", [79, 119, 198])
def test_reasons_that_differ_only_at_their_end_are_not_cut(width: int) -> None:
    text = "\n".join(drawn(FRAUD_TREE, width))

    assert "InferenceServiceReady " in text
    assert "InferenceServiceNotReady " in text


def test_the_longest_reason_leaves_room_for_the_object() -> None:
    odd = event(FRAUD_PODS[0], "R" * 60, "something happened", minutes=1)
    tree = replace(FRAUD_TREE, events=(*FRAUD_TREE.events, odd))

    (line,) = (line for line in drawn(tree, 79) if "RRR" in line)

    assert "…" in line
    assert "pod 7f9c5d6b8-x4k2p" in line


def test_short_reasons_take_no_room_from_the_words_beside_them() -> None:
    tree = replace(FRAUD_TREE, root=None, events=(event(FRAUD_ROOT, "Ready", "It is ready", minutes=1),))

    assert drawn(tree, 119) == ["   1m Warning Ready                isvc                   It is ready"]


def test_the_name_of_a_pod_is_whole_where_the_words_stand_below_it() -> None:
    name = "fraud-xgb-predictor-00002-deployment-7f9c5d6b8-x4k2p"
    pod = {"kind": "Pod", "metadata": {"name": name, "namespace": "risk"}}
    tree = replace(FRAUD_TREE, root=None, events=(event(pod, "Scheduled", "assigned " * 9, minutes=1),))

    assert any("pod 00002-deployment-7f9c5d6b8-x4k2p" in line for line in drawn(tree, 79))


def test_a_panel_keeps_its_columns() -> None:
    lines = drawn(FRAUD_TREE, 58)

    assert any("InferenceServiceNot… isvc" in line for line in lines)
