"""The Events tab: what happened to the service and to all below it, and who changed what; newest last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kmon_tui.domain.timeline import Moment, timeline
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.writers import Edit
from kmon_tui.render.cells import clean, fit, middle, wrap
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside, add_unread, unread, waiting_page
from kmon_tui.render.lines import Line, shortened, width_of
from kmon_tui.render.page import Draft, Page, short_name
from kmon_tui.render.units import UNKNOWN, duration

KINDS = {
    "InferenceService": "isvc",
    "LLMInferenceService": "llm",
    "InferenceGraph": "graph",
    "Pod": "pod",
    "Revision": "rev",
    "Configuration": "config",
    "Deployment": "deploy",
    "ReplicaSet": "rs",
    "HorizontalPodAutoscaler": "hpa",
    "PodAutoscaler": "kpa",
    "Service": "svc",
}
"""What people call the kinds."""
REASON_WIDTH, OBJECT_WIDTH = 20, 22
LONGEST_REASON, LONGEST_OBJECT = 31, 45
"""FailedToRetrieveImagePullSecret; reasons often differ only at their end (…Ready, …NotReady)."""
STRIP_REASON, STRIP_OBJECT = 16, 18
AHEAD = 14
"""Columns of what stands before the reason: age and type."""
BESIDE = 40
"""So many columns words need to stand beside their object rather than below it."""
MOST_LINES = 4


class Columns(NamedTuple):
    """How wide the columns of a page are."""

    reason: int = REASON_WIDTH
    about: int = OBJECT_WIDTH


def event_page(
    inside: Inside, drawing: Drawing, width: int, edits: Iterable[tuple[Ref, Edit]] = (), *, most: int | None = None
) -> Page:
    """Show events and changes in one stream; ``edits`` are those seen while the screen was open."""
    waiting = waiting_page(inside, "events", width)
    if waiting is not None or inside.tree is None:
        return waiting or Page()
    draft = Draft(width, drawing.glyphs.ellipsis)
    blind = add_unread(draft, inside, "Event")
    moments = timeline(inside.tree, edits)
    shown = moments if most is None else moments[-most:]
    columns = _columns(shown, inside.key.name, width)
    for one in shown:
        draft.stop(one, _moment_lines(one, inside.key.name, drawing, width, columns))
    if not inside.tree.synced and not blind:
        draft.say("events: being read ...", "dim")
    elif not inside.tree.events and not blind:
        draft.gap()
        draft.say("No events: the API server keeps them for an hour, by default. What comes is shown here.", "dim")
    return draft.page


def event_strip(
    inside: Inside, drawing: Drawing, width: int, most: int, edits: Iterable[tuple[Ref, Edit]] = ()
) -> tuple[Line, ...]:
    """Show the newest events and changes below something else, a line each, under a heading of their own."""
    rule = drawing.glyphs.rule
    title = f"{rule * 2} events (newest last) "
    head: Line = ((title + rule * max(0, width - len(title)), "dim"),)
    why = unread(inside, "Event")
    moments = timeline(inside.tree, edits)[-most:] if inside.tree is not None else ()
    lines = [shortened(_moment_line(one, inside.key.name, drawing), width) for one in moments]
    if not lines:
        page = waiting_page(inside, "events", width)
        read = inside.tree is not None and inside.tree.synced
        words = why or ("none: the API server keeps them for an hour, by default" if read else "events: being read ...")
        failing = [line for line in page.lines if line] if page is not None else []
        lines = failing[:1] or [shortened(((f" {words}", "warn" if why else "dim"),), width)]
    return (head, *lines[:most])


def _moment_line(one: Moment, service: str, drawing: Drawing) -> Line:
    look = "warn" if one.warning else "accent" if one.is_change else ""
    return (
        (f"{_age(one, drawing):>4} ", "dim"),
        (f"{fit(clean(one.reason), STRIP_REASON, ellipsis=drawing.glyphs.ellipsis)} ", look),
        (f"{fit(_about(one, service, drawing, STRIP_OBJECT), STRIP_OBJECT)} ", ""),
        (_words(one, drawing), "" if look else "dim"),
    )


def _name(one: Moment, service: str) -> str:
    kind = KINDS.get(one.object.kind, clean(one.object.kind))
    name = clean(short_name(one.object.name, service)) if one.object.name != service else ""
    return f"{kind} {name}".rstrip()


def _about(one: Moment, service: str, drawing: Drawing, width: int) -> str:
    return middle(_name(one, service), width, ellipsis=drawing.glyphs.ellipsis, end_share=0.7)


def _columns(moments: Sequence[Moment], service: str, width: int) -> Columns:
    """Make the columns as wide as what stands in them, as far as there is room."""
    reason = min(LONGEST_REASON, max((len(clean(one.reason)) for one in moments), default=0))
    about = min(LONGEST_OBJECT, max((len(_name(one, service)) for one in moments), default=0))
    room = width - AHEAD - 2
    beside = room - REASON_WIDTH - OBJECT_WIDTH >= BESIDE
    if beside:
        room -= BESIDE
    reason = max(REASON_WIDTH, min(reason, room - OBJECT_WIDTH))
    return Columns(reason, max(OBJECT_WIDTH, min(about, room - reason)))


def _moment_lines(one: Moment, service: str, drawing: Drawing, width: int, columns: Columns) -> list[Line]:
    """Write one thing that happened: on one line if it fits, else with its words below."""
    ellipsis = drawing.glyphs.ellipsis
    look = "warn" if one.warning else "accent" if one.is_change else ""
    about = _about(one, service, drawing, columns.about)
    sign = "Warning" if one.warning else "Change" if one.is_change else "Normal"
    head: Line = (
        (f"{_age(one, drawing):>5} ", "dim"),
        (f"{sign:<8}", look or "dim"),
        (f"{fit(clean(one.reason), columns.reason, ellipsis=ellipsis)} ", look or ""),
        (f"{fit(about, columns.about)} ", ""),
    )
    words = _words(one, drawing)
    room = width - width_of(head) - 1
    if len(words) <= room:
        return [(*head, (words, "" if look else "dim"))]
    if room >= BESIDE:
        first, *rest = wrap(words, room, most_lines=MOST_LINES, ellipsis=ellipsis)
        indent = " " * width_of(head)
        return [(*head, (first, "" if look else "dim")), *(((indent + line, "" if look else "dim"),) for line in rest)]
    lines = wrap(words, max(8, width - 8), most_lines=MOST_LINES, ellipsis=ellipsis)
    return [head, *(((f"      {line}", "" if look else "dim"),) for line in lines)]


def _words(one: Moment, drawing: Drawing) -> str:
    repeats = f"  (x{one.repeats}" if one.repeats > 1 else ""
    if repeats and one.first is not None:
        repeats += f" over {duration((drawing.now - one.first).total_seconds())}"
    who = f"by {clean(one.who)}: " if one.is_change and one.who else ""
    return f"{who}{clean(one.text)}{repeats}{')' if repeats else ''}"


def _age(one: Moment, drawing: Drawing) -> str:
    if one.time is None:
        return UNKNOWN
    seconds = (drawing.now - one.time).total_seconds()
    return "<1m" if seconds < 60 else duration(seconds)
