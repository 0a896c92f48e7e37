"""One tick: ask the few questions, book the answers, give the report. Runs in the thread of PrometheusClient."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Buckets, Prometheus, TrafficReport
from kmon_tui.live import dialects
from kmon_tui.live.closeup import CloseUp
from kmon_tui.live.dialects import DIALECTS
from kmon_tui.live.introduction import REFRESH_S, UNKNOWN_SCRAPE_S, Introduction, introduce, scrape_interval
from kmon_tui.live.ledger import Ledger, Reading, handle_of
from kmon_tui.live.owners import Owners
from kmon_tui.live.pace import Pace
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers

VALUES_AT_ONCE = 30_000
"""Values of one range answer: decoding them holds the interpreter for some 10 ms."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the rest of kmon-tui is interested in at the moment of asking."""

    services: tuple[InferenceService, ...]
    selected: Key | None = None
    visible: tuple[Key, ...] = ()


class Poller:
    """Knows one Prometheus and keeps its books; all of it lives in one thread."""

    def __init__(self, matchers: Matchers, url: str, found_by: str, phase_s: int) -> None:
        """``phase_s`` shifts the grid of ticks, so that many kmon-tui do not ask at the same second."""
        self._matchers = matchers
        self._url = url
        self._found_by = found_by
        self._phase_s = phase_s
        self._introduction: Introduction | None = None
        self._scrape_s: float | None = None
        self._pace = Pace(UNKNOWN_SCRAPE_S)
        self._ledger: Ledger | None = None
        self._services: tuple[InferenceService, ...] = ()
        self._owners = Owners(())
        self._identity: dict[tuple[str, ...], list[dict[str, str]]] = {}
        self._rows = 0
        self._closeup = CloseUp(matchers.text)
        self._took_s = 0.0

    @property
    def next_s(self) -> float:
        """Seconds until the next point of the grid by Prometheus' clock."""
        if self._ledger is None or self._ledger.at_s is None or self._introduction is None:
            return 2.0
        return max(0.2, self._ledger.at_s + self._pace.tick_s - (time.time() + self._introduction.skew_s))

    def poll(self, api: Api, look: Look) -> TrafficReport:
        """Do one tick: counters of all services, latency of some, and the selected one in detail."""
        known = self._introduction
        if known is None or not known.families or time.monotonic() - known.made_s > REFRESH_S:
            self._introduction = known = introduce(api, self._matchers.text, known)
        if not known.families or not look.services:
            return self._report({})
        self._know(look.services)
        first = self._ledger is None
        api.took_s = 0.0
        at_s = self._grid(time.time() + known.skew_s)
        ledger = self._ledger_for(api, at_s)
        at_s = self._grid(time.time() + known.skew_s)
        if ledger.at_s is None or at_s > ledger.at_s:
            self._catch_up(api, ledger, at_s)
            self._book_now(api, ledger, at_s)
        buckets = self._look_closer(api, ledger, look)
        self._took_s = api.took_s
        if not first:
            self._set_pace(self._pace.after(api.took_s))
        return self._report(buckets)

    def look_closer(self, api: Api, look: Look) -> TrafficReport:
        """Between two ticks: only what another selection needs."""
        if self._ledger is None or self._ledger.at_s is None:
            return self.poll(api, look)
        return self._report(self._look_closer(api, self._ledger, look))

    def _know(self, services: tuple[InferenceService, ...]) -> None:
        if services is not self._services:
            self._services = services
            self._owners = Owners(services)

    def _grid(self, now_s: float) -> int:
        """Give the newest point of the grid that has passed."""
        step_s = self._pace.tick_s
        origin_s = self._ledger.at_s if self._ledger and self._ledger.at_s is not None else self._phase_s % step_s
        return int((now_s - origin_s) // step_s) * step_s + origin_s

    def _ledger_for(self, api: Api, at_s: int) -> Ledger:
        """Give the books; begin them once it is known how often Prometheus scrapes."""
        if self._scrape_s is None:
            mine = [row.metric for row in api.query(self._counters(), at_s) if self._owners.owner(row.metric)]
            some = {(metric.get("job", ""), metric["__name__"]): metric for metric in mine}
            samples = [self._exactly(metric) for metric in list(some.values())[:3]]
            self._scrape_s = scrape_interval(api, self._matchers.text, samples, at_s)
            self._pace = Pace(self._scrape_s or UNKNOWN_SCRAPE_S, self._pace.doublings)
        if self._ledger is None:
            pace = self._pace
            guarded = self._matchers.labels
            self._ledger = Ledger(pace.tick_s, pace.window_s, pace.points, pace.scrape_s, guarded)
        return self._ledger

    @staticmethod
    def _exactly(metric: Mapping[str, str]) -> dict[str, str]:
        return {k: v for k, v in metric.items() if k in ("__name__", "job", "instance", "pod", "pod_name")}

    def _catch_up(self, api: Api, ledger: Ledger, at_s: int) -> None:
        """Book the steps that were missed, or all of the past at the start, by range; a few at a time."""
        step_s = ledger.step_s
        oldest_s = at_s - (ledger.points + ledger.window_s // step_s) * step_s
        start_s = oldest_s if ledger.at_s is None else max(oldest_s, ledger.at_s + step_s)
        at_once = max(1, VALUES_AT_ONCE // max(1, self._rows)) if self._rows else 4
        while start_s < at_s:
            end_s = min(start_s + (at_once - 1) * step_s, at_s - step_s)
            self._book_range(api, ledger, start_s, end_s)
            at_once = max(1, VALUES_AT_ONCE // max(1, self._rows))
            start_s = end_s + step_s

    def _book_range(self, api: Api, ledger: Ledger, start_s: int, end_s: int) -> None:
        sampled: dict[int, dict[tuple[str, ...], float]] = {}
        for track in api.query_range(self._sampled(), start_s, end_s, ledger.step_s):
            handle = handle_of(track.metric)
            self._identify(track.metric, float(track.values[-1][1]))
            for at, text in track.values:
                times = sampled.setdefault(round(at), {})
                times[handle] = max(times.get(handle, 0.0), float(text))
        ledger.know(self._owners, self._identity)
        rows: dict[int, list[tuple[Reading, float]]] = {}
        tracks = api.query_range(self._counters(), start_s, end_s, ledger.step_s)
        for track in tracks:
            reading = ledger.reading(track.metric)
            for at, text in track.values:
                rows.setdefault(round(at), []).append((reading, float(text)))
        self._rows = max(len(tracks), 1)
        for step_s in range(start_s, end_s + 1, ledger.step_s):
            ledger.ingest(step_s, rows.get(step_s, ()), sampled.get(step_s, {}))

    def _book_now(self, api: Api, ledger: Ledger, at_s: int) -> None:
        rows = api.query(self._counters(), at_s)
        sampled: dict[tuple[str, ...], float] = {}
        self._identity = {}
        for row in api.query(self._sampled(), at_s):
            handle = handle_of(row.metric)
            at = float(row.value[1])
            self._identify(row.metric, at)
            sampled[handle] = max(sampled.get(handle, 0.0), at)
        ledger.know(self._owners, self._identity)
        self._rows = len(rows)
        ledger.ingest(at_s, [(ledger.reading(row.metric), float(row.value[1])) for row in rows], sampled)
        ledger.forget()

    def _identify(self, metric: dict[str, str], at: float) -> None:
        """Note what target_info says of a target; only the newest counts, since an address finds a new owner."""
        if "kn_revision_name" not in metric:
            return
        told = self._identity.setdefault(handle_of(metric), [])
        newest = max((float(one["at"]) for one in told), default=-math.inf)
        if at > newest:
            told.clear()
        if at >= newest:
            told.append({**metric, "at": str(at)})

    def _counters(self) -> str:
        assert self._introduction is not None
        return dialects.counters(self._introduction.families, self._matchers.text, self._namespaces())

    def _sampled(self) -> str:
        assert self._introduction is not None
        return dialects.sampled(self._introduction.families, self._matchers.text, self._namespaces())

    def _namespaces(self) -> frozenset[str]:
        return frozenset(isvc.key.namespace for isvc in self._services)

    def _look_closer(self, api: Api, ledger: Ledger, look: Look) -> dict[Key, Buckets]:
        self._closeup.ask_latency(api, ledger, (look.selected, *look.visible))
        return self._closeup.ask_detail(api, ledger, self._owners, look.selected)

    def _set_pace(self, pace: Pace) -> None:
        """Go on at another pace; the books are thinned out, or begun anew when the steps became shorter."""
        old, self._pace = self._pace, pace
        if self._ledger is not None and pace.tick_s == 2 * old.tick_s:
            self._ledger.slow_down(pace.tick_s, pace.window_s, pace.points)
        elif pace.tick_s != old.tick_s:
            self._ledger = None

    def _report(self, buckets: dict[Key, Buckets]) -> TrafficReport:
        ledger, known = self._ledger, self._introduction
        traffic = {} if ledger is None else {k: f.traffic(ledger.step_s) for k, f in ledger.flows.items()}
        newest_s = max((f.sampled_s for f in ledger.flows.values() if f.sampled_s), default=None) if ledger else None
        at_s = ledger.at_s if ledger else None
        return TrafficReport(
            prometheus=Prometheus(
                url=self._url,
                found_by=self._found_by,
                version=known.version if known else "",
                families=known.families if known else (),
                scrape_interval_s=self._scrape_s,
                window_s=ledger.window_s if ledger else None,
                tick_s=self._pace.tick_s,
                retention=known.retention if known else "",
                query_s=self._took_s,
                sampled_at=_moment(newest_s),
                now=_moment(at_s),
                notes=tuple(self._notes(ledger)),
            ),
            traffic=traffic,
            buckets=buckets,
        )

    def _notes(self, ledger: Ledger | None) -> Iterable[str]:
        if self._introduction and not self._introduction.families:
            yield (
                "this Prometheus has no request metrics of models: does it scrape them? "
                f"Looked for {', '.join(dialect.requests for dialect in DIALECTS.values())}"
            )
        elif ledger and ledger.at_s is not None and not ledger.flows and self._services:
            yield "this Prometheus has request metrics, but none of the services in view"
        if self._pace.note:
            yield self._pace.note
        if ledger:
            yield from sorted(set(ledger.problems.values()))


def _moment(at_s: float | None) -> datetime | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC)
