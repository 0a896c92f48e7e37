"""`kmon-tui deploy`: the diff, the question, the apply, and the wait until what was applied is ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.command import Deploy
from kmon_tui.domain.errors import ReadOnly
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.manifest import Bundle
from kmon_tui.domain.plan import Plan
from kmon_tui.domain.rollout import WAIT_S, Rollout
from kmon_tui.monitor.deploy_reasons import explained
from kmon_tui.monitor.deploying import look_in, plan_words, roll_out, rollout_words
from kmon_tui.oneshot import diff
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.plans import plan_items, rollout_item
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.settings import Settings

OK, FINDING, TIMEOUT = 0, 1, 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    bundle: Bundle
    wait_s: float = WAIT_S
    yes: bool = False
    dry_run: bool = False
    skip_unknown: bool = False
    """Leave out what is of no kind that the cluster knows."""
    force: bool = False
    form: str = "text"
    defaults: bool = False
    ascii_only: bool = False


class Person(Protocol):
    """Who is asked, and told how far it is."""

    def tell(self, text: str) -> None:
        """Show something on the way: words, or the diff before the question."""

    def agrees(self, question: str, name: str = "") -> bool:
        """Ask; the answer is no unless it is yes, or where a name is given unless it is typed."""


async def deploy(
    open_backend: OpenBackend, settings: Settings, wish: Wish, person: Person, now: Callable[[], datetime]
) -> Answer:
    """Do it. Nothing is written while one object is refused, a conflict is not allowed, or the answer is no."""
    async with open_backend(settings) as backend:
        if backend.place.read_only and not wish.dry_run:
            raise ReadOnly(f"nothing may be written: {backend.place.read_only}", "diff -f shows what would change.")
        deployer = diff.deployer_of(backend.deployer)
        plan = await diff.planned(deployer, wish.bundle, skip_unknown=wish.skip_unknown)
        shown = diff.Wish(wish.bundle, "text", wish.defaults)
        if plan.refused:
            return _answer(wish, plan, "refused", diff.code_of(plan), diff.refusals(plan))
        if wish.dry_run and (conflict := _conflict(plan, wish)):
            return _answer(wish, plan, "dry run", FINDING, (plan_words(plan), conflict))
        if wish.dry_run:
            return _answer(wish, plan, "dry run", OK, (plan_words(plan),))
        if plan.writes:
            person.tell(diff.written(plan, shown))
            if refusal := _asked(plan, wish, backend, person):
                return _answer(wish, plan, refusal, FINDING, (f"nothing was written: {refusal}",))
        command = Deploy(plan, force=bool(plan.conflicts), wait_s=wish.wait_s)
        rollout = await explained(await _rolled_out(backend, command, person, now), backend.trees, now)
    return _end(wish, plan, rollout)


def _asked(plan: Plan, wish: Wish, backend: Backend, person: Person) -> str:
    """Ask what is to be asked; gives why nothing may be written, or an empty text."""
    conflict = _conflict(plan, wish)
    if conflict and (wish.yes or not person.agrees(f"{_owned(plan)}. Take these fields over?")):
        return conflict
    if wish.yes:
        return ""
    count = len(plan.writes)
    where = f"{plan.context} ({backend.place.server})" if backend.place.server else plan.context
    question = f"Apply {count} {'object' if count == 1 else 'objects'} to {where}?"
    if plan.owners:
        question = f"{', '.join(plan.owners)} will revert it. {question}"
    return "" if person.agrees(question, plan.context if backend.place.protected else "") else "the answer was no"


def _conflict(plan: Plan, wish: Wish) -> str:
    """Say whose fields would be taken, unless that is allowed; an empty text when there are none."""
    if not plan.conflicts or wish.force:
        return ""
    return f"conflict: {_owned(plan)} (--force-conflicts takes them over)"


def _owned(plan: Plan) -> str:
    managers = ", ".join(dict.fromkeys(one.manager for one in plan.conflicts))
    return f"{managers} owns {', '.join(one.field for one in plan.conflicts)}"


async def _rolled_out(backend: Backend, command: Deploy, person: Person, now: Callable[[], datetime]) -> Rollout:
    deployer = diff.deployer_of(backend.deployer)
    newest = [Fleet()]
    watching = asyncio.create_task(_follow(backend, newest), name="watch")
    said = ""
    try:
        steps: AsyncGenerator[Rollout, None] = roll_out(deployer, command, look_in(deployer, lambda: newest[0]), now)
        async with aclosing(steps) as rollouts:
            async for rollout in rollouts:
                if rollout.applied and rollout.outcome is None and (words := rollout_words(rollout)) != said:
                    person.tell(f"{words}\n")
                    said = words
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return rollout


async def _follow(backend: Backend, newest: list[Fleet]) -> None:
    async with aclosing(backend.cluster.watch()) as fleets:
        async for fleet in fleets:
            newest[0] = fleet


def _end(wish: Wish, plan: Plan, rollout: Rollout) -> Answer:
    words = [rollout_words(rollout), *_tries(rollout), *(step.note for step in rollout.steps if step.note)]
    if rollout.outcome is True:
        if not plan.writes:
            words[0] = f"nothing to change; {words[0]}"
        return _answer(wish, plan, "ready" if rollout.waits else "applied", OK, words, rollout)
    code = TIMEOUT if rollout.is_late else FINDING
    return _answer(wish, plan, "timeout" if rollout.is_late else "failed", code, words, rollout)


def _tries(rollout: Rollout) -> list[str]:
    """Say what to try, for each service that did not become ready."""
    return [
        f"try for {wait.key.name}: {one.text}" + (f" ({one.command})" if one.command else "")
        for wait in rollout.unready
        if wait.diagnosis is not None
        for one in wait.diagnosis.tries
    ]


def _answer(
    wish: Wish, plan: Plan, outcome: str, code: int, words: Sequence[str], rollout: Rollout | None = None
) -> Answer:
    if wish.form == "text":
        steps = rollout.steps if rollout is not None else ()
        text = "".join(f"{step.title} {step.done}\n" for step in steps)
        if plan.refused or wish.dry_run:  # else it was shown before the question
            text = diff.written(plan, diff.Wish(wish.bundle, "text", wish.defaults))
        return Answer(text, tuple(words), code)
    content: dict[str, object] = {"context": plan.context, "outcome": outcome, "message": words[0] if words else ""}
    content |= {"items": plan_items(plan), "skipped": list(plan.skipped)}
    if rollout is not None:
        content |= rollout_item(rollout)
    text = json_text(content, ascii_only=wish.ascii_only) if wish.form == "json" else yaml_text(content)
    return Answer(text, tuple(words), code)
