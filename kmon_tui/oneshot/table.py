"""Services as a table like kubectl's: columns three blanks apart, no colour, nothing that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.cells import cell_len

from kmon_tui.domain.names import short_name
from kmon_tui.domain.service import InferenceService, Replicas, TrafficShare
from kmon_tui.oneshot.items import age_s
from kmon_tui.render.cells import clean
from kmon_tui.render.units import duration

NONE = "<none>"
UNKNOWN = "?"
GAP = "   "


def header(*, wide: bool, namespaces: bool) -> tuple[str, ...]:
    """Give the titles of the columns."""
    first = ("NAMESPACE",) if namespaces else ()
    more = ("RUNTIME", "FORMAT", "URL", "SINCE", "MESSAGE") if wide else ()
    return (*first, "NAME", "READINESS", "REPLICAS", "TRAFFIC", "MODE", "AGE", "REASON", *more)


def row(isvc: InferenceService, now: datetime, *, wide: bool, namespaces: bool) -> tuple[str, ...]:
    """Give the cells of one service."""
    age = age_s(isvc.created, now)
    cells = [
        short_name(isvc.key),
        str(isvc.readiness),
        replicas_text(isvc.replicas),
        traffic_text(isvc.traffic),
        str(isvc.mode) or UNKNOWN,
        UNKNOWN if age is None else duration(age),
        isvc.reason or NONE,
    ]
    if wide:
        since = age_s(isvc.since, now)
        cells += [isvc.runtime or NONE, isvc.format or NONE, isvc.url or NONE]
        cells += [UNKNOWN if since is None else duration(since), isvc.message or NONE]
    return tuple(clean(cell) for cell in ([isvc.key.namespace] if namespaces else []) + cells)


def text_of(rows: Iterable[Sequence[str]], least: Sequence[int] = ()) -> str:
    """Lay rows out in columns; ``least`` holds widths that must not be undercut."""
    rows = list(rows)
    widths = [
        max([cell_len(cells[i]) for cells in rows] + list(least[i : i + 1])) for i in range(len(rows[0]) if rows else 0)
    ]
    return "".join(
        GAP.join(cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)).rstrip()
        + "\n"
        for cells in rows
    )


def replicas_text(replicas: Replicas) -> str:
    """Write ready of wanted, as ``1/2``."""
    ready, desired = (UNKNOWN if n is None else str(n) for n in (replicas.ready, replicas.desired))
    return f"{ready}/{desired}"


def traffic_text(traffic: Sequence[TrafficShare]) -> str:
    """Write the split with the revisions' short numbers, as ``90% 00001, 10% 00002``; one alone: ``100%``."""
    shares: dict[str, int] = {}
    for share in traffic:
        if share.percent is not None:  # one revision may stand in two entries, with and without a tag
            shares[share.revision] = shares.get(share.revision, 0) + share.percent
    if len(shares) == 1:
        return f"{sum(shares.values())}%"
    return ", ".join(f"{percent}% {revision.rpartition('-')[2]}" for revision, percent in shares.items()) or NONE
