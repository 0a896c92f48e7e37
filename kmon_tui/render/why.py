"""The Why tab: the verdict, what still serves and what to try without scrolling; then the chain that led to it."""

from __future__ import annotations

from kmon_tui.domain.verdict import UNKNOWN_CAUSE, Diagnosis, Evidence, Try
from kmon_tui.render.cells import clean, middle, wrap
from kmon_tui.render.columns import state_words
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import Line, spread
from kmon_tui.render.page import Draft, Page, lasting, sentence
from kmon_tui.render.rows import Row
from kmon_tui.render.story import MOST_ALERTS, alert_lines, serving_label, story_lines

MOST_VERDICT_LINES = 8
MOST_NAMED = 3
DEEPEST = 12
"""Steps of indentation; deeper ones stand below each other."""


def why_page(inside: Inside, drawing: Drawing, width: int, keys: frozenset[str] = frozenset()) -> Page:
    """Answer why a service is as it is; ``keys`` are those that do something here, no other is named."""
    draft = Draft(width, drawing.glyphs.ellipsis)
    diagnosis = inside.diagnosis
    if diagnosis is None:
        _say_what_the_list_knows(draft, inside, drawing)
        return draft.page
    _say_verdict(draft, inside, diagnosis, drawing)
    if diagnosis.serving:
        draft.gap()
        draft.add(*_named(serving_label(diagnosis.serving), diagnosis.serving, "bold", width))
    if inside.alike:
        draft.gap()
        draft.add(*_named("also hits", _others(inside, diagnosis), "warn", width))
    if diagnosis.tries:
        draft.head("try", "enter copies a command" if any(one.command for one in diagnosis.tries) else "")
        for one in diagnosis.tries:
            draft.stop(one, _try_lines(one, width, keys))
    if inside.row is not None and inside.row.alerts and not diagnosis.healthy:
        draft.head("alerts")
        for alert in inside.row.alerts[:MOST_ALERTS]:
            draft.add(*(((" ", ""), *line) for line in alert_lines(alert, drawing, width - 2)))
    if diagnosis.evidence:
        draft.head("what is known" if diagnosis.healthy else "unusual" if _unknown(diagnosis) else "because")
        for step in diagnosis.evidence:
            draft.add(*_step_lines(step, drawing, width))
    if diagnosis.healthy and inside.row is not None:
        draft.gap()
        draft.add(*_story(inside.row, drawing, width))
    if diagnosis.missing:
        draft.head("could not be read")
        for missing in diagnosis.missing:
            draft.say(missing, "warn", indent=2)
    return draft.page


def _others(inside: Inside, diagnosis: Diagnosis) -> str:
    """Name other services that the same fault hits, and what they share."""
    names = ", ".join(str(key) for key in inside.alike[:MOST_NAMED])
    more = f" and {len(inside.alike) - MOST_NAMED} more" if len(inside.alike) > MOST_NAMED else ""
    return f"{names}{more}, through {diagnosis.shared}"


def _unknown(diagnosis: Diagnosis) -> bool:
    return diagnosis.cause == UNKNOWN_CAUSE


def _say_verdict(draft: Draft, inside: Inside, diagnosis: Diagnosis, drawing: Drawing) -> None:
    glyph, _, look = state_words(inside.row, drawing) if inside.row is not None else ("?", "", "unknown")
    if diagnosis.healthy:
        look = look if look not in {"failed", "unknown"} else ""
    else:
        look = "warn" if look == "rolling" or _unknown(diagnosis) else "failed"
    lines = wrap(
        clean(diagnosis.verdict), max(8, draft.width - 4), most_lines=MOST_VERDICT_LINES, ellipsis=draft.ellipsis
    )
    for place, line in enumerate(lines):
        draft.add(((f" {glyph} " if place == 0 else "   ", look), (line, look)))
    since = f"for {lasting(diagnosis.since, drawing.now)} " if diagnosis.since else ""
    about = _about(diagnosis, inside.key.namespace, max(8, draft.width - len(since) - 4), drawing)
    if about or since:
        draft.add(spread(((f"   {about}", "dim"),), ((since, "dim"),), draft.width))


def _about(diagnosis: Diagnosis, namespace: str, room: int, drawing: Drawing) -> str:
    """Name the object at fault; its namespace goes first where there is no room, for the heading has it."""
    if diagnosis.object is None:
        return ""
    about = clean(str(diagnosis.object))
    if len(about) > room and diagnosis.object.namespace == namespace:
        about = clean(f"{diagnosis.object.kind} {diagnosis.object.name}")
    return middle(about, room, ellipsis=drawing.glyphs.ellipsis)


def _step_lines(step: Evidence, drawing: Drawing, width: int) -> list[Line]:
    """Write one step of the chain: deeper ones further right, old ones dim and named so."""
    depth = min(step.depth, DEEPEST)
    lead = " " * (2 + 2 * max(0, depth - 1)) + (f"{drawing.glyphs.branch} " if depth else "")
    since = f" {lasting(step.since, drawing.now)} " if step.since else " "
    text = clean(step.text)
    if step.object is not None and clean(step.object.name) not in text:
        text = f"{clean(step.object.kind)} {clean(step.object.name)}: {text}"
    if step.stale:
        text = f"(old) {text}"
    look = "stale" if step.stale else ""
    out: list[Line] = []
    for place, line in enumerate(wrap(text, max(16, width - len(lead) - len(since) - 1), most_lines=4)):
        if place == 0:
            out.append(spread(((lead, "dim"), (line, look)), ((since, "dim"),), width))
        else:
            out.append(((" " * len(lead), ""), (line, look)))
    return out


def _try_lines(one: Try, width: int, keys: frozenset[str]) -> list[Line]:
    key = f" {clean(one.key)} " if one.key and one.key in keys else ""
    lines: list[Line] = []
    for place, line in enumerate(wrap(clean(one.text), max(8, width - 4 - len(key)))):
        left: Line = ((f"   {line}", ""),)
        lines.append(spread(left, ((key, "key"),), width) if place == 0 and key else left)
    lines.extend(((f"     {line}", "accent"),) for line in wrap(clean(one.command), max(8, width - 8)))
    return lines or [(("   ", ""),)]


def _named(name: str, text: str, look: str, width: int) -> list[Line]:
    lead = f" {name}: " if name else " "
    lines = wrap(clean(text), max(8, width - len(lead) - 1))
    return [((lead if place == 0 else " " * len(lead), ""), (line, look)) for place, line in enumerate(lines)]


def _story(row: Row, drawing: Drawing, width: int) -> list[Line]:
    """Tell what the list knows, without the line that the screen begins with."""
    return [((" ", ""), *line) for line in story_lines(row, drawing, width - 2)[1:]]


def _say_what_the_list_knows(draft: Draft, inside: Inside, drawing: Drawing) -> None:
    """Before there is a diagnosis: what the fleet said, and why there is no more yet."""
    if inside.gone:
        draft.say(f"{inside.key} is not there (any more).", "failed")
        draft.say("q goes back to the list; a new one of this name appears here by itself.", "dim")
        return
    if inside.row is not None:
        draft.add(*_story(inside.row, drawing, draft.width))
    draft.gap()
    if inside.failing:
        draft.add(*sentence(f"why: not known, {inside.health.error}", draft.width, "failed"))
        draft.add(*sentence(inside.health.hint, draft.width))
        draft.say("It is tried again by itself; ctrl+r tries now.", "dim")
    else:
        draft.say("why: its conditions, pods and events are being read ...", "dim")
