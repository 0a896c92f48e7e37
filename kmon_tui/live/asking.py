"""What is asked of the API server, in the words of its access rules, and what it has refused."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kmon_tui.domain.errors import BackendError, Forbidden

REFUSED_FOR_S = 300.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One verb on one resource: what a Role allows or does not."""

    verb: str
    resource: str
    namespace: str | None = None
    """None: all namespaces, or a resource that has none."""
    where: bool = True
    """Whether the namespace is worth a word."""

    def __str__(self) -> str:
        if not self.where:
            return f"{self.verb} {self.resource}"
        place = "in all namespaces" if self.namespace is None else f"in namespace {self.namespace}"
        return f"{self.verb} {self.resource} {place}"


class Refusals:
    """Remembers each 403 for five minutes, so that nobody asks again and again what may not be had."""

    def __init__(self) -> None:
        self._until: dict[Ask, tuple[float, Forbidden]] = {}

    def check(self, ask: Ask) -> None:
        """Raise the Forbidden that this asking met less than five minutes ago."""
        known = self._until.get(ask)
        if known is not None and time.monotonic() < known[0]:
            raise known[1].with_traceback(None)

    def forget(self) -> None:
        """Ask everything anew: somebody says that rights have changed."""
        self._until.clear()

    def remember(self, ask: Ask, error: BackendError) -> None:
        """Keep the error if it is a refusal."""
        if isinstance(error, Forbidden):
            self._until[ask] = (time.monotonic() + REFUSED_FOR_S, error)
