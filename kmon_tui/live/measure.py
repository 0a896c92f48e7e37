"""One service over one window, measured once, for ``kmon-tui metrics``. Runs in the thread of PrometheusClient."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.domain.errors import NotFound
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.traffic import Family, Prometheus, Series, Traffic
from kmon_tui.live.closeup import CloseUp
from kmon_tui.live.detail import Table, buckets_of, error_ratio
from kmon_tui.live.dialects import DIALECTS
from kmon_tui.live.feeder import Feeder
from kmon_tui.live.flow import Flow
from kmon_tui.live.introduction import UNKNOWN_SCRAPE_S, Introduction, configured_interval, introduce
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers

MOST_STEPS = 240
MOST_VALUES = 2_000_000


def measure(
    api: Api, matchers: Matchers, shown: Prometheus, services: tuple[InferenceService, ...], key: Key, window_s: int
) -> Measurement:
    """Ask for the window that ends now. It is widened to whole steps, and a step is never shorter than a scrape."""
    isvc = _found(services, key)
    api.took_s = 0.0
    feeder = Feeder(matchers)
    feeder.know(tuple(one for one in services if one.key.namespace == key.namespace))
    feeder.introduction = known = introduce(api, matchers.text)
    at_s = math.floor(time.time() + known.skew_s)
    measured_s = feeder.scrape_interval(api, at_s) if known.families else None
    scrape_s = measured_s or configured_interval(api) or UNKNOWN_SCRAPE_S
    step_s = step_for(window_s, scrape_s)
    steps = -(-window_s // step_s)
    rate_s = step_s * max(1, -(-round(max(60.0, 4 * scrape_s)) // step_s))
    ledger = Ledger(step_s, rate_s, steps, scrape_s, matchers.labels)
    if known.families:
        feeder.catch_up(api, ledger, at_s, MOST_VALUES)
        feeder.book_now(api, ledger, at_s)
    closeup = CloseUp(matchers.text)
    table = closeup.ask_table(api, ledger, feeder.owners, key, steps * step_s)
    ratio = error_ratio(table) if table else None
    if table and not table.by_class and table.failures is None:
        # An alias without codes: the stages of the SDK beside it tell what failed.
        beside = closeup.ask_table(api, ledger, feeder.owners, key, steps * step_s, Family.SDK)
        ratio = error_ratio(beside) if beside else None
    flow = ledger.flows.get(key)
    prometheus = replace(
        _introduced(shown, known),
        scrape_interval_s=measured_s,
        window_s=rate_s,
        query_s=api.took_s,
        sampled_at=datetime.fromtimestamp(flow.sampled_s, UTC) if flow and flow.sampled_s else None,
        now=datetime.fromtimestamp(at_s, UTC),
    )
    empty = Measurement(key, prometheus, steps * step_s, step_s, problem=_problem(known, flow, isvc))
    if flow is None or table is None:
        return replace(empty, traffic=flow.traffic(step_s) if flow else None)
    return replace(
        empty,
        traffic=replace(_whole_window(flow, table, ledger, steps), error_ratio=ratio),
        buckets=buckets_of(key, DIALECTS[flow.family], table, at_s, step_s, rate_s),
        requests_in_window=table.requests.total if table.requests.seen else None,
        bucket_totals=table.totals,
    )


def _found(services: tuple[InferenceService, ...], key: Key) -> InferenceService:
    for isvc in services:
        if isvc.key == key:
            return isvc
    raise NotFound(f"no {key.kind} named {key.name} in {key.namespace}", "`kmon-tui get -A` lists them.")


def _introduced(shown: Prometheus, known: Introduction) -> Prometheus:
    return replace(shown, version=known.version, retention=known.retention, families=known.families)


def step_for(window_s: int, scrape_s: float) -> int:
    """Give the shortest whole number of scrapes that cuts the window into few enough steps."""
    scrapes = max(1, math.ceil(window_s / MOST_STEPS / scrape_s))
    return max(1, round(scrapes * scrape_s))


def _whole_window(flow: Flow, table: Table, ledger: Ledger, steps: int) -> Traffic:
    """Give the traffic with quantiles of all the window, and nothing for now when now is a gap."""
    traffic = flow.traffic(ledger.step_s)
    p50, p90, p99 = (quantile(q, table.le_ms, table.totals) for q in (0.5, 0.9, 0.99))
    finite = [bound for bound in table.le_ms if math.isfinite(bound)]
    gone = flow.gaps and flow.gaps[-1] == ledger.at_s
    return replace(
        traffic,
        requests_per_s=None if gone else traffic.requests_per_s,
        requests=Series(traffic.requests.end_s, ledger.step_s, traffic.requests.values[-steps:]),
        errors=Series(traffic.errors.end_s, ledger.step_s, traffic.errors.values[-steps:]),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        top_bound_ms=finite[-1] if finite else None,
    )


def _problem(known: Introduction, flow: Flow | None, isvc: InferenceService) -> str:
    if flow is not None:
        return flow.problem or flow.remark
    if not known.families:
        return "this Prometheus has no request metrics of models: does it scrape them?"
    if isvc.readiness in (Readiness.COLD, Readiness.STOPPED):
        return f"it is {isvc.readiness}: there is no pod that could count requests"
    return "this Prometheus has no series of it: it had no request yet, or its pods are not scraped"
