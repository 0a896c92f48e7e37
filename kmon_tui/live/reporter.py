"""From what is known after a tick to the report of it: which Prometheus, how old, what is lacking, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Family, Prometheus, Traffic, TrafficReport
from kmon_tui.live.feeder import Feeder
from kmon_tui.live.introduction import nothing_counted
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.pace import Pace
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.prometheus import Api


class Standing(NamedTuple):
    """Where a poller is."""

    now_s: float
    scrape_s: float | None
    pace: Pace
    family: Family | None
    """The one that a person chose."""


class Reporter:
    """Remembers what the last report said, and what Prometheus refused."""

    def __init__(self, url: str, found_by: str) -> None:
        self._url, self._found_by = url, found_by
        self.told: dict[Key, Traffic] = {}
        """What the last report said."""
        self._lacking: dict[str, tuple[float, str]] = {}
        """What Prometheus refused, and until when that matters."""
        self._took_s, self._questions = 0.0, 0
        self._warnings: tuple[str, ...] = ()

    def asked(self, api: Api) -> None:
        """Note what a whole tick cost."""
        self._took_s, self._questions, self._warnings = api.took_s, api.questions, api.warnings

    def lack(self, what: str, error: BackendError, until_s: float) -> None:
        """Note what Prometheus refused to tell, and until when that matters."""
        self._lacking[what] = (until_s, f"{what} is not known: {error.message}")

    def report(
        self,
        feeder: Feeder,
        ledger: Ledger | None,
        at: Standing,
        buckets: Mapping[Key, Buckets],
        traffic: dict[Key, Traffic],
    ) -> TrafficReport:
        """Make the report."""
        self.told, known = traffic, feeder.introduction
        newest_s = max([f.sampled_s for f in ledger.flows.values() if f.sampled_s], default=None) if ledger else None
        prometheus = Prometheus(
            url=self._url,
            found_by=self._found_by,
            version=known.version if known else "",
            families=known.families if known else (),
            scrape_interval_s=at.scrape_s,
            window_s=ledger.window_s if ledger else None,
            tick_s=at.pace.tick_s,
            held_s=ledger.points * ledger.step_s if ledger else None,
            retention=known.retention if known else "",
            query_s=self._took_s,
            queries=self._questions or None,
            warnings=self._warnings,
            sampled_at=_moment(newest_s),
            now=_moment(at.now_s),
            notes=tuple(self._notes(feeder, ledger, at)),
            matchers=feeder.matchers.text,
            choices=tuple(Choice(text, "only these series") for text in ledger.conflicts.choices) if ledger else (),
            family=at.family,
        )
        return TrafficReport(prometheus, traffic, buckets, feeder.alerts.by_service)

    def _notes(self, feeder: Feeder, ledger: Ledger | None, at: Standing) -> Iterator[str]:
        known = feeder.introduction
        if known and not known.families:
            yield (
                f"{nothing_counted(feeder.matchers)} "
                f"Looked for {', '.join(dialect.requests[0] for dialect in DIALECTS.values())}"
            )
        elif ledger and ledger.at_s is not None and not ledger.flows and feeder.knows_services:
            yield "this Prometheus has request metrics, but none of the services in view"
        if known:
            yield from known.words
        yield from (words for until_s, words in self._lacking.values() if at.now_s <= until_s)
        if at.pace.note:
            yield at.pace.note
        if ledger:
            yield from sorted(set(ledger.conflicts.problems.values()))


def _moment(at_s: float | None) -> datetime | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC)
