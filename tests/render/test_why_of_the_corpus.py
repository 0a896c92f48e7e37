"""The Why tab of every service of the corpus at 80 columns: the verdict first, whole, and everything after it."""

from __future__ import annotations

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.peek import kind_of, name_of, text
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import Object
from kmon_tui.render.cells import clean
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.page import Page
from kmon_tui.render.pod_rows import pod_page
from kmon_tui.render.why import why_page
from tests.domain.diagnosis_cases import Case, all_cases

WIDTH, HEIGHT = 80, 19
KEYS = frozenset("apliFmvdy")


def shown(case: Case) -> Page:
    """Draw the tab."""
    root: Object = case.tree.root or {}
    kind = Kind(kind_of(root)) if kind_of(root) in set(Kind) else Kind.ISVC
    key = Key(kind, text(root, "metadata", "namespace") or "default", name_of(root) or "gone")
    inside = Inside(key, None, case.tree, diagnose(case.tree, case.now))
    return why_page(inside, Drawing(now=case.now), WIDTH, KEYS)


def test_pods_that_only_hold_what_it_waits_for_are_not_among_its_own() -> None:
    case = next(case for case in all_cases() if case.name == "q-gpu-held-by-a-sick-job")
    key = Key(Kind.ISVC, "ml", "wantsgpu")
    page = pod_page(Inside(key, None, case.tree, diagnose(case.tree, case.now)), Drawing(now=case.now), WIDTH)

    assert len(page.stops) == 1
    assert "train" not in told(page)


def run_together(words: str) -> str:
    """Leave every blank away: long words are cut where a line ends."""
    return "".join(clean(words).split())


def told(page: Page, lines: int = 9999) -> str:
    return run_together(" ".join(text_of(line) for line in page.lines[:lines]))


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_the_verdict_is_on_the_first_screen_and_nothing_is_too_wide(case: Case) -> None:
    page = shown(case)
    diagnosis = diagnose(case.tree, case.now)

    assert run_together(diagnosis.verdict) in told(page, HEIGHT)
    assert all(width_of(line) <= WIDTH for line in page.lines)


@pytest.mark.parametrize("case", [case for case in all_cases() if case.truth["cause"] != "healthy"], ids=str)
def test_what_still_serves_and_every_command_to_try_are_told_whole(case: Case) -> None:
    page = shown(case)
    diagnosis = diagnose(case.tree, case.now)

    assert run_together(diagnosis.serving) in told(page)
    for one in diagnosis.tries:
        assert run_together(one.command) in told(page)
    assert len(page.stops) == len(diagnosis.tries)
