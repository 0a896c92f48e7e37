"""`kmon-tui diff`: what an apply would change, as the server sees it; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kmon_tui.backend import Deployer, OpenBackend
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.manifest import Bundle
from kmon_tui.domain.plan import Plan
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.plans import plan_items, plan_text
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.settings import Settings

SAME, DIFFERS, WRONG, FORBIDDEN = 0, 1, 2, 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    bundle: Bundle
    form: str = "text"
    defaults: bool = False
    """Show what the server adds, too."""
    ascii_only: bool = False
    skip_unknown: bool = False
    """Leave out what is of no kind that the cluster knows."""


async def diff(open_backend: OpenBackend, settings: Settings, wish: Wish) -> Answer:
    """Ask the server with a dry run. Exit code 0: all the same; 1: something differs; more: it cannot be applied."""
    async with open_backend(settings) as backend:
        plan = await planned(deployer_of(backend.deployer), wish.bundle, skip_unknown=wish.skip_unknown)
    return Answer(written(plan, wish), refusals(plan), code_of(plan))


async def planned(deployer: Deployer, bundle: Bundle, *, skip_unknown: bool = False) -> Plan:
    """Ask the server what all of it would do."""
    plan = replace(await deployer.plan(bundle.manifests), skipped=bundle.skipped)
    return plan.without_unknown() if skip_unknown else plan


def deployer_of(deployer: Deployer | None) -> Deployer:
    """Give the deployer; this backend must have one."""
    if deployer is None:
        raise Unreachable("nothing can be deployed here")
    return deployer


def written(plan: Plan, wish: Wish) -> str:
    """Write the plan in the form that was asked for; a text says nothing of what stays the same."""
    if wish.form == "text":
        told = [item for item in plan.items if item.writes or item.problem or item.warnings or item.conflicts]
        return plan_text(Plan(tuple(told), plan.context, plan.skipped), defaults=wish.defaults)
    content = {"context": plan.context, "items": plan_items(plan), "skipped": list(plan.skipped)}
    return json_text(content, ascii_only=wish.ascii_only) if wish.form == "json" else yaml_text(content)


def refusals(plan: Plan) -> tuple[str, ...]:
    """Say on standard error what cannot be applied, where, and why."""
    words = []
    for item in plan.refused:
        if item.problem is not None:
            place = item.manifest.place_of(item.problem.field) if item.problem.field else str(item.manifest.origin)
            hint = f". {item.problem.hint}" if item.problem.hint else ""
            words.append(f"{place}: {item.title}: {item.problem.message.rstrip('.')}{hint}")
    unknown, others = len(plan.unknown), len(plan.items) - len(plan.unknown)
    if unknown and others:
        what = "it" if unknown == 1 else f"these {unknown}"
        words.append(f"--skip-unknown leaves {what} out and goes on with the other{f' {others}' if others > 1 else ''}")
    return tuple(words)


def code_of(plan: Plan) -> int:
    """Give the exit code of a plan."""
    if plan.refused:
        return FORBIDDEN if any(item.problem and item.problem.right for item in plan.refused) else WRONG
    return DIFFERS if plan.writes or plan.conflicts else SAME
