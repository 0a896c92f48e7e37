"""Every case of the corpus gets its one true cause, about the right object, and nothing false is said."""

from __future__ import annotations

import shlex
from datetime import datetime
from functools import cache

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.peek import label
from kmon_tui.domain.peek import text as text_at
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from tests.domain.diagnosis_cases import Case, all_cases

_CASES = all_cases()


def told(case: Case) -> Diagnosis:
    """Each case is diagnosed once, and many things are asked of what comes of it."""
    return _told(case.name)


@cache
def _told(name: str) -> Diagnosis:
    case = next(case for case in _CASES if case.name == name)
    return diagnose(case.tree, case.now)


_BROKEN = [case for case in _CASES if case.truth["cause"] != HEALTHY]


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_the_cause_is_the_true_one(case: Case) -> None:
    found = told(case)

    assert found.cause == case.truth["cause"], found.verdict


@pytest.mark.parametrize("case", [case for case in _CASES if "object" in case.truth], ids=str)
def test_the_verdict_is_about_the_true_object(case: Case) -> None:
    found = told(case)

    assert str(found.object) == case.truth["object"]


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_the_verdict_says_what_must_be_said(case: Case) -> None:
    verdict = told(case).verdict

    assert [words for words in case.truth["says"] if words.lower() not in verdict.lower()] == [], verdict


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_nothing_of_another_cause_is_said(case: Case) -> None:
    found = told(case)
    said = "\n".join([found.verdict, *[step.text for step in found.evidence if not step.stale]]).lower()

    assert [words for words in case.truth["never"] if words.lower() in said] == [], said


@pytest.mark.parametrize("case", [case for case in _CASES if "serving" in case.truth], ids=str)
def test_what_still_serves_is_said(case: Case) -> None:
    serving = told(case).serving

    wanted = case.truth["serving"]
    assert (wanted in serving) if wanted else serving == ""


@pytest.mark.parametrize("case", [case for case in _CASES if "tries" in case.truth], ids=str)
def test_what_to_try_is_there(case: Case) -> None:
    commands = [step.command for step in told(case).tries]

    assert [wanted for wanted in case.truth["tries"] if not any(wanted in command for command in commands)] == [], (
        commands
    )


@pytest.mark.parametrize("case", [case for case in _CASES if "shared" in case.truth], ids=str)
def test_what_others_may_share_is_named(case: Case) -> None:
    found = told(case)

    assert found.shared.startswith(case.truth["shared"]) if case.truth["shared"] else found.shared == ""


@pytest.mark.parametrize("case", [case for case in _CASES if "stale" in case.truth], ids=str)
def test_what_tells_of_the_past_is_marked(case: Case) -> None:
    found = told(case)

    assert any(case.truth["stale"] in step.text for step in found.evidence if step.stale), found.evidence


@pytest.mark.parametrize("case", [case for case in _CASES if "evidence" in case.truth], ids=str)
def test_the_evidence_holds_what_else_is_known(case: Case) -> None:
    steps = "\n".join(step.text for step in told(case).evidence)

    assert [words for words in case.truth["evidence"] if words not in steps] == [], steps


@pytest.mark.parametrize("case", [case for case in _CASES if "since" in case.truth], ids=str)
def test_the_time_is_when_it_began(case: Case) -> None:
    found = told(case)

    assert found.since == datetime.fromisoformat(case.truth["since"])


@pytest.mark.parametrize("case", [case for case in _CASES if "missing" in case.truth], ids=str)
def test_what_could_not_be_read_is_said(case: Case) -> None:
    found = told(case)

    assert found.missing == tuple(case.truth["missing"])


@pytest.mark.parametrize("case", _BROKEN, ids=str)
def test_a_fault_has_a_time_evidence_and_something_to_try(case: Case) -> None:
    found = told(case)

    assert found.since is not None or found.cause in _TIMELESS
    assert found.evidence or found.cause in _TIMELESS
    assert found.tries or found.cause in _HOPELESS


_TIMELESS = {"gone", "canary-ignored", "ready-not-serving", "graph-step-missing", "ingress-not-configured"}
_HOPELESS = {"gone"}


@pytest.mark.parametrize("case", _BROKEN, ids=str)
def test_commands_are_complete(case: Case) -> None:
    """They parse, and those about something in a namespace say which."""
    found = told(case)

    for step in found.tries:
        words = shlex.split(step.command)
        assert "" not in words and "?" not in words, step.command
        if words and words[0] == "kubectl" and _is_namespaced(words):
            assert words[1] == "-n" and words[2], step.command


def _is_namespaced(words: list[str]) -> bool:
    wide = {"node", "nodes", "namespace", "api-resources", "mutatingwebhookconfiguration", "clusterservingruntime"}
    wide |= {"securitycontextconstraints", "localmodelcache", "localmodelnode", "localmodelnodegroup"}
    wide |= {"clusterstoragecontainers", "persistentvolume"}
    return "-A" not in words and not wide & set(words) and not any("webhookconfigurations" in word for word in words)


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_nothing_is_said_twice(case: Case) -> None:
    found: Diagnosis = told(case)
    texts = [step.text for step in found.evidence]

    assert len(texts) == len(set(texts)), texts


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_the_fleets_reason_of_a_few_lists_is_true_too(case: Case) -> None:
    """A row has pods, revisions, Deployments and warnings alone: it may know less, never otherwise."""
    found = diagnose(_shallow(case.tree), case.now)

    assert found.cause == case.truth.get("shallow", case.truth["cause"]), found.verdict


def _shallow(tree: ObjectTree) -> ObjectTree:
    """What `live/tree_reasons.py` reads of the same service."""
    home = text_at(tree.root, "metadata", "namespace")
    objects = tuple(
        obj
        for obj in tree.objects
        if text_at(obj, "kind") in ("Pod", "Revision", "Deployment")
        and text_at(obj, "metadata", "namespace") == home
        and not (text_at(obj, "kind") == "Deployment" and label(obj, "serving.knative.dev/revision"))
    )
    warnings = tuple(event for event in tree.events if text_at(event, "type") == "Warning")
    return ObjectTree(tree.root, objects, warnings, blind=tree.blind, synced=tree.synced, shallow=True)
