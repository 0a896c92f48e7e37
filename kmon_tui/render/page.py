"""A page of lines on which a cursor can stop: what the tabs of a service show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from kmon_tui.render.cells import clean, wrap
from kmon_tui.render.lines import Line, shortened, spread
from kmon_tui.render.units import MINUTE_S, UNKNOWN, long_duration

INDENT = 1


class Stop(NamedTuple):
    """A place where the cursor stops, and what is meant by it there."""

    line: int
    value: object
    height: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, and the places among them where the cursor stops."""

    lines: tuple[Line, ...] = ()
    stops: tuple[Stop, ...] = ()

    def over(self, other: Page) -> Page:
        """Put another page below this one."""
        shift = len(self.lines)
        below = tuple(stop._replace(line=stop.line + shift) for stop in other.stops)
        return Page(self.lines + other.lines, self.stops + below)


MakePage: TypeAlias = Callable[[int], Page]
"""Draws a page for so many cells of width."""


@dataclass
class Draft:
    """A page that is being written, line by line."""

    width: int
    ellipsis: str = "…"
    """Stands where something was cut away."""
    lines: list[Line] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)

    def add(self, *lines: Line) -> None:
        """Add lines; too long ones are cut, with a mark."""
        self.lines.extend(shortened(line, self.width, self.ellipsis) for line in lines)

    def gap(self) -> None:
        """Leave a line empty, unless it is the first one or one is empty already."""
        if self.lines and self.lines[-1]:
            self.lines.append(())

    def head(self, words: str, right: str = "") -> None:
        """Begin a section."""
        self.gap()
        self.add(spread(((f" {words}", "header"),), ((f"{right} ", "dim"),) if right else (), self.width))

    def say(self, text: str, look: str = "", *, indent: int = INDENT, most_lines: int = 99) -> None:
        """Add a sentence from anywhere, in as many lines as it takes."""
        self.add(*sentence(text, self.width, look, indent=indent, most_lines=most_lines, ellipsis=self.ellipsis))

    def stop(self, value: object, lines: Iterable[Line]) -> None:
        """Add lines that are one stop of the cursor."""
        start = len(self.lines)
        self.add(*lines)
        self.stops.append(Stop(start, value, max(1, len(self.lines) - start)))

    @property
    def page(self) -> Page:
        """The page as far as it is written."""
        return Page(tuple(self.lines), tuple(self.stops))


def sentence(
    text: str, width: int, look: str = "", *, indent: int = INDENT, most_lines: int = 99, ellipsis: str = "…"
) -> list[Line]:
    """Break a sentence from anywhere into lines."""
    room = max(8, width - indent - 1)
    return [
        ((" " * indent + line, look),) for line in wrap(clean(text), room, most_lines=most_lines, ellipsis=ellipsis)
    ]


def lasting(since: datetime | None, now: datetime) -> str:
    """Write how long something has lasted, in whole minutes; empty when it is not known."""
    if since is None:
        return ""
    seconds = (now - since).total_seconds()
    return "<1m" if seconds < MINUTE_S else long_duration(seconds // MINUTE_S * MINUTE_S)


def lasting_or_unknown(since: datetime | None, now: datetime) -> str:
    """Write how long something has lasted; ``?`` when it is not known."""
    return lasting(since, now) or UNKNOWN


def short_name(name: str, service: str) -> str:
    """Leave away what the names of all objects of a service have in common."""
    for prefix in (f"{service}-predictor-default-", f"{service}-predictor-", f"{service}-"):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    return name
