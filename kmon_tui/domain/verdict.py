"""What a diagnosis says: one sentence, the object it is about, the evidence, what still serves, what to try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.tree import Ref

HEALTHY = "healthy"
"""Cause of a service with nothing wrong: also of a normal rollout, a scaled-to-zero and a stopped one."""
NOTHING_SERVES = "nothing serves"
"""What ``serving`` begins with when callers get no answer."""
UNKNOWN_CAUSE = "unknown"
"""Cause when something is wrong and nothing known explains it: ``evidence`` says what is unusual."""


class Evidence(NamedTuple):
    """One step of the chain, from the service down to the last piece."""

    text: str
    object: Ref | None = None
    since: datetime | None = None
    depth: int = 0
    """How far below the service it stands: 0 is the service itself."""
    stale: bool = False
    """It tells of the past: older than what its children say now."""


class Try(NamedTuple):
    """One thing to do about it: a command to copy, or a key of the program, or words alone."""

    text: str
    command: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer to `why?` for one service."""

    cause: str
    """A word that stays the same between versions: HEALTHY, UNKNOWN_CAUSE, ``image-pull``, ``oom-killed``… (see
    ``domain/diagnosis``); the same for all services that one cause hits."""
    verdict: str
    """One sentence a person would say."""
    object: Ref | None = None
    """What the verdict is about: the deepest object that explains all above it."""
    since: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    serving: str = ""
    """What still serves: `00002 takes 90 %`; `nothing serves`; empty when everything does."""
    tries: tuple[Try, ...] = ()
    shared: str = ""
    """What other services may share this cause through: ``registry ghcr.io``, ``Secret risk/s3-creds``, ``Node n1``.
    Two services with the same cause and the same text here have one fault between them; empty: it is theirs alone."""
    component: str = ""
    """The component that is at fault: predictor, transformer, explainer, workload…; empty: none in particular."""
    missing: tuple[str, ...] = ()
    """Parts of the chain that could not be read, with the right that is missing, one sentence each."""

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to mend."""
        return self.cause == HEALTHY

    @property
    def is_down(self) -> bool:
        """Whether something is wrong and callers get no answer."""
        return not self.healthy and self.serving.startswith(NOTHING_SERVES)
