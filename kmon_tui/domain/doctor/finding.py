"""What the doctor says: findings in the order of cause and effect, and a report of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kmon_tui.domain.service import Key


class Status(StrEnum):
    """What came of one check."""

    OK = "ok"
    WARN = "warn"
    """Numbers may be missing or wrong, or will be."""
    FAIL = "fail"
    """While this is so, there are no numbers, or nothing works."""
    UNKNOWN = "unknown"
    """It could not be looked at; the text says why."""
    SKIPPED = "skipped"
    """It does not matter here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what came of it. Texts may hold names from the cluster: cleaned when drawn."""

    id: str
    """Stable, for scripts: ``prometheus.job``."""
    title: str
    status: Status
    text: str
    evidence: tuple[str, ...] = ()
    """What was seen, one thing a line."""
    fix: str = ""
    """The exact commands, or a diff; empty where nothing has to be mended."""

    @property
    def is_bad(self) -> bool:
        """Whether somebody should do something."""
        return self.status in (Status.FAIL, Status.WARN)


HARMLESS = frozenset(
    {"prometheus.retention", "prometheus.clock", "kubernetes.clock", "kubernetes.version", "kserve.version"}
)
"""Checks whose warnings keep no number of now away."""


def _rank(finding: Finding) -> int:
    """Say how near a bad finding is to be the cause of missing numbers; of equals the first is meant."""
    fails = finding.status is Status.FAIL
    if finding.id in HARMLESS:
        return 2
    if finding.id.startswith(("chain.", "prometheus.")):
        return 0 if fails else 1
    return 0 if fails else 3


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one examination, or those so far."""

    context: str
    key: Key | None
    """The service whose chain was followed; None: only what concerns all."""
    at: datetime
    findings: tuple[Finding, ...] = ()
    running: tuple[str, ...] = ()
    """What is still being looked at; empty once the report is complete."""

    @property
    def first_failing(self) -> Finding | None:
        """The first cause of missing numbers: the first failure, else the first warning that may be one.

        What is wrong with KServe or a clock comes after all that is wrong on the way from the pods to the number.
        """
        bad = [one for one in self.findings if one.is_bad and not (one.status is Status.WARN and one.id in HARMLESS)]
        return min(bad, key=_rank, default=None)

    def count(self, status: Status) -> int:
        """Give how many findings have this status."""
        return sum(one.status is status for one in self.findings)

    @property
    def has_finding(self) -> bool:
        """Whether somebody should do something."""
        return any(one.is_bad for one in self.findings)
