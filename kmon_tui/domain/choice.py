"""What a person may choose instead of what is asked now."""

from __future__ import annotations

from kmon_tui.domain.late import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """Another Prometheus, or a part of the series of this one."""

    text: str
    """What is to be typed behind ``:prom``: a URL, or a matcher as ``cluster="prod-eu"``."""
    why: str = ""
    """How it was found, for people."""

    @property
    def is_matcher(self) -> bool:
        """Whether it chooses among series, not among servers."""
        return "://" not in self.text
