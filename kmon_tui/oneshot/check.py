"""`kmon-tui check [NAME…]`: one status line on the Nagios scale, with perfdata, for monitoring that runs plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.names import Wanted
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.looking import Now, diagnose_many, suspects
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.render.cells import clean
from kmon_tui.settings import Settings

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_TOLD = 3
"""So many services are named in the line."""
_LONGEST = 900
"""Nagios reads at most 1024 bytes of a line by default."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which services; none: all in scope."""

    wanted: tuple[Wanted, ...] = ()


async def check(open_backend: OpenBackend, settings: Settings, wish: Wish, now: Now) -> Answer:
    """Answer once. What keeps it from looking is an answer, too: UNKNOWN."""
    try:
        async with open_backend(settings) as backend:
            fleet = await complete_fleet(backend, settings, scaled=not wish.wanted)
            rows, lost = _rows(fleet, wish)
            if lost and not rows:
                return unknown(lost[0])
            # Of services that are named also those are read that say Ready: what is wrong may show inside alone.
            found = await diagnose_many(backend, rows if wish.wanted else suspects(rows), settings, now)
    except KmonError as error:
        return unknown(error)
    return status(rows, found, fleet, [error.message for error in lost])


def unknown(error: KmonError) -> Answer:
    """Give the line for what could not be looked at."""
    hint = f". {error.hint}" if error.hint else ""
    return Answer(_line(UNKNOWN, f"{error.message.rstrip('.')}{hint}", ""), code=UNKNOWN)


def status(
    rows: Sequence[InferenceService], found: Mapping[Key, Diagnosis], fleet: Fleet, lost: Sequence[str] = ()
) -> Answer:
    """Give line and exit code: CRITICAL when callers get no answer, WARNING when something else is wrong.

    ``lost``: why some that were named could not be judged, which is UNKNOWN
    unless another is CRITICAL.
    """
    levels = {row.key: _level(row, found.get(row.key)) for row in rows}
    counts = [sum(level == one for level in levels.values()) for one in (OK, WARNING, CRITICAL)]
    worst = max(levels.values(), default=OK)
    if not rows:
        where = "any namespace" if fleet.namespace is None else f"namespace {fleet.namespace}"
        text = f"{fleet.not_installed}: no services in {where}" if fleet.not_installed else f"no services in {where}"
        worst = UNKNOWN if fleet.not_installed else worst  # or somebody has deleted the kind, and all services with it
    elif worst == OK:
        text = f"{rows[0].key} is healthy" if len(rows) == 1 else f"all {len(rows)} services are healthy"
    else:
        bad = sorted((key for key in levels if levels[key] != OK), key=lambda key: (-levels[key], key))
        told = [f"{key}: {found[key].verdict}" for key in bad[:_TOLD]]
        more = f"; and {len(bad) - _TOLD} more" if len(bad) > _TOLD else ""
        text = f"{len(bad)} of {len(rows)} not healthy; {'; '.join(told)}{more}" if len(rows) > 1 else told[0]
    if lost:
        text = "; ".join((*lost[:_TOLD], text))
        worst = max(worst, UNKNOWN) if worst != CRITICAL else worst
    total = len(rows)
    limits = (f"services={total}", f"healthy={counts[OK]};;;0;{total}")
    perfdata = (*limits, f"warning={counts[WARNING]};0;;0;{total}", f"critical={counts[CRITICAL]};;0;0;{total}")
    return Answer(_line(worst, text, " ".join(perfdata)), code=worst)


def _rows(fleet: Fleet, wish: Wish) -> tuple[tuple[InferenceService, ...], list[KmonError]]:
    """Give the services that are meant, and why others that are named are not among them."""
    if not wish.wanted:
        return fleet.services, []
    found: dict[Key, InferenceService] = {}
    lost: list[KmonError] = []
    for wanted in wish.wanted:
        try:
            row = chosen(fleet, wanted)
        except KmonError as error:
            lost.append(error)
        else:
            found[row.key] = row
    return tuple(found.values()), lost


def _level(row: InferenceService, diagnosis: Diagnosis | None) -> int:
    if diagnosis is None or diagnosis.healthy:
        return OK
    down = diagnosis.is_down or (not diagnosis.serving and row.readiness is Readiness.FAILED)
    return CRITICAL if down else WARNING


def _line(level: int, text: str, perfdata: str) -> str:
    # A bar begins the perfdata: none may stand before it.
    shown = clean(text).replace("|", "/")
    shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"KSERVE {_WORDS[level]} - {shown}" + (f" | {perfdata}" if perfdata else "") + "\n"
