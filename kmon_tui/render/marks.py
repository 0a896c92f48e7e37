"""What happened to a service, marked on the time axis of its charts: deploys, and pods that came or went. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from enum import StrEnum
from itertools import pairwise

from kmon_tui.domain.deploys import Deployed
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Mode, Pod
from kmon_tui.domain.traffic import Series
from kmon_tui.render.cells import clean
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Span
from kmon_tui.render.timeaxis import clock

TOGETHER_S = 45.0
"""Pods of one rollout come within so long of each other."""


class What(StrEnum):
    """Kinds of marks, the most important first where two share a cell."""

    DEPLOY = "deploy"
    TRAFFIC = "traffic"
    MORE = "more pods"
    FEWER = "fewer pods"


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment."""

    at_s: float
    what: What
    words: str = ""
    """What changed, as ``00003`` or ``2 to 3 pods``."""


def marks_of(
    isvc: InferenceService,
    pods: Series | None = None,
    seen: Iterable[Mark] = (),
    deployed: Sequence[Deployed] = (),
) -> tuple[Mark, ...]:
    """Give the marks of a service, oldest first: deploys, and changes of how many pods there are.

    ``pods``: how many there were over time. ``seen``: what was noticed while somebody looked. ``deployed``: when
    revisions were made, where that is known; of others the first pod that is still there has to tell.
    """
    entry = [pod for pod in isvc.pods if pod.created is not None and pod.component in (isvc.entry, "workload", "")]
    deploys = _deploys(entry, deployed, again=isvc.mode is Mode.STANDARD)
    if not deploys and not isvc.pods and isvc.changed is not None:
        deploys = [Mark(isvc.changed.timestamp(), What.DEPLOY)]
    others = [mark for mark in (*_scalings(pods), *seen) if not _near(mark, deploys)]
    return tuple(sorted((*deploys, *others), key=lambda mark: mark.at_s))


def marked_rule(
    columns: int, marks: Sequence[Mark], span_s: tuple[float, float], glyphs: Glyphs, *, newest: int = 0
) -> list[Span]:
    """Draw the rule of a time axis with its marks; the last ``newest`` cells point at the newest column."""
    cells: list[Span] = [(glyphs.rule, "dim")] * (columns - newest) + [(glyphs.newest, "accent")] * newest
    start_s, end_s = span_s
    order = list(What)
    for mark in sorted(marks, key=lambda mark: -order.index(mark.what)):
        if start_s <= mark.at_s <= end_s and end_s > start_s:
            column = min(columns - 1, int((mark.at_s - start_s) / (end_s - start_s) * columns))
            cells[column] = (sign(mark.what, glyphs), "mark")
    return cells


def sign(what: What, glyphs: Glyphs) -> str:
    """Give the sign of a mark."""
    return glyphs.marks[list(What).index(what)]


def in_words(marks: Sequence[Mark], start_s: float, glyphs: Glyphs, zone: tzinfo | None) -> list[str]:
    """Tell the marks since a moment, the newest first."""
    shown = [mark for mark in marks if mark.at_s >= start_s]
    return [
        f"{sign(mark.what, glyphs)} {clean(mark.words) or mark.what.value} {clock(mark.at_s, zone)}"
        for mark in reversed(shown)
    ]


def _deploys(pods: Sequence[Pod], deployed: Sequence[Deployed], *, again: bool) -> list[Mark]:
    """Give when revisions were made; ``again``: one of them may be rolled out once more, which makes no new one."""
    first: dict[str, float] = {}
    for pod in pods:
        if pod.created is not None and pod.revision:
            created_s = pod.created.timestamp()
            first[pod.revision] = min(created_s, first.get(pod.revision, created_s))
    made = {one.revision: one.at.timestamp() for one in deployed}
    found = {**first, **made}
    marks = [Mark(at_s, What.DEPLOY, revision.rpartition("-")[2]) for revision, at_s in found.items()]
    for revision, at_s in first.items() if again else ():
        # Its pods came after another one was made: that one was taken back.
        if any(made.get(revision, at_s) < other_s < at_s for other_s in made.values()):
            marks.append(Mark(at_s, What.DEPLOY, f"{revision.rpartition('-')[2]} again"))
    return marks


def _scalings(pods: Series | None) -> list[Mark]:
    if pods is None:
        return []
    known = [(at_s, value) for at_s, value in pods.points() if value is not None and math.isfinite(value)]
    return [
        Mark(at_s, What.MORE if now > before else What.FEWER, f"{before:g} to {now:g} pods")
        for (_, before), (at_s, now) in pairwise(known)
        if now != before
    ]


def _near(mark: Mark, deploys: Sequence[Mark]) -> bool:
    return mark.what is not What.TRAFFIC and any(0 <= mark.at_s - one.at_s <= TOGETHER_S for one in deploys)
