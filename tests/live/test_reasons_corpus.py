"""All broken services of the corpus in trouble at once: a bounded number of requests tells each its true cause."""

from __future__ import annotations

import copy
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.tree import Object, ObjectTree
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.live.tree_words import MOST_ANSWERS, MOST_NAMES, MOST_TAILS
from kmon_tui.live.trees import KubeTrees
from kmon_tui.oneshot.looking import Chosen
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.domain.diagnosis_cases import Case
from tests.live.extra_kinds import put_extra_kinds
from tests.live.test_trees_corpus import LIVE, all_of, client_of, key_of, words_of

PARTS = 4
MOST_LISTS = 95
"""Of all kinds and modes together, and what is referred to."""


@pytest.mark.parametrize("number", range(PARTS))
async def test_the_fleet_tells_of_each_what_its_screen_tells(number: int) -> None:
    wrong: list[str] = []
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox, client_of(sandbox) as client:
        put_extra_kinds(sandbox.api.store)
        cases = {key_in(case, place): case for place, case in enumerate(LIVE[number::PARTS])}
        for key, case in cases.items():
            put(sandbox, case, key.namespace)
        trees, asked = await reasons_of(sandbox, KubeTrees(client), cases)
        for key, case in cases.items():
            fleet, screen = said(trees[key], case), said(tree_in(case, key.namespace), case)
            if fleet != screen:  # the nodes of another case may be there, too
                screen = said(await KubeTrees(client).look(key), case)
            if fleet != screen and not trees[key].shallow:
                wrong.append(f"{case}: the fleet says {fleet}, the screen {screen}")

    assert wrong == []
    assert asked <= MOST_LISTS + MOST_TAILS + MOST_ANSWERS + MOST_NAMES
    assert sum(tree.shallow for tree in trees.values()) <= 5


def key_in(case: Case, place: int) -> Key:
    """Give the service of a case in a namespace of its own."""
    key = key_of(case)
    return key._replace(namespace=f"{key.namespace}-{place}")


def moved(value: Any, old: str, new: str) -> Any:
    """Give an object with all that it says of one namespace about another."""
    if isinstance(value, dict):
        return {k: new if k == "namespace" and v == old else moved(v, old, new) for k, v in value.items()}
    return [moved(v, old, new) for v in value] if isinstance(value, list | tuple) else value


def tree_in(case: Case, namespace: str) -> ObjectTree:
    """Give the tree of a case as it is in another namespace."""
    old = key_of(case).namespace

    def all_moved(objects: tuple[Object, ...]) -> tuple[Object, ...]:
        return tuple(moved(list(objects), old, namespace))

    tree = case.tree
    root = moved(tree.root, old, namespace)
    return replace(tree, root=root, objects=all_moved(tree.objects), events=all_moved(tree.events))


def put(sandbox: Sandbox, case: Case, namespace: str) -> None:
    for found in all_of(case):
        sandbox.api.store.put(moved(copy.deepcopy(dict(found)), key_of(case).namespace, namespace))
    logs = sandbox.api.pods.logs
    for tail in case.tree.logs:
        for line in tail.lines:
            logs.write(namespace, tail.pod, tail.container, line)
        if tail.previous:
            logs.restart(namespace, tail.pod, tail.container)


async def reasons_of(sandbox: Sandbox, trees: KubeTrees, keys: dict[Key, Case]) -> tuple[dict[Key, ObjectTree], int]:
    """Read all at once; give the trees and how many requests that took."""
    before = len(sandbox.api.log)
    rows = tuple(InferenceService(key, readiness=Readiness.FAILED) for key in keys)
    async with aclosing(trees.reasons(Chosen(rows), at_once=False)) as readings:
        async for found in readings:
            return dict(found), len(sandbox.api.log) - before
    raise AssertionError("nothing was read")


def said(tree: ObjectTree, case: Case) -> tuple[object, ...]:
    found: Diagnosis = diagnose(tree, case.now)
    return found.cause, found.object, words_of(case, found)
