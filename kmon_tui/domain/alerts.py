"""An alert that Prometheus' rules raise about a service."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

_GRAVE = frozenset({"critical", "page", "error", "emergency", "high"})
_SLIGHT = frozenset({"info", "none", "debug"})


class Alert(NamedTuple):
    """One alert. Texts are as somebody's rules wrote them: never markup, cleaned when drawn."""

    name: str
    firing: bool
    """False: pending, its condition holds but not for long enough."""
    severity: str = ""
    """The label ``severity``; rules are free to have none."""
    since: datetime | None = None
    """When its condition began to hold."""
    summary: str = ""
    """The annotation ``summary``, else ``description``; empty where the server does not tell annotations."""

    @property
    def is_grave(self) -> bool:
        """Whether somebody is to be woken."""
        return self.firing and self.severity.lower() in _GRAVE

    @property
    def matters(self) -> bool:
        """Whether a row shows it: it fires, and is more than a note."""
        return self.firing and self.severity.lower() not in _SLIGHT
