"""The Revisions tab: what each revision gets of the traffic, whether it is ready, and what is different in it."""

from __future__ import annotations

from itertools import groupby

from kmon_tui.domain.revisions import RevisionFacts, canary_warnings, revisions_of
from kmon_tui.domain.service import Mode, Readiness
from kmon_tui.domain.traffic import RevisionTraffic
from kmon_tui.render.cells import clean, fit, middle
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside, add_unread, waiting_page
from kmon_tui.render.lines import Line
from kmon_tui.render.page import Draft, Page, short_name
from kmon_tui.render.units import NOTHING, UNKNOWN, coarse_age, milliseconds, number, percent

BAR = 14
FIXED = 11 + 7 + 7 + 5
"""Cells of the columns READY, PODS, TAG and AGE."""


def revision_page(inside: Inside, drawing: Drawing, width: int) -> Page:
    """Show the revisions of all components, and warn of canary fields that do nothing here."""
    waiting = waiting_page(inside, "revisions", width)
    if waiting is not None or inside.tree is None:
        return waiting or Page()
    draft = Draft(width, drawing.glyphs.ellipsis)
    mode = inside.isvc.mode if inside.isvc is not None else Mode.UNKNOWN
    for warning in canary_warnings(inside.tree.root or {}, mode):
        draft.say(warning, "warn")
    found = revisions_of(inside.tree)
    named, room, bar = _widths(width, found, inside.key.name)
    if found:
        draft.add(((_header(named, bar, room), "header"),))
    for component, revisions in groupby(found, key=lambda one: one.component):
        if len({one.component for one in found}) > 1:
            draft.add(((f" {clean(component)}", "bold"),))
        shown = list(revisions)
        for place, one in enumerate(shown):
            older = shown[place + 1] if place + 1 < len(shown) else None
            draft.stop(one, _revision_lines(one, older, inside, drawing, (named, room, bar), width))
    if not found:
        draft.gap()
        draft.say(_why_none(inside, mode), "dim")
    elif all(one.percent is None for one in found):
        draft.gap()
        some = any(one.pods_ready is None or one.pods_ready for one in found)
        divided = "every ready pod gets its part of them" if some else "no pod is ready to take any"
        draft.say(f"Nothing divides the requests: {divided}.", "dim")
    elif not any(one.mark in inside.revisions for one in found):
        draft.gap()
        draft.say("How many requests each of them gets is not known: 5 says why.", "dim")
    draft.gap()
    add_unread(draft, inside, "Revision", "Route", "Pod", "Deployment", "ReplicaSet", "HTTPRoute", "LeaderWorkerSet")
    return draft.page


def _widths(width: int, found: tuple[RevisionFacts, ...], service: str) -> tuple[int, int, int]:
    """Give the cells for the name, for who made it, and for the bar."""
    longest = max((len(clean(short_name(one.name, service))) for one in found), default=8)
    bar = BAR if width >= 70 else 6
    named = max(8, min(longest, 30, width - FIXED - bar - 8))
    return named, max(0, width - 2 - named - FIXED - bar - 6), bar


def _header(named: int, bar: int, room: int) -> str:
    by = "BY" if room >= 6 else ""
    return f" {fit('REVISION', named)} {'READY':<10}{'TRAFFIC':<{bar + 6}}{'TAG':<7}{'PODS':>6} {'AGE':>5} {by}"


def _revision_lines(
    one: RevisionFacts,
    older: RevisionFacts | None,
    inside: Inside,
    drawing: Drawing,
    widths: tuple[int, int, int],
    width: int,
) -> list[Line]:
    named, room, bar = widths
    ellipsis = drawing.glyphs.ellipsis
    state = Readiness.UNKNOWN if one.ready is None else Readiness.READY if one.ready else Readiness.FAILED
    idle = one.ready is False and not one.percent and not one.latest
    look = "dim" if idle else state.value
    word = {True: "True", False: "False", None: "?"}[one.ready]
    name = middle(clean(short_name(one.name, inside.key.name)), named, ellipsis=ellipsis)
    share = NOTHING if one.percent is None else f"{one.percent}%"
    full = drawing.glyphs.blocks[-1] * round(bar * (one.percent or 0) / 100)
    pods = UNKNOWN if one.pods is None else f"{one.pods_ready or 0}/{one.pods}"
    tag = fit(clean(one.tag) or ("latest" if one.latest else ""), 7, ellipsis=ellipsis)
    by = fit(clean(one.by), room, ellipsis=ellipsis).rstrip() if room >= 6 else ""
    lines: list[Line] = [
        (
            (f" {fit(name, named)} ", "bold" if one.percent else ""),
            (f"{drawing.glyphs.readiness[state]} {word:<8}", look),
            (f"{share:>4} ", ""),
            (fit(full, bar + 1), "trend"),
            (f"{tag}{pods:>6} {coarse_age(one.created, drawing.now):>5} ", ""),
            (by, "dim"),
        )
    ]
    if (counted := inside.revisions.get(one.mark)) is not None:
        words = _numbers(counted)
        whose = next((it for it in ("   as its pods count", "   (pods)") if len(words + it) + 3 <= width), "")
        lines.append((("   ", ""), (words, ""), (whose, "dim")))
    trouble = ": ".join(clean(part) for part in (one.reason, one.message) if part)
    if trouble and one.ready is not True:
        lines.append(((f"   {trouble}", "dim" if idle else "reason"),))
    for label, now, before in (
        ("model", one.source, older.source if older else ""),
        ("image", one.image, older.image if older else ""),
    ):
        if now and (now != before or older is None):
            changed = f"   was {clean(before)}" if before and before != now else ""
            lines.append(((f"   {label} {clean(now)}", "dim"), (changed, "warn")))
    return lines


def _numbers(counted: RevisionTraffic) -> str:
    """Write what a revision gets; ``?`` for what nobody knows."""
    errors = UNKNOWN if counted.error_ratio is None else f"{percent(counted.error_ratio)} %"
    return f"requests/s {number(counted.requests_per_s)}   errors {errors}   p90 {milliseconds(counted.p90_ms)}"


def _why_none(inside: Inside, mode: Mode) -> str:
    if inside.gone:
        return "It is not there (any more)."
    if mode is Mode.MODELMESH:
        return "ModelMesh has no revisions: models share the pods of their runtime."
    if inside.tree is not None and not inside.tree.synced:
        return "revisions: being read ..."
    if inside.isvc is not None and inside.isvc.readiness is Readiness.STOPPED:
        return "No revisions: it was stopped (annotation serving.kserve.io/stop), and KServe took them away."
    return "No revision yet: the controller has made neither a Knative service nor a Deployment. 1 says why."
