"""How far a deploy is: what was applied, what is waited for, and when the waiting is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kmon_tui.domain.command import WAIT_S as WAIT_S
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.verdict import Diagnosis

SETTLE = timedelta(seconds=5)
"""So long a service must stay ready after a change before it counts, if it was never seen not ready.

The status says nothing of the generation it is about: KServe copies observedGeneration from the workload.
"""
GIVE_UP = timedelta(seconds=15)
"""So long a service must stay failed before the waiting ends: while it rolls, some conditions fail for a moment."""
_FINE = (Readiness.READY, Readiness.COLD, Readiness.STOPPED)


@dataclass(frozen=True, slots=True)
class Followed:
    """One service that was applied and that ought to become ready."""

    key: Key
    generation: int
    """Of the object that was applied; an older one in the fleet is not it yet."""
    applied: datetime
    unchanged: bool = False
    """Its spec was not changed: as it was ready, it still is."""
    isvc: InferenceService | None = None
    stirred: bool = False
    """It was seen not ready since: the change has begun to work."""
    fine_since: datetime | None = None
    failed_since: datetime | None = None
    ended: datetime | None = None
    outcome: bool | None = None
    """None while it is waited for."""
    diagnosis: Diagnosis | None = None
    """Why it did not become ready, once somebody has looked inside."""

    @property
    def reason(self) -> str:
        """Why it is not ready, in one line."""
        if self.diagnosis is not None:
            return self.diagnosis.verdict
        if self.isvc is None:
            return "it has not appeared in the watch"
        if self.fine_since is not None and self.outcome is None:
            return f"it is {self.isvc.readiness}; it has to stay so for {SETTLE.total_seconds():.0f} s"
        words = [self.isvc.reason, self.isvc.message]
        return ": ".join(word for word in words if word) or f"it is {self.isvc.readiness}"

    def seen(self, isvc: InferenceService | None, now: datetime) -> Followed:
        """Give what is known after one more look."""
        if self.outcome is not None:
            return self
        if isvc is None or isvc.generation < self.generation:
            return replace(self, isvc=isvc if isvc is not None else self.isvc)
        fine = isvc.readiness in _FINE and not isvc.not_serving
        failed = isvc.readiness is Readiness.FAILED
        fine_since = (self.fine_since or now) if fine else None
        failed_since = (self.failed_since or now) if failed else None
        stirred = self.stirred or not fine
        found = replace(self, isvc=isvc, stirred=stirred, fine_since=fine_since, failed_since=failed_since)
        settled = stirred or self.unchanged or (fine_since is not None and now - fine_since >= SETTLE)
        if fine and settled:
            return replace(found, outcome=True, ended=now)
        if failed_since is not None and now - failed_since >= GIVE_UP:
            return replace(found, outcome=False, ended=now)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One object that was applied."""

    title: str
    done: str
    """``created``, ``changed``, ``unchanged``, ``left out``."""
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A deploy at one moment."""

    began: datetime
    now: datetime
    wait_s: float = WAIT_S
    steps: tuple[Step, ...] = ()
    waits: tuple[Followed, ...] = ()
    applied: bool = False
    """All objects are written; from here on it is waited."""

    @property
    def outcome(self) -> bool | None:
        """None while something is waited for and there is time."""
        if not self.applied:
            return None
        outcomes = [wait.outcome for wait in self.waits]
        if None not in outcomes:
            return all(outcomes)
        return False if self.is_late else None

    @property
    def is_late(self) -> bool:
        """Whether the time is over while something is still waited for."""
        waiting = any(wait.outcome is None for wait in self.waits)
        return waiting and (self.now - self.began).total_seconds() >= self.wait_s

    @property
    def unready(self) -> tuple[Followed, ...]:
        """What did not become ready, or is not yet."""
        return tuple(wait for wait in self.waits if wait.outcome is not True)
