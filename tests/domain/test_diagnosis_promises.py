"""How much of the world the corpus holds, and that docs/causes.md tells of every cause."""

from __future__ import annotations

from pathlib import Path

from kmon_tui.domain.diagnosis import CAUSES, diagnose
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE
from tests.domain.diagnosis_cases import all_cases

_CASES = all_cases()
_BROKEN = [case for case in _CASES if case.truth["cause"] != HEALTHY]
_WELL = [case for case in _CASES if case.truth["cause"] == HEALTHY]


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(_BROKEN) >= 45
    assert len(_WELL) >= 25


def test_every_cause_has_its_case() -> None:
    covered = {case.truth["cause"] for case in _CASES}

    assert {cause.slug for cause in CAUSES} | {HEALTHY, UNKNOWN_CAUSE} == covered


def test_many_cases_come_from_public_issue_threads() -> None:
    assert len([case for case in _CASES if "#" in str(case.truth["source"])]) >= 25


def test_docs_tell_of_every_cause_and_of_no_other() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "causes.md").read_text(encoding="utf-8").splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("| `")]

    assert rows == [(f"`{cause.slug}`", cause.meaning, cause.advice) for cause in CAUSES]


def test_no_sentence_ends_before_the_exit_code_that_is_said_behind_it() -> None:
    told = [step.text for case in _CASES for step in diagnose(case.tree, case.now).evidence]

    assert [text for text in told if "., exit code" in text] == []
