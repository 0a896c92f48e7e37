"""Deploys as errands: the dry run, the apply, and the wait for what was applied, which goes on without its screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from kmon_tui.backend import Backend, Deployer
from kmon_tui.domain.command import Deploy, Rehearse
from kmon_tui.domain.diff import Change
from kmon_tui.domain.errors import BackendError, KmonError, ReadOnly, Refused
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.plan import Plan, Planned, Verdict
from kmon_tui.domain.rollout import Followed, Rollout, Step
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.state import State
from kmon_tui.monitor.errands import Tell, Work

LOOK_S = 0.5
UNTOUCHED = {Verdict.SAME: "unchanged", Verdict.LEFT_OUT: "left out"}
"""What is said of objects to which nothing is done."""
ASK_S = 2.0
"""How often a service that the watch does not show is asked for."""

Look: TypeAlias = Callable[[Key], Awaitable[InferenceService | None]]
"""Give a service as it is now."""


class DeployFailed(Refused):
    """A deploy that ended without all of its services ready, or in the middle; says how far it came."""


def deploying(
    command: Rehearse | Deploy, backend: Backend | None, state: Callable[[], State], now: Callable[[], datetime]
) -> Work:
    """Give the work that a command about manifests means."""

    async def work(tell: Tell) -> tuple[str, object]:
        deployer = backend.deployer if backend is not None else None
        if backend is None or deployer is None:
            raise KmonError("there is no way to the cluster just now", "Is it there? ctrl+r tries at once.")
        if isinstance(command, Rehearse):
            bundle = await deployer.read(command.source)
            tell(f"asking the server about {len(bundle.manifests)} objects", None)
            plan = replace(await deployer.plan(bundle.manifests), skipped=bundle.skipped)
            return plan_words(plan), plan
        if command.plan.context != backend.place.context:
            raise Refused(f"the diff was made for {command.plan.context}", "Look at it anew in this context.")
        if backend.place.read_only:
            raise ReadOnly(f"nothing may be written: {backend.place.read_only}")
        rollout = Rollout(now(), now(), command.wait_s)
        async with aclosing(roll_out(deployer, command, look_in(deployer, lambda: state().fleet), now)) as rollouts:
            async for rollout in rollouts:
                tell(rollout_words(rollout), rollout)
        if rollout.outcome is not True:
            from kmon_tui.monitor.deploy_reasons import explained  # heavy, and seldom needed

            rollout = await explained(rollout, backend.trees, now)
            tell(rollout_words(rollout), rollout)
            raise DeployFailed(rollout_words(rollout), _hint(rollout))
        return rollout_words(rollout), rollout

    return work


async def roll_out(
    deployer: Deployer, command: Deploy, look: Look, now: Callable[[], datetime], every_s: float = LOOK_S
) -> AsyncGenerator[Rollout, None]:
    """Apply a plan, one object after the other, then follow its services until all have ended or the time is over.

    Raises BackendError when an object cannot be applied: what comes after it is not touched.
    """
    plan = command.plan
    if plan.refused:
        raise Refused(f"{plan.refused[0].title} cannot be applied, so nothing is")
    rollout = Rollout(now(), now(), command.wait_s)
    for planned in plan.items:
        rollout = await _applied(deployer, planned, command, rollout, now)
        yield rollout
    waits: tuple[Followed, ...] = rollout.waits if command.wait_s else ()
    rollout = replace(rollout, applied=True, waits=waits, began=now(), now=now())
    while True:
        seen = [wait if wait.outcome is not None else wait.seen(await look(wait.key), now()) for wait in rollout.waits]
        rollout = replace(rollout, waits=tuple(seen), now=now())
        yield rollout
        if rollout.outcome is not None:
            return
        await asyncio.sleep(every_s)


async def _applied(
    deployer: Deployer, planned: Planned, command: Deploy, rollout: Rollout, now: Callable[[], datetime]
) -> Rollout:
    if planned.writes:
        try:
            applied = await deployer.apply(planned, force=command.force and bool(planned.conflicts))
        except BackendError as error:
            before = [step.title for step in rollout.steps if step.done not in UNTOUCHED.values()]
            done = f"; {', '.join(before)} {'is' if len(before) == 1 else 'are'} applied already" if before else ""
            error.message += done
            raise
        done = "created" if applied.created else "changed"
        step = Step(planned.title, done, now(), applied.note)
        generation = applied.generation
    else:
        step = Step(planned.title, UNTOUCHED.get(planned.verdict, "unchanged"), now())
        generation = planned.generation
    waits = rollout.waits
    if (key := planned.key) is not None and planned.verdict is not Verdict.LEFT_OUT:
        followed = Followed(key, generation, now(), unchanged=not _touches_spec(planned.changes, planned.verdict))
        waits = (*waits, followed)
    return replace(rollout, steps=(*rollout.steps, step), waits=waits, now=now())


def _touches_spec(changes: tuple[Change, ...], verdict: Verdict) -> bool:
    """Whether the controller will do something: a new spec, or an annotation (the mode, stop)."""
    return verdict is not Verdict.SAME and any(
        change.path[:1] == ("spec",) or change.path[:2] == ("metadata", "annotations") for change in changes
    )


def look_in(deployer: Deployer, newest: Callable[[], Fleet]) -> Look:
    """Give what finds a service in the newest fleet, or asks for it when the watch does not see its namespace."""
    asked_s: dict[Key, float] = {}
    known: dict[Key, InferenceService | None] = {}

    async def look(key: Key) -> InferenceService | None:
        fleet = newest()
        if fleet.synced and fleet.namespace in (None, key.namespace):
            return next((isvc for isvc in fleet.services if isvc.key == key), None)
        at_s = asyncio.get_running_loop().time()
        if at_s - asked_s.get(key, float("-inf")) >= ASK_S:
            asked_s[key] = at_s
            known[key] = await deployer.service(key)
        return known.get(key)

    return look


def plan_words(plan: Plan) -> str:
    """Say in one line what a plan would do."""
    counts = {verdict: sum(item.verdict is verdict for item in plan.items) for verdict in Verdict}
    told = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    if conflicts := len(plan.conflicts):
        told.append(f"{conflicts} {'conflict' if conflicts == 1 else 'conflicts'}")
    return ", ".join(told)


def rollout_words(rollout: Rollout) -> str:
    """Say in one line how far a deploy is, or how it ended."""
    if not rollout.applied:
        return f"applied {len(rollout.steps)} so far"
    written = [step for step in rollout.steps if step.done not in UNTOUCHED.values()]
    names = ", ".join(str(wait.key) for wait in rollout.waits)
    if rollout.outcome is True:
        ready = f"; {names} {'is' if len(rollout.waits) == 1 else 'are'} ready" if names else ""
        return f"applied {len(written)} of {len(rollout.steps)}{ready}"
    worst = next((wait for wait in rollout.unready if wait.outcome is False), rollout.unready[0])
    if rollout.outcome is False:
        late = f" after {rollout.wait_s:g} s" if rollout.is_late else ""
        return f"applied, but {worst.key} is not ready{late}: {worst.reason}"
    return f"waiting for {worst.key}: {worst.reason}"


def _hint(rollout: Rollout) -> str:
    if rollout.is_late:
        return "It may still become ready: the cluster goes on trying."
    return "The cluster goes on trying; deploy a manifest without the fault to mend it."
