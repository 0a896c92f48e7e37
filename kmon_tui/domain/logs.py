"""Lines that containers wrote, and which of them a person wants to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.service import Key

FIRST_LINES, MOST_LINES = 1_000, 20_000
"""Lines of each container to begin with: at once, and once somebody asks how it was before."""


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Whose lines, and which."""

    key: Key
    containers: tuple[str, ...] = ()
    """Names of containers, init containers too; empty: all of the service's."""
    pods: tuple[str, ...] = ()
    """Names of pods; empty: all of the service's, also those that come later."""
    previous: bool = False
    """Of the containers before their last restart."""
    since_s: int | None = None
    """Not older than this; None: as far as the kubelet has them, within ``tail``."""
    tail: int | None = FIRST_LINES
    """Lines of each container to begin with; None: all."""
    follow: bool = True


class LogLine(NamedTuple):
    """One line, or a mark between lines."""

    text: str
    """As the container wrote it, without its end: maybe hostile, cleaned when drawn."""
    pod: str = ""
    container: str = ""
    time: datetime | None = None
    """When the kubelet read it."""
    mark: bool = False
    """Not a line of a container but what happened to it: it joined, restarted, went away, could not be read."""


@dataclass(frozen=True, slots=True, eq=False)
class LogView:
    """The newest lines of one request. A bounded ring: what fell out of it is counted."""

    request: LogRequest
    chunks: tuple[tuple[LogLine, ...], ...] = ()
    """Oldest first; a chunk never changes, so that two views share all but the newest."""
    first: int = 0
    """Number of the first line that is held; equal to how many were dropped before it."""
    total: int = 0
    """Lines that came so far."""
    dropped_at_source: int = 0
    """Lines that were thrown away because they came faster than they could be read."""
    streams: tuple[tuple[str, str], ...] = ()
    """(pod, container) that are being followed now."""
    problems: tuple[str, ...] = ()
    """One sentence each: `may not read logs in namespace risk (get pods/log)`."""
    ended: bool = False
    """Everything was read and nothing is followed."""
    pods: int | None = None
    """How many pods there are that could write; None: not known yet."""
    is_cut: bool = False
    """Whether a container had more than the request's ``tail`` lines, so that older ones were not asked for."""
