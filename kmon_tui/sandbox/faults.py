"""Faults that the sandbox can be given: what networks, proxies and busy API servers do to their clients."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

ACTIONS = {
    "drop": "the connection is cut before an answer",
    "delay": "the answer comes later; =SECONDS",
    "html": "a proxy's login page with status 200",
    "cut": "the answer, or the watch after @N events, is cut in the middle",
    "silent": "the watch is accepted and nothing is ever sent, or nothing more after @N events or bookmarks",
    "slow": "the answer trickles; =BYTES a second",
}
"""What may happen, besides a status code as a number (401, 403, 410, 429=RETRY_AFTER_SECONDS, 500, …)."""

_DEFAULTS = {"delay": 1.0, "slow": 2000.0}
_FORM = re.compile(
    r"(?P<where>[^:]+):(?P<action>[a-z]+|[1-5]\d\d)"
    r"(?:=(?P<value>\d+(?:\.\d+)?))?"
    r"(?:@(?P<after>\d+))?"
    r"(?:\*(?P<times>\d+))?"
    r"(?:~(?P<seconds>\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and for which requests."""

    action: str
    """One of ACTIONS, or a status code as text."""
    where: str = "*"
    """A verb (watch), verb/resource (get/pods/log), or a path that starts with a slash; * and ? are wildcards."""
    value: float | None = None
    """Seconds of a delay or of Retry-After, bytes a second of a trickle."""
    after: int = 0
    """How many requests, or for cut and silent in a watch how many events, pass before it strikes."""
    times: int | None = None
    """How many requests it strikes; None for all."""
    seconds: float | None = None
    """How long it lasts after it was added; None for ever."""

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read WHERE:ACTION[=VALUE][@AFTER][*TIMES][~SECONDS], as in watch:cut@2 or list/pods:429=3*2.

        Raises ValueError.
        """
        parsed = _FORM.fullmatch(text.strip())
        if parsed is None or not (parsed["action"].isdigit() or parsed["action"] in ACTIONS):
            raise ValueError(
                f"not a fault: {text!r}; write WHERE:ACTION, as in watch:cut@2 "
                f"(actions: {', '.join(ACTIONS)}, or a status code)"
            )
        return cls(
            action=parsed["action"],
            where=parsed["where"],
            value=float(parsed["value"]) if parsed["value"] else None,
            after=int(parsed["after"] or 0),
            times=int(parsed["times"]) if parsed["times"] else None,
            seconds=float(parsed["seconds"]) if parsed["seconds"] else None,
        )

    @property
    def status(self) -> int | None:
        """The status code that is answered instead, if that is the fault."""
        return int(self.action) if self.action.isdigit() else None

    @property
    def amount(self) -> float:
        """Seconds or bytes a second, as the action needs them."""
        return self.value if self.value is not None else _DEFAULTS.get(self.action, 0.0)

    def meets(self, verb: str, resource: str, path: str) -> bool:
        """Say whether a request is one of those that this fault is for."""
        if self.where.startswith("/"):
            return fnmatchcase(path, self.where)
        wanted_verb, _, wanted_resource = self.where.partition("/")
        return fnmatchcase(verb, wanted_verb) and fnmatchcase(resource, wanted_resource or "*")


@dataclass(slots=True)
class _Active:
    fault: Fault
    since: float
    met: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count one more request that meets the fault, and say whether it is struck."""
        self.met += 1
        if self.fault.action not in {"cut", "silent"} and self.met <= self.fault.after:
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        self.struck += 1
        return True

    def is_over(self, now: float) -> bool:
        spent = self.fault.times is not None and self.struck >= self.fault.times
        return spent or (self.fault.seconds is not None and now - self.since > self.fault.seconds)


@dataclass(slots=True)
class Faults:
    """The faults in force at this moment; may be changed while the server runs."""

    _active: list[_Active] = field(default_factory=list)

    def add(self, fault: Fault | str) -> Fault:
        """Put a fault in force, from now on; a text is parsed. Raises ValueError."""
        added = Fault.parse(fault) if isinstance(fault, str) else fault
        self._active.append(_Active(added, time.monotonic()))
        return added

    def remove(self, fault: Fault) -> None:
        """End a fault; silent when it is over already."""
        self._active = [active for active in self._active if active.fault != fault]

    def clear(self) -> None:
        """End all faults. Streams that one has silenced stay silent until their connection ends."""
        self._active.clear()

    def strike(self, verb: str, resource: str, path: str) -> list[Fault]:
        """Return the faults that this request meets, and count it."""
        if not self._active:
            return []
        now = time.monotonic()
        self._active = [active for active in self._active if not active.is_over(now)]
        return [
            active.fault for active in self._active if active.fault.meets(verb, resource, path) and active.strikes()
        ]

    def __len__(self) -> int:
        return len(self._active)
