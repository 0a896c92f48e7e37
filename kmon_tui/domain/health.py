"""May one source be believed?"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.late import dataclass


class Status(StrEnum):
    """The three conditions a source can be in."""

    STARTING = "starting"
    LIVE = "live"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a source is live, and if not: what happened, what to do, since when."""

    status: Status = Status.STARTING
    error: str = ""
    hint: str = ""
    since: datetime | None = None
    """When this status began; set by the monitor."""
    kind: str = ""
    """Class of the BackendError that made it FAILING, as ``Forbidden``: a one-shot's exit code follows from it."""
    choices: tuple[Choice, ...] = ()
    """What could be asked instead of a Prometheus that cannot be asked, or of several that were found."""
    asked: tuple[str, str] = ("", "")
    """The Prometheus that cannot be asked, and how it was found."""
