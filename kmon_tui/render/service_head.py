"""The first two lines of everything that shows one service, and the line at the foot of its tabs."""

from __future__ import annotations

from kmon_tui.domain.service import InferenceService
from kmon_tui.render.cells import clean, middle
from kmon_tui.render.columns import replicas_words
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import Line, in_look, shortened, spread, width_of
from kmon_tui.render.rows import has_split, split_words
from kmon_tui.render.story import headline
from kmon_tui.render.units import age


def head_lines(inside: Inside, drawing: Drawing, width: int) -> tuple[Line, Line]:
    """Name the service and how it is; below it where it answers, its split and its pods."""
    if inside.row is None:
        gone = "not there (any more)" if inside.gone else "being looked for ..."
        if inside.scope:
            gone = f"not in the list, which is of namespace {clean(inside.scope)}"
        name = clean(f"{inside.key.kind.value} {inside.key}")
        return shortened(((f" {name}", "bold"), (f"  {gone}", "failed" if inside.gone else "dim")), width), ()
    isvc = inside.row.isvc
    first: Line = ((" ", ""), *headline(inside.row, drawing, width - 1))
    pods = f"pods {replicas_words(isvc)} "
    split: Line = ()
    if has_split(isvc.traffic):
        split = ((f"{clean(split_words(isvc.traffic))}   ", "bold"),)
    right: Line = (*split, (pods, "warn" if isvc.not_serving else ""))
    room = max(0, width - width_of(right) - 3)
    url = middle(clean(_answers_at(isvc)), room, ellipsis=drawing.glyphs.ellipsis)
    second = spread(((f" {url}", "dim"),), right, width)
    if inside.failing or drawing.api_failing:
        return in_look(first, "stale"), in_look(second, "stale")
    return first, second


def foot_line(
    inside: Inside, drawing: Drawing, width: int, *, made_anew: bool, was_there: bool, unread: str, about: str = ""
) -> Line:
    """Say what matters most about what is shown: that it is old, gone or incomplete; else how much is watched."""
    name, ellipsis = clean(str(inside.key)), drawing.glyphs.ellipsis
    if inside.failing or drawing.api_failing:
        since = inside.health.since
        old = f", {age((drawing.now - since).total_seconds())} old" if since is not None else ""
        error = clean(inside.health.error)
        away = (f" api: {error}" if error else " the API is away", "failed")
        return shortened((away, (f"  shown is what it was{old}", "")), width, ellipsis)
    if inside.gone:
        shown = " was deleted; shown is what it was. q goes back" if was_there else " is not there. q goes back"
        return shortened(((f" {name}{shown}", "failed"),), width, ellipsis)
    if unread:
        return shortened(((f" {clean(unread)}", "warn"),), width, ellipsis)
    if made_anew:
        return shortened(((f" {name} was deleted and made anew while you looked at it", "warn"),), width, ellipsis)
    if inside.tree is None:
        return shortened(((f" {name}   reading what is below it ...", "dim"),), width, ellipsis)
    if about:
        return shortened(((f" {clean(about)}   o another object", "dim"),), width, ellipsis)
    more = "" if inside.tree.synced else ", more is being read ..."
    known = f"watching {len(inside.tree.objects)} objects, {len(inside.tree.events)} events"
    return shortened(((f" {name}   {known}{more}", "dim"),), width, ellipsis)


def _answers_at(isvc: InferenceService) -> str:
    return isvc.url or isvc.address or "no URL yet"
