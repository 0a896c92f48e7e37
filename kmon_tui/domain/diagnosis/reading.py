"""What the rules read objects with: domain/peek.py, and what it does not have."""

from __future__ import annotations

import re
from datetime import datetime

from kmon_tui.domain import peek
from kmon_tui.domain.peek import at, name_of, ref_of, text
from kmon_tui.domain.peek import moment as when
from kmon_tui.domain.peek import rows as nodes
from kmon_tui.domain.peek import table as node
from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Object

__all__ = [
    "NOTHING",
    "at",
    "both_ends",
    "conditions_of",
    "earliest",
    "flag",
    "labels",
    "last_line",
    "latest",
    "line_with",
    "name_of",
    "node",
    "nodes",
    "number",
    "one_line",
    "probe_said",
    "ref_of",
    "text",
    "texts",
    "unstamped",
    "when",
]

_PROBE = re.compile(r"^(Readiness|Liveness|Startup) probe (failed|errored): ")
_RAISED = re.compile(r"\b[A-Za-z][\w.]{0,80}(?:Error|Exception): ")
_STAMP = re.compile(
    r"\(\w+ pid=\d+\)|\[rank\d+\]|\[[\w./-]+:\d+\]|\w+\.py:\d+|\b[A-Z]{4,8}\b|\b[IEWF]\d+\b|[\d:.,TZ/+\s|\[\]-]"
)
_LONGEST_STAMP = 160
_TRACEBACK = "Traceback (most recent call last)"
NOTHING: Object = {}
"""Stands for every object that is not there."""


def texts(value: object, *path: str) -> tuple[str, ...]:
    """Give the texts of a list."""
    found = at(value, *path)
    if not isinstance(found, list | tuple):
        return ()
    return tuple([entry for entry in found if isinstance(entry, str)])


def number(value: object, *path: str) -> int | None:
    """Give a whole number; None when there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return int(found)
    except (ValueError, OverflowError):
        return None


def flag(value: object, *path: str) -> bool:
    """Tell whether a field is true."""
    return at(value, *path) is True


def labels(obj: Object) -> Object:
    """Give the labels of an object."""
    return node(obj, "metadata", "labels")


def conditions_of(obj: Object) -> dict[str, Condition]:
    """Give the conditions of an object by their type; of two with the same type the last."""
    return {condition.type: condition for condition in peek.conditions_of(obj)}


def one_line(said: str, limit: int = 240) -> str:
    """Put a text of any length on one line, cut after ``limit`` characters."""
    flat = " ".join(said[: limit * 4].split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def both_ends(said: str, limit: int = 200) -> str:
    """Put a text on one line and cut it in the middle: an exception names itself first and its reason last."""
    flat = " ".join(said[-limit * 8 :].split())
    return flat if len(flat) <= limit else f"{flat[: limit // 2 - 1].rstrip()} … {flat[-limit // 2 + 1 :].lstrip()}"


def line_with(rule: re.Pattern[str], lines: str, last: bool = False) -> str:
    """Give the first (or last) line that a pattern is in, else the last of all."""
    found = [line for line in lines.splitlines() if rule.search(line)] or [last_line(lines)]
    return one_line(unstamped(found[-1 if last else 0]), 180)


def unstamped(line: str) -> str:
    """Leave out what a logger puts before an exception: who writes, when, how bad, from which line of which file."""
    if _TRACEBACK in line:  # all of it on one line: what was raised stands last
        ends = [raised.start() for raised in _RAISED.finditer(line)]
        return line[ends[-1] :] if ends else line
    raised = _RAISED.search(line)
    if raised is None or raised.start() > _LONGEST_STAMP or _STAMP.sub("", line[: raised.start()]):
        return line
    return line[raised.start() :]


def probe_said(message: str) -> str:
    """Give what a kubelet says of a probe, without the words that say that one failed."""
    return one_line(_PROBE.sub("", message, count=1), 160)


def last_line(said: str) -> str:
    """Give the last line that says something."""
    for line in reversed(said.splitlines()):
        if line.strip():
            return line.strip()
    return ""


def latest(*moments: datetime | None) -> datetime | None:
    """Give the latest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if known else None


def earliest(*moments: datetime | None) -> datetime | None:
    """Give the earliest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None
