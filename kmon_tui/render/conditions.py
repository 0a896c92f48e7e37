"""The Conditions tab: what the service and everything below it say of themselves, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kmon_tui.domain.peek import conditions_of, kind_of, name_of
from kmon_tui.domain.service import Condition, Mode, Readiness
from kmon_tui.domain.tree import Object
from kmon_tui.render.cells import clean, fit
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.inside import Inside, add_unread
from kmon_tui.render.lines import Line, spread
from kmon_tui.render.page import Draft, Page, lasting_or_unknown, short_name

GOOD_WHEN_FALSE = frozenset(
    {"Stopped", "GroupDegraded", "ReplicaFailure", "Failed", "Paused", "Fallback", "ScalingLimited", "DisruptionTarget"}
)
"""Types whose True is the bad news: ``Stopped=False`` is how it ought to be."""
IDLE = frozenset({"NoTraffic", "NotActive", "ScalerNotActive", "Stopped"})
"""Reasons of False that tell of rest and not of trouble."""
BELOW = (
    *("Service", "Configuration", "Revision", "Route", "PodAutoscaler", "Deployment", "ReplicaSet"),
    *("LeaderWorkerSet", "HorizontalPodAutoscaler", "ScaledObject", "HTTPRoute", "InferencePool", "Pod"),
)
"""Kinds below a service that have conditions, from its top down."""
STATUS_WIDTH = 10


def condition_page(inside: Inside, drawing: Drawing, width: int) -> Page:
    """Show all conditions: of the service, then of what is below it; of pods only where one is amiss."""
    draft = Draft(width, drawing.glyphs.ellipsis)
    own = _own(inside)
    draft.head(inside.key.kind.value)
    _add(draft, own, drawing)
    if not own:
        draft.say(_why_none(inside), "dim", indent=2)
    objects = inside.tree.objects if inside.tree is not None else ()
    for kind in BELOW:
        for obj in objects:
            conditions = conditions_of(obj) if kind_of(obj) == kind else ()
            fine = kind == "Pod" and all(sign(one, drawing.glyphs)[1] in {"ready", "dim"} for one in conditions)
            if conditions and not fine:
                draft.head(f"{kind} {clean(short_name(name_of(obj), inside.key.name))}")
                _add(draft, conditions, drawing)
    draft.gap()
    add_unread(draft, inside, *BELOW)
    return draft.page


def in_order(conditions: Iterable[Condition]) -> list[Condition]:
    """Sort by importance: what decides before what only informs, trouble before the rest, Ready before its parts."""
    rank = {"bad": 0, "unknown": 1, "good": 2, "rest": 3}
    return sorted(
        conditions, key=lambda one: (one.severity == "Info", rank[_verdict(one)], one.type != "Ready", one.type)
    )


def condition_line(condition: Condition, drawing: Drawing, width: int) -> Line:
    """Write one condition: glyph and word, type, reason, how long."""
    glyph, look = sign(condition, drawing.glyphs)
    dim = "dim" if condition.severity == "Info" or _verdict(condition) == "rest" else ""
    status = fit(f"{glyph} {clean(condition.status) or '?'}", STATUS_WIDTH)
    words = f"{fit(clean(condition.type), 28, ellipsis=drawing.glyphs.ellipsis)} {clean(condition.reason)}".rstrip()
    info = "  info" if condition.severity == "Info" else ""
    since = f" {lasting_or_unknown(condition.since, drawing.now)} "
    return spread(((f"  {status}", dim or look), (words, dim), (info, "dim")), ((since, "dim"),), width)


def sign(condition: Condition, glyphs: Glyphs) -> tuple[str, str]:
    """Give the sign of a condition and its look."""
    verdict = _verdict(condition)
    if verdict == "rest":
        return glyphs.dot, "dim"
    state = {"good": Readiness.READY, "bad": Readiness.FAILED, "unknown": Readiness.UNKNOWN}[verdict]
    return glyphs.readiness[state], state.value


def _verdict(condition: Condition) -> str:
    if condition.status not in {"True", "False"}:
        return "unknown"
    if condition.type in GOOD_WHEN_FALSE:
        return "rest" if condition.status == "False" else "bad" if condition.type != "Stopped" else "rest"
    if condition.status == "False":
        return "rest" if condition.reason in IDLE else "bad"
    return "good"


def _add(draft: Draft, conditions: Sequence[Condition], drawing: Drawing) -> None:
    for condition in in_order(conditions):
        draft.add(condition_line(condition, drawing, draft.width))
        if condition.message and condition.status != "True":
            draft.say(condition.message, "dim", indent=2 + STATUS_WIDTH, most_lines=4)


def _own(inside: Inside) -> Sequence[Condition]:
    root: Object | None = inside.tree.root if inside.tree is not None else None
    if root is not None and (said := conditions_of(root)):
        return said
    return inside.isvc.conditions if inside.isvc is not None else ()


def _why_none(inside: Inside) -> str:
    if inside.gone:
        return "it is not there (any more)"
    if inside.isvc is not None and inside.isvc.mode is Mode.MODELMESH:
        return "none yet: modelmesh-controller writes them"
    return "none: no controller has looked at it yet. Does KServe's controller run, and watch this namespace?"
