"""The Describe page: everything about a service from top to bottom, the Why block first."""

from __future__ import annotations

from collections.abc import Iterable

from kmon_tui.domain.peek import annotation, kind_of, moment, table, text
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.writers import Edit, writers
from kmon_tui.render.cells import clean
from kmon_tui.render.conditions import condition_page
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.event_rows import event_page
from kmon_tui.render.inside import Inside
from kmon_tui.render.page import Draft, Page, lasting
from kmon_tui.render.pod_rows import pod_page
from kmon_tui.render.revisions import revision_page
from kmon_tui.render.why import why_page

LAST_EVENTS = 20
SCALE = (
    "minReplicas",
    "maxReplicas",
    "scaleTarget",
    "scaleMetric",
    "containerConcurrency",
    "timeout",
    "canaryTrafficPercent",
)
COMPONENTS = ("predictor", "transformer", "explainer")


def describe_page(
    inside: Inside,
    drawing: Drawing,
    width: int,
    keys: frozenset[str] = frozenset(),
    edits: Iterable[tuple[Ref, Edit]] = (),
) -> Page:
    """Put the tabs below each other, with what the spec asks for."""
    page = why_page(inside, drawing, width, keys)
    if inside.tree is None:
        return page
    page = page.over(_spec_page(inside, drawing, width))
    parts = (
        ("conditions", condition_page(inside, drawing, width)),
        ("revisions and traffic", revision_page(inside, drawing, width)),
        ("pods", pod_page(inside, drawing, width)),
        (f"the last {LAST_EVENTS} events and changes", event_page(inside, drawing, width, edits, most=LAST_EVENTS)),
    )
    for title, part in parts:
        draft = Draft(width, lines=[()])
        draft.add(((f" {title.upper()}", "bold"),))
        page = page.over(draft.page).over(part)
    return page


def _spec_page(inside: Inside, drawing: Drawing, width: int) -> Page:
    draft = Draft(width, drawing.glyphs.ellipsis, lines=[()])
    root = inside.tree.root if inside.tree is not None else None
    if root is None:
        return draft.page
    draft.add(((" WHAT IT ASKS FOR", "bold"),))
    for name, value in _facts(root, inside, drawing):
        if value:
            draft.add(((f" {name:<22}", "dim"), (clean(value), "")))
    counts: dict[str, int] = {}
    for obj in inside.tree.objects if inside.tree is not None else ():
        counts[kind_of(obj)] = counts.get(kind_of(obj), 0) + 1
    if counts:
        words = ", ".join(f"{count} {clean(kind)}" for kind, count in sorted(counts.items()))
        draft.say(f"below it: {words}", "dim")
    return draft.page


def _facts(root: Object, inside: Inside, drawing: Drawing) -> list[tuple[str, str]]:
    last = writers(root)[-1:]
    created = moment(root, "metadata", "creationTimestamp")
    facts = [
        ("created", f"{created:%Y-%m-%d %H:%M:%S} UTC, {lasting(created, drawing.now)} ago" if created else ""),
        ("generation", text(root, "metadata", "generation")),
        ("last written by", f"{last[0].manager}, {lasting(last[0].time, drawing.now)} ago" if last else ""),
        ("mode", inside.isvc.mode.value if inside.isvc is not None else ""),
        ("runtime", inside.isvc.runtime if inside.isvc is not None else ""),
        ("autoscaler", annotation(root, "serving.kserve.io/autoscalerClass")),
        ("url", text(root, "status", "url")),
    ]
    for component in COMPONENTS:
        spec = table(root, "spec", component)
        model = table(spec, "model")
        facts.append((f"{component} model", text(model, "storageUri") or text(model, "storage", "path")))
        facts.append((f"{component} format", text(model, "modelFormat", "name")))
        limits = table(model, "resources", "limits")
        facts.append((f"{component} limits", ", ".join(f"{name} {text(limits, name)}" for name in limits)))
        scale = [f"{name} {text(spec, name)}" for name in SCALE if text(spec, name)]
        facts.append((f"{component} scale", ", ".join(scale)))
    return facts
