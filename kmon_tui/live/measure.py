"""One service over one window, measured once, for ``kmon-tui metrics``. Runs in the thread of PrometheusClient."""

from __future__ import annotations

import math
import time
from array import array
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.domain.beside import Users
from kmon_tui.domain.errors import BackendError, NotFound
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.traffic import Family, Prometheus, Scope, Series, Traffic
from kmon_tui.live.closeup import CloseUp, Tables, closer, latency_of
from kmon_tui.live.coarser import coarser, rates, steps_for, unseen
from kmon_tui.live.detail import Table, failed, ratio_of
from kmon_tui.live.feeder import Column, Feeder
from kmon_tui.live.flow import Flow
from kmon_tui.live.introduction import UNKNOWN_SCRAPE_S, Introduction, configured_interval, introduce, nothing_counted
from kmon_tui.live.last_seen import last_seen, why_not
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.outside import seen_by_users
from kmon_tui.live.pace import Pace
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Role
from kmon_tui.live.packs.ingress import ACTIVATORS
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.telling import traffic_of

MOST_VALUES = 2_000_000
"""Values of all services of a namespace; with more the past is shorter."""
UNCOUNTED = "which requests failed is not known: none of its metrics counts them"
NOT_SERVING = "what callers get now is not known: no pod of it is ready, and nobody before the pods counts"
UNSEEN = "no sample of it came in this window"


