"""The one rule of how long to wait before trying again."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.late import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often something failed in a row, and so how long to wait: doubling up to the longest, never giving up."""

    shortest_s: float = 0.5
    longest_s: float = 15.0
    failures: int = 0

    def failed(self, lived_s: float) -> Backoff:
        """Count a failure after a life of ``lived_s`` seconds.

        Starts over only when that life was longer than the longest wait: a
        connection that opens and dies at once must not be tried twice a second.
        """
        return replace(self, failures=1 if lived_s > self.longest_s else self.failures + 1)

    def wait_s(self, chance: float) -> float:
        """Give the seconds to wait now.

        ``chance`` (0 to 1, random) takes up to a quarter off, so that many clients do not come back at once.
        """
        if self.failures == 0:
            return 0.0
        full_s = min(self.longest_s, self.shortest_s * 2.0 ** min(self.failures - 1, 30))
        return full_s * (1.0 - 0.25 * chance)
