"""The deploy screen in words: where it is, how far it is, and what is asked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.plan import Plan
from kmon_tui.domain.rollout import Followed, Rollout
from kmon_tui.domain.service import Condition, Pod, Readiness
from kmon_tui.render.cells import clean, middle, wrap
from kmon_tui.render.deploy_line import clock
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, Span

STAGES = ("choose", "diff", "apply", "wait")
_OF_STATUS = {"True": Readiness.READY, "False": Readiness.FAILED}
_GOOD_WHEN_FALSE = frozenset({"Stopped", "GroupDegraded"})


def head_line(source: str, context: str, stage: str, width: int) -> Line:
    """Write what is deployed where, and at which of the four stages it is."""
    stages = sum(len(name) + 5 for name in STAGES)
    room = max(12, width - stages - 16)
    place = middle(clean(context), max(6, room // 2))
    spans: list[Span] = [(" Deploy  ", "bold"), (middle(clean(source), max(6, room - len(place))), "")]
    spans += [(" -> ", "dim"), (place, "context"), ("  ", "")]
    for number, name in enumerate(STAGES, start=1):
        here = name == stage
        spans.append((f"[{number} {name}]" if here else f" {number} {name} ", "bold" if here else "dim"))
    return tuple(spans)


def foot_line(read_only: str, plan: Plan | None) -> Line:
    """Say why nothing can be applied, or what would be."""
    if read_only:
        return ((f" apply is off: {clean(read_only)}", "warn"),)
    if plan is None:
        return ()
    rights = [item.problem.right for item in plan.refused if item.problem is not None and item.problem.right]
    if rights:
        return ((f" apply is off: may not {clean(rights[0])}", "failed"),)
    if plan.unknown and len(plan.unknown) == len(plan.refused):
        count = len(plan.unknown)
        what = f"{count} {'is' if count == 1 else 'are'} of no kind that the cluster knows"
        return ((f" apply is off: {what}", "failed"), (f"   U leaves {'it' if count == 1 else 'them'} out", ""))
    if plan.refused:
        count = len(plan.refused)
        return ((f" apply is off: the server refuses {count} of {len(plan.items)}, so nothing is written", "failed"),)
    if not plan.writes:
        return ((" nothing to apply: all is as the manifests say", "ready"),)
    count = len(plan.writes)
    spans: list[Span] = [(f" a applies {count} {'object' if count == 1 else 'objects'} (asks)", "")]
    if plan.left_out:
        spans.append((f"   {len(plan.left_out)} left out", "warn"))
    if plan.conflicts:
        owned = len(plan.conflicts)
        spans.append((f"   {owned} {'field is' if owned == 1 else 'fields are'} owned by others", "warn"))
    if plan.owners:
        spans.append((f"   {clean(', '.join(plan.owners))} will revert it", "warn"))
    return tuple(spans)


def failure_lines(message: str, hint: str, width: int) -> tuple[Line, ...]:
    """Write what went wrong and what to do."""
    lines: list[Line] = [((f" {part}", "failed"),) for part in wrap(clean(message), max(10, width - 2))]
    lines += [((f" {part}", ""),) for part in wrap(clean(hint), max(10, width - 2))]
    return tuple(lines)


def rollout_lines(rollout: Rollout, glyphs: Glyphs, width: int) -> tuple[Line, ...]:
    """Write what was applied, and each service that is waited for with its conditions and pods."""
    lines: list[Line] = []
    for step in rollout.steps:
        readiness = Readiness.STOPPED if step.done == "left out" else Readiness.READY
        sign = glyphs.readiness[readiness]
        lines.append(((f" {sign} ", readiness.value), (clean(step.title), "bold"), (f"  {step.done}", "dim")))
        if step.note:
            lines.append(((f"   ! {clean(step.note)}", "warn"),))
    if rollout.applied and rollout.waits:
        waited = clock((rollout.now - rollout.began).total_seconds())
        lines += [(), ((" wait for ready  ", "bold"), (f"{waited} of {clock(rollout.wait_s)}", "dim"))]
        for wait in rollout.waits:
            lines.extend(_wait_lines(wait, rollout, glyphs, width))
    return tuple(lines)


def _wait_lines(wait: Followed, rollout: Rollout, glyphs: Glyphs, width: int) -> Iterator[Line]:
    readiness = wait.isvc.readiness if wait.isvc is not None else Readiness.UNKNOWN
    if wait.outcome is None and readiness in (Readiness.READY, Readiness.COLD):
        readiness = Readiness.ROLLING  # as the old revision is; the new one has not been seen yet
    word = {True: "ready", False: "not ready", None: readiness.value}[wait.outcome]
    spent = f"  {clock((wait.ended - rollout.began).total_seconds())}" if wait.ended is not None else ""
    yield (
        (f" {glyphs.readiness[readiness]} {word}  ", readiness.value),
        (clean(str(wait.key)), "bold"),
        (spent, "dim"),
    )
    if wait.isvc is None:
        yield (("     it has not appeared in the watch yet", "dim"),)
        return
    if wait.outcome is not True and (wait.diagnosis or wait.isvc.reason or wait.isvc.message):
        for part in wrap(clean(wait.reason), max(10, width - 6), most_lines=4):
            yield ((f"     {part}", "reason" if readiness is Readiness.FAILED else "warn"),)
    for one in wait.diagnosis.tries[:2] if wait.diagnosis is not None else ():
        yield (("     try  ", "dim"), (clean(one.text), ""))
    for condition in wait.isvc.conditions:
        if condition.type in _GOOD_WHEN_FALSE and condition.status == "False":
            continue
        yield _condition_line(condition, rollout.began, glyphs)
    for pod in wait.isvc.pods:
        yield _pod_line(pod, glyphs)


def _condition_line(condition: Condition, began: datetime, glyphs: Glyphs) -> Line:
    readiness = _OF_STATUS.get(condition.status, Readiness.ROLLING)
    at = ""
    if condition.since is not None and (after_s := (condition.since - began).total_seconds()) >= -1:
        at = clock(max(0.0, after_s))
    return (
        (f"     {glyphs.readiness[readiness]} ", readiness.value),
        (f"{clean(condition.type):<30}", ""),
        (f"{at:>5}  ", "dim"),
        (clean(condition.reason), "dim"),
    )


def _pod_line(pod: Pod, glyphs: Glyphs) -> Line:
    readiness = Readiness.READY if pod.ready else Readiness.FAILED if pod.trouble else Readiness.ROLLING
    words = "ready" if pod.ready else pod.trouble or pod.phase or "starting"
    words = "terminating" if pod.terminating else words
    return (
        (f"     {glyphs.readiness[readiness]} ", readiness.value),
        (f"pod {clean(pod.name)}  ", ""),
        (clean(words), "dim"),
    )


def question_lines(plan: Plan, place: str, width: int) -> tuple[Line, ...]:
    """Write what is asked before an apply."""
    lines: list[Line] = [((f"{item.verdict:<9} ", "dim"), (clean(item.title), "bold")) for item in plan.writes[:8]]
    if len(plan.writes) > 8:
        lines.append(((f"and {len(plan.writes) - 8} more", "dim"),))
    lines += [(), (("in ", ""), (clean(place), "context"))]
    for owner in plan.owners:
        text = f"{clean(owner)} manages it: what is written here will be reverted"
        lines += [((part, "warn"),) for part in wrap(text, width)]
    return tuple(lines)


def conflict_lines(plan: Plan, width: int) -> tuple[Line, ...]:
    """Write what is asked before fields are taken from other managers."""
    lines: list[Line] = []
    for conflict in plan.conflicts[:8]:
        text = f"{clean(conflict.manager)} owns {clean(conflict.field)}"
        lines += [((part, "warn"),) for part in wrap(text, width)]
    if len(plan.conflicts) > 8:
        lines.append(((f"and {len(plan.conflicts) - 8} more", "dim"),))
    lines += [(), (("Take these fields over? Their manager may fight for them.", ""),)]
    return tuple(lines)