def measure(
    api: Api,
    matchers: Matchers,
    shown: Prometheus,
    services: tuple[InferenceService, ...],
    key: Key,
    window_s: int,
    family: Family | None = None,
) -> Measurement:
    """Ask for the window that ends now. It is widened to whole steps, and a step is never shorter than a scrape."""
    isvc = _found(services, key)
    api.begin()
    feeder = Feeder(matchers)
    feeder.know(tuple(one for one in services if one.key.namespace == key.namespace))
    feeder.introduction = known = introduce(api, matchers.text)
    at_s = math.floor(time.time() + known.skew_s)
    pace = Pace(UNKNOWN_SCRAPE_S)
    ledger = Ledger(pace.tick_s, pace.window_s, pace.points, pace.scrape_s, family)
    seen: Column = feeder.look(api, ledger, at_s) if known.families else ([], array("d"))
    measured_s = feeder.scrape_interval(api, seen, at_s)
    scrape_s = measured_s or configured_interval(api) or UNKNOWN_SCRAPE_S
    step_s, times, told = steps_for(window_s, scrape_s, feeder.rows)
    steps = told * times
    rate_s = step_s * max(1, -(-round(max(60.0, 4 * scrape_s)) // step_s))
    ledger.step_s, ledger.window_s, ledger.points, ledger.scrape_s = step_s, rate_s, steps, scrape_s
    if known.families:
        feeder.catch_up(api, ledger, at_s, MOST_VALUES, math.inf)
        feeder.book_now(api, ledger, at_s, seen, key)
    else:
        feeder.ask_alerts(api)
    closeup = CloseUp(matchers.text)
    closeup.native = known.native
    tables = closeup.ask_tables(api, ledger, feeder.owners, feeder.levels, key, steps * step_s)
    if tables is not None:
        closeup.ask_latency(api, ledger, [key], sweep=0)
    flow = ledger.flows.get(key) or ledger.users.get(key)
    prometheus = replace(
        _introduced(shown, known),
        scrape_interval_s=measured_s,
        window_s=rate_s,
        query_s=api.took_s,
        warnings=api.warnings,
        notes=(*known.words, *unseen(step_s, scrape_s)),
        sampled_at=datetime.fromtimestamp(flow.sampled_s, UTC) if flow and flow.sampled_s else None,
        now=datetime.fromtimestamp(at_s, UTC),
        family=family,
    )
    empty = Measurement(
        key,
        prometheus,
        steps * step_s,
        step_s * times,
        alerts=feeder.alerts.by_service.get(key, ()),
        problem=_problem(known, flow, isvc, matchers),
    )
    if flow is None:
        return _long_ago(api, matchers, feeder, empty, at_s, scrape_s)
    if tables is None:
        return replace(empty, traffic=flow.traffic(step_s))
    if flow.sampled_s is not None and flow.sampled_s <= at_s - steps * step_s:
        return replace(empty, traffic=_last_known(flow, step_s), problem=empty.problem or UNSEEN)
    table = tables.by_family.get(flow.family) or Table.nothing(steps)
    traffic = _whole_window(feeder, ledger, flow, key, tables, steps)
    if flow.lost and unseen(step_s, scrape_s):
        traffic = _exactly(api, matchers, feeder, traffic, key, at_s, scrape_s)
    if times > 1:
        traffic = traffic._replace(requests=rates(table.requests.steps, step_s, times, at_s))
    return replace(
        empty,
        traffic=traffic,
        problem=empty.problem or _uncounted(traffic, table, feeder.owners.may_serve(key)),
        buckets=coarser(closer(ledger, feeder.owners, key, tables), times),
        requests_in_window=table.requests.total if table.requests.seen else None,
        requests_by_class={code: one.total for code, one in table.by_class.items()},
        bucket_totals=table.totals,
    )


def _long_ago(
    api: Api, matchers: Matchers, feeder: Feeder, empty: Measurement, at_s: float, scrape_s: float
) -> Measurement:
    """Say how old the newest sample of before the window is, or why that is not known."""
    try:
        last = last_seen(api, matchers.text, feeder.owners, empty.key, at_s, scrape_s)
    except BackendError as error:
        return replace(empty, problem=f"{empty.problem}; {why_not(error)}")
    if last is None:
        return empty
    return replace(empty, traffic=last, problem=f"{UNSEEN}: none of its pods is scraped any more")


def _exactly(
    api: Api, matchers: Matchers, feeder: Feeder, traffic: Traffic, key: Key, at_s: float, scrape_s: float
) -> Traffic:
    """Find the newest sample of what ended between two looks, where these are rare; its counter is not known then."""
    try:
        last = last_seen(api, matchers.text, feeder.owners, key, at_s, scrape_s)
    except BackendError:
        return traffic
    if last is None or last.sampled_at is None or (traffic.sampled_at and traffic.sampled_at >= last.sampled_at):
        return traffic
    return traffic._replace(sampled_at=last.sampled_at, counter_sum=None)


def _found(services: tuple[InferenceService, ...], key: Key) -> InferenceService:
    for isvc in services:
        if isvc.key == key:
            return isvc
    raise NotFound(f"no {key.kind} named {key.name} in {key.namespace}", "`kmon-tui get -A` lists them.")


def _introduced(shown: Prometheus, known: Introduction) -> Prometheus:
    return replace(shown, version=known.version, retention=known.retention, families=known.families)


def _whole_window(feeder: Feeder, ledger: Ledger, flow: Flow, key: Key, tables: Tables, steps: int) -> Traffic:
    """Give the traffic with quantiles and error ratios of all the window, and nothing for now when now is a gap."""
    traffic = traffic_of(ledger, feeder.levels, feeder.owners, key)
    table = tables.by_family.get(flow.family) or Table.nothing(steps)
    p50, p90, p99 = (quantile(q, table.le_ms, table.totals) for q in (0.5, 0.9, 0.99))
    finite = [bound for bound in table.le_ms if math.isfinite(bound)]
    pods = failed(table) or failed(tables.by_family.get(Family.SDK) or Table.nothing(steps))
    ratio = ratio_of(pods)
    front = ledger.users.get(key)
    users = traffic.users
    if front is not None and users is not None and not front.problem and front.family in tables.by_family:
        seen = failed(tables.by_family[front.family])
        if front.family in ACTIVATORS and seen is not None and pods is not None:
            seen = seen_by_users(seen, (pods[0], table.requests.total))
        traffic = traffic._replace(scope=Scope.USERS, users=_users(users, seen, tables.by_family[front.family]))
    # Without a pod and without anybody before the pods, nobody can say how callers fare now.
    of_pods = ratio if traffic.scope is Scope.USERS or feeder.owners.may_serve(key) else None
    return traffic._replace(
        error_ratio=traffic.users.error_ratio if traffic.users and traffic.scope is Scope.USERS else of_pods,
        pods_error_ratio=ratio if flow is ledger.flows.get(key) else None,
        requests_per_s=None if flow.lost else traffic.requests_per_s,
        requests=Series(traffic.requests.end_s, ledger.step_s, traffic.requests.values[-steps:]),
        errors=Series(traffic.errors.end_s, ledger.step_s, traffic.errors.values[-steps:]),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        top_bound_ms=finite[-1] if finite else None,
        mean_ms=_mean_ms(flow, table),
    )


def _last_known(flow: Flow, step_s: int) -> Traffic:
    """Give what the newest sample told, and nothing of a window without any: that is told by the next scrape."""
    last = flow.traffic(step_s)
    rate = None if flow.lost else last.requests_per_s
    last = last._replace(requests_per_s=rate, error_ratio=None, pods_error_ratio=None, mean_ms=None)
    return last._replace(p50_ms=None, p90_ms=None, p99_ms=None)


def _users(users: Users, seen: tuple[float, float] | None, table: Table) -> Users:
    """Give what callers saw in all of the window."""
    own = dict(zip(table.le_ms, table.totals, strict=True))
    reached, bounds = 0.0, {}
    for le_ms, count in own.items():
        reached += count
        bounds[le_ms] = reached
    latency = latency_of(bounds, 1.0)
    return users._replace(
        error_ratio=ratio_of(seen),
        p50_ms=latency.p50_ms,
        p90_ms=latency.p90_ms,
        p99_ms=latency.p99_ms,
        top_bound_ms=latency.top_bound_ms,
    )


def _mean_ms(flow: Flow, table: Table) -> float | None:
    """Give the mean of what went well: nobody adds the time of what failed (packs, ``Role.DURATION``)."""
    took, seen = table.extra.get(Role.DURATION), failed(table)
    good = table.requests.total - (seen[0] if seen else 0.0)
    return None if took is None or good <= 0 else DIALECTS[flow.family].duration_to_ms * took.total / good


def _uncounted(traffic: Traffic, table: Table, may_serve: bool) -> str:
    """Say why there is no error ratio although there were requests."""
    if traffic.error_ratio is not None or not table.requests.total:
        return ""
    return UNCOUNTED if may_serve else NOT_SERVING


def _problem(known: Introduction, flow: Flow | None, isvc: InferenceService, matchers: Matchers) -> str:
    if flow is not None:
        return flow.problem or flow.remark
    if not known.families:
        return nothing_counted(matchers)
    if isvc.readiness in (Readiness.COLD, Readiness.STOPPED):
        return f"it is {isvc.readiness}: there is no pod that could count requests"
    return "this Prometheus has no series of it, not for a day: it had no request yet, or its pods are not scraped"
