"""Plans and rollouts for scripts: as JSON with fixed names, and as text."""

from __future__ import annotations

from kmon_tui.domain.diff import ABSENT, Change
from kmon_tui.domain.plan import Plan, Planned
from kmon_tui.domain.rollout import Followed, Rollout
from kmon_tui.oneshot.items import Item, item_of, time_text
from kmon_tui.render.deploy_diff import plan_lines
from kmon_tui.render.lines import text_of

FORMATS = ("text", "json", "yaml")


def plan_text(plan: Plan, *, defaults: bool) -> str:
    """Write a plan for people."""
    return "".join(text_of(line) + "\n" for line in plan_lines(plan, defaults=defaults))


def plan_items(plan: Plan) -> list[Item]:
    """Give the items of a plan."""
    return [_item(planned) for planned in plan.items]


def rollout_item(rollout: Rollout) -> Item:
    """Give what was applied and what was waited for."""
    return {
        "applied": [
            {"object": step.title, "done": step.done, "at": time_text(step.at), "note": step.note}
            for step in rollout.steps
        ],
        "waited_s": round((rollout.now - rollout.began).total_seconds(), 1),
        "services": [_waited(wait, rollout) for wait in rollout.waits],
    }


def _item(planned: Planned) -> Item:
    manifest, problem = planned.manifest, planned.problem
    return {
        "kind": manifest.kind,
        "api_version": manifest.api_version,
        "namespace": planned.namespace,
        "name": manifest.name,
        "source": manifest.origin.source,
        "document": manifest.origin.document,
        "line": manifest.origin.line,
        "verdict": str(planned.verdict),
        "changes": [_change(change) for change in planned.changes],
        "conflicts": [{"manager": one.manager, "field": one.field} for one in planned.conflicts],
        "reverted_by": planned.owner,
        "warnings": list(planned.warnings),
        "error": None
        if problem is None
        else {
            "message": problem.message,
            "hint": problem.hint,
            "field": problem.field,
            "line": manifest.lines.get(problem.field),
            "missing_right": problem.right,
        },
    }


def _change(change: Change) -> Item:
    found: Item = {"field": change.field, "said": change.said}
    if change.old is not ABSENT:
        found["old"] = change.old
    if change.new is not ABSENT:
        found["new"] = change.new
    return found


def _waited(wait: Followed, rollout: Rollout) -> Item:
    about: Item = {"namespace": wait.key.namespace, "name": wait.key.name, "kind": str(wait.key.kind)}
    if wait.isvc is not None:
        about = dict(item_of(wait.isvc, rollout.now))
    about["outcome"] = "ready" if wait.outcome else "failed" if wait.outcome is False else "waiting"
    if (diagnosis := wait.diagnosis) is not None:
        about["cause"], about["verdict"] = diagnosis.cause, diagnosis.verdict
        about["try"] = [{"text": one.text, "command": one.command} for one in diagnosis.tries]
    return about
