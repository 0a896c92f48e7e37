"""What did not become ready is looked into, where somebody may; all else is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.errors import BackendError, Forbidden
from kmon_tui.domain.rollout import Followed, Rollout
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.monitor.deploy_reasons import explained

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = Key(Kind.ISVC, "demo", "iris")
FAILED = InferenceService(KEY, readiness=Readiness.FAILED, reason="ModelLoadFailed")
ROLLOUT = Rollout(NOW, NOW, 300.0, waits=(Followed(KEY, 1, NOW, isvc=FAILED, ended=NOW, outcome=False),), applied=True)


class Looking:
    """Gives one tree, or one error, and counts."""

    def __init__(self, tree: ObjectTree, error: BackendError | None = None) -> None:
        self.tree, self.error, self.looks = tree, error, 0

    async def look(self, key: Key) -> ObjectTree:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return self.tree

    def watch(self, key: Key) -> Stream[ObjectTree]:
        raise AssertionError("one look is enough")

    def reasons(self, troubled: Troubled, *, at_once: bool = False) -> Stream[Mapping[Key, ObjectTree]]:
        raise AssertionError("one look is enough")


async def test_the_verdict_of_the_diagnosis_is_the_reason() -> None:
    found = await explained(ROLLOUT, Looking(ObjectTree(synced=True)), lambda: NOW)

    diagnosis = found.waits[0].diagnosis
    assert diagnosis is not None
    assert found.waits[0].reason == diagnosis.verdict


async def test_where_nobody_may_look_inside_the_condition_is_the_reason() -> None:
    trees = Looking(ObjectTree(), Forbidden("may not list pods in namespace demo"))

    found = await explained(ROLLOUT, trees, lambda: NOW)

    assert found.waits[0].reason == "ModelLoadFailed"


async def test_what_became_ready_is_not_looked_into() -> None:
    trees = Looking(ObjectTree())
    good = replace(ROLLOUT, waits=(replace(ROLLOUT.waits[0], outcome=True),))

    assert await explained(good, trees, lambda: NOW) is good
    assert trees.looks == 0
