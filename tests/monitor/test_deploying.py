"""Deploys as errands of the monitor: refused where nothing may be written or the context is another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kmon_tui.backend import Backend
from kmon_tui.domain.command import Deploy, Rehearse
from kmon_tui.domain.errors import KmonError, ReadOnly, Refused
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.manifest import Bundle, Manifest, Origin
from kmon_tui.domain.plan import Applied, Plan, Planned, Problem, Verdict
from kmon_tui.domain.rollout import Rollout
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness, Replicas
from kmon_tui.domain.state import State
from kmon_tui.monitor.deploying import deploying
from kmon_tui.settings import Settings
from tests.oneshot.scripted import backend_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = Key(Kind.ISVC, "demo", "iris")
IRIS = Manifest("serving.kserve.io/v1beta1", "InferenceService", "iris", "demo", {}, Origin("iris.yaml"))
PLAN = Plan((Planned(IRIS, Verdict.CHANGED, namespace="demo"),), "prod")


class Recording:
    """Applies nothing, and remembers what it was to apply."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, bool]] = []

    async def read(self, source: str) -> Bundle:
        return Bundle((IRIS,), ("values.yaml",))

    async def plan(self, manifests: Sequence[Manifest]) -> Plan:
        return PLAN

    async def apply(self, planned: Planned, *, force: bool = False) -> Applied:
        self.applied.append((planned.title, force))
        return Applied(generation=2)

    async def service(self, key: Key) -> InferenceService | None:
        return InferenceService(KEY, generation=2, readiness=Readiness.READY, replicas=Replicas(1, 1))


def tell(text: str, value: object) -> None:
    """Nobody listens."""


async def done(command: Rehearse | Deploy, deployer: Recording, place: Place, state: State | None = None) -> object:
    """Do a command in this place; gives its value."""
    async with backend_of([])(Settings()) as backend:
        here = Backend(place, backend.cluster, None, deployer=deployer)
        return (await deploying(command, here, lambda: state or State(), lambda: NOW)(tell))[1]


async def test_a_rehearsal_gives_the_plan_and_what_was_skipped() -> None:
    plan = await done(Rehearse("manifests"), Recording(), Place(context="prod"))

    assert plan == replace(PLAN, skipped=("values.yaml",))


async def test_a_plan_for_another_context_is_not_applied() -> None:
    deployer = Recording()

    with pytest.raises(Refused, match="the diff was made for prod"):
        await done(Deploy(PLAN), deployer, Place(context="dev"))

    assert deployer.applied == []


async def test_a_read_only_place_is_not_written_to() -> None:
    deployer = Recording()

    with pytest.raises(ReadOnly):
        await done(Deploy(PLAN), deployer, Place(context="prod", read_only="the machine says so"))

    assert deployer.applied == []


async def test_a_plan_with_a_refusal_is_not_applied_in_part() -> None:
    deployer = Recording()
    refused = Planned(IRIS, Verdict.REFUSED, problem=Problem("no"))

    with pytest.raises(Refused):
        await done(Deploy(Plan((*PLAN.items, refused), "prod")), deployer, Place(context="prod"))

    assert deployer.applied == []


async def test_only_what_has_conflicts_is_forced() -> None:
    deployer = Recording()

    await done(Deploy(PLAN, force=True), deployer, Place(context="prod"))

    assert deployer.applied == [("InferenceService demo/iris", False)]


async def test_a_service_out_of_the_watchs_sight_is_asked_for() -> None:
    state = State(fleet=Fleet(synced=True, namespace="elsewhere"))

    rollout = await done(Deploy(PLAN), Recording(), Place(context="prod"), state)

    assert isinstance(rollout, Rollout)
    assert rollout.outcome is True


async def test_without_a_way_to_the_cluster_it_says_so() -> None:
    with pytest.raises(KmonError, match="no way to the cluster"):
        await deploying(Rehearse("iris.yaml"), None, State, lambda: NOW)(tell)
