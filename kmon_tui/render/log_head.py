"""The lines above and below the logs: whose they are, how many, what is hidden and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kmon_tui.domain.logs import LogRequest, LogView
from kmon_tui.render.cells import clean
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside, no_pods
from kmon_tui.render.lines import Line, shortened, spread, width_of
from kmon_tui.render.log_lines import SHORT
from kmon_tui.render.page import Draft
from kmon_tui.render.units import duration

RANGES: tuple[tuple[str, int | None], ...] = (
    ("all", None),
    ("1m", 60),
    ("5m", 300),
    ("15m", 900),
    ("1h", 3600),
    ("6h", 6 * 3600),
    ("24h", 24 * 3600),
)
"""By the keys 0 to 6: how far back."""


def title_line(request: LogRequest, view: LogView | None, words: Sequence[str], width: int) -> Line:
    """Say whose logs these are, how far back, and how many lines there are and were."""
    since = "all there is" if request.since_s is None else f"since {duration(request.since_s)}"
    which = "of before the restart" if request.previous else since
    if view is not None and view.is_cut and request.tail is not None:
        newest = f"the last {request.tail:,} of each"
        which = newest if which == "all there is" else f"{which}, {newest}"
    only = f"  {clean(', '.join(request.pods))}" if request.pods else ""
    left: Line = ((" Logs ", "bold"), (f" {clean(str(request.key))}", "context"), (only, ""))
    held = f"{view.total - view.first:,} lines" if view is not None else ""
    lost = ""
    if view is not None:
        lost = f"   dropped {view.first:,}" if view.first else ""
        lost += f"   {view.dropped_at_source:,} came too fast" if view.dropped_at_source else ""
    counts: Line = ((held, ""), (lost, "warn"), (" ", ""))
    for dim in (f"   {which}   {'  '.join(words)}   ", f"   {'  '.join(words)}   ", "   "):
        right: Line = ((dim, "dim"), *counts)
        if width_of(left) + width_of(right) <= width:
            break
    return spread(left, right, width)


def legend_line(
    names: Mapping[str, tuple[str, str]],
    containers: Sequence[str],
    hidden: frozenset[str],
    view: LogView | None,
    width: int,
) -> Line:
    """Show the colour of each pod, and which containers are on."""
    following = {pod for pod, _ in view.streams} if view is not None else set()
    line: Line = ((" ", ""),)
    for pod, (name, look) in names.items():
        off = pod in hidden
        gone = pod not in following
        mark = "x" if off else "-" if gone else "#"
        line = (*line, (f"{mark} {name}  ", "dim" if off or gone else look))
    line = (*line, ("  ", ""))
    for container in containers:
        name = SHORT.get(container, clean(container))
        line = (*line, (f"{name}  " if container in hidden else f"[{name}] ", "dim" if container in hidden else ""))
    return shortened(line, width)


def foot_line(view: LogView | None, searched: str, below: int, width: int) -> Line:
    """Say what is wrong, or what was found, and how much lies below."""
    right: Line = ((f" {below:,} new lines below, G follows ", "tab"),) if below else ()
    if searched:
        return spread(((f" {searched}", "accent"),), right, width)
    if view is not None and view.problems and view.total > view.first:
        more = f"  (and {len(view.problems) - 1} more)" if len(view.problems) > 1 else ""
        return spread(((f" {clean(view.problems[-1])}{more}", "warn"),), right, width)
    keys = "  ".join(f"{place} {name}" for place, (name, _) in enumerate(RANGES))
    return spread(((f" since: {keys}", "dim"),), right, width)


def empty_lines(
    inside: Inside, request: LogRequest, view: LogView | None, filtered: str, drawing: Drawing, width: int
) -> tuple[Line, ...]:
    """Say why there is no line, and what to press."""
    draft = Draft(width, drawing.glyphs.ellipsis)
    draft.add(())
    if view is not None and view.total > view.first:
        draft.say(f"None of {view.total - view.first:,} lines is shown: {filtered or 'their containers are off'}.", "")
        draft.say("esc takes the filter back; o turns containers and pods on.", "dim")
    elif view is not None and view.problems:
        for problem in view.problems[:6]:
            draft.say(problem, "warn")
        if any("may not" in problem for problem in view.problems):
            draft.say("manifests/rbac.yaml has a ClusterRole with the right; it is tried again by itself.", "dim")
        if request.previous:
            draft.say("p shows the logs of now.", "dim")
    elif inside.failing or drawing.api_failing:
        draft.say(inside.health.error or "The API is away.", "failed")
        draft.say("The logs go on by themselves once it answers.", "dim")
    elif view is None or (view.pods is None and not (view.ended or view.streams)):
        draft.say("the logs: being asked for ...", "dim")
        if inside.gone:
            draft.say("The service is not there (any more). q goes back.", "failed")
    elif not view.pods and not view.streams and (why := no_pods(inside)):
        draft.say(why, "")
        draft.say("Lines appear as they come, once it has pods again.", "dim")
    elif request.previous:
        draft.say("No container has restarted, so there are no logs of before a restart.", "")
        draft.say("p shows those of now.", "dim")
    elif request.since_s is not None:
        draft.say(f"No line in the last {duration(request.since_s)}.", "")
        draft.say("0 shows all that there is.", "dim")
    else:
        has_pods = view.streams or view.pods
        draft.say("Nothing was written yet." if has_pods else "There is no pod, so there are no logs.", "")
        draft.say("Lines appear as they come, of new pods, too. q, then w, says why there is none.", "dim")
    return draft.page.lines
