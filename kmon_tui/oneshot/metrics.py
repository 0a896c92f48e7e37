"""`kmon-tui metrics NAME`: requests, errors and latency of one service in one window."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.beside import Llm, Scaling, Users
from kmon_tui.domain.errors import Absent, SettingsError, TimedOut, Unreachable
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.names import Wanted
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family, Prometheus, Series, Traffic
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.get import PATIENCE_S, Answer, raise_if_failing
from kmon_tui.oneshot.table import UNKNOWN, text_of
from kmon_tui.render import units
from kmon_tui.render.cells import clean
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.render.pages import warned
from kmon_tui.settings import Settings

FORMATS = ("table", "json", "yaml")
SHORTEST_S, LONGEST_S = 60, 30 * 86400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted
    window_s: int = 900
    family: Family | None = None
    form: str = "json"
    ascii_only: bool = False


def window_s(text: str) -> int:
    """Read ``15m`` or ``1h30m``; a bare number means seconds. Raises SettingsError."""
    parts = re.findall(r"(\d+)([smhdw]?)", text)
    total = sum(int(number) * _UNITS[unit or "s"] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text.strip() or not SHORTEST_S <= total <= LONGEST_S:
        raise SettingsError(f"{text!r} is no window", "Write it as 15m or 6h, from 1m to 30d.")
    return total


def family_of(text: str) -> Family | None:
    """Read the name of a family; None for nothing. Raises SettingsError."""
    if not text:
        return None
    try:
        return Family(text)
    except ValueError:
        raise SettingsError(f"there is no family {text!r}", f"One of: {', '.join(Family)}.") from None


async def metrics(open_backend: OpenBackend, settings: Settings, wish: Wish) -> Answer:
    """Measure once. Raises BackendError when cluster or Prometheus do not answer, Absent for an unknown name."""
    checked(wish.form, FORMATS)
    async with open_backend(settings) as backend:
        if backend.measures is None:
            raise SettingsError("no Prometheus is configured", "Name one with --prometheus URL or PROMETHEUS_URL.")
        fleet = await complete_fleet(backend, settings)
        isvc = chosen(fleet, wish.wanted)
        measurement = await backend.measures.measure(fleet.services, isvc.key, wish.window_s, wish.family)
    prometheus = measurement.prometheus
    problems = [measurement.problem] if measurement.problem else []
    words = (*problems, *map(warned, prometheus.warnings), *prometheus.notes)
    return Answer(write(measurement, wish.form, ascii_only=wish.ascii_only), words)


def write(measurement: Measurement, form: str, *, ascii_only: bool = False) -> str:
    """Write a measurement in one format."""
    if form == "json":
        return json_text(document(measurement), ascii_only=ascii_only)
    if form == "yaml":
        return yaml_text(document(measurement))
    return _table(measurement)


def document(measurement: Measurement) -> dict[str, Any]:
    """Give what JSON shows; null where a value is not known, never NaN or Infinity."""
    traffic, prometheus = measurement.traffic, measurement.prometheus
    steps = measurement.window_s // measurement.step_s
    end_s = prometheus.now.timestamp() if prometheus.now else 0.0
    times = [round(end_s) - measurement.step_s * back for back in reversed(range(steps))]
    return {
        "family": traffic.family.value if traffic else None,
        "families": [family.value for family in traffic.families] if traffic else [],
        "means": (traffic.means or None) if traffic else None,
        "prometheus": {
            "url": prometheus.url or None,
            "found_by": prometheus.found_by or None,
            "version": prometheus.version or None,
        },
        "window_s": measurement.window_s,
        "step_s": measurement.step_s,
        "requests_per_s": {
            "now": _number(traffic.requests_per_s) if traffic else None,
            "series": _points(times, traffic.requests if traffic else None),
        },
        "requests_in_window": _number(measurement.requests_in_window),
        "requests_by_class": {code: _number(value) for code, value in measurement.requests_by_class.items()},
        "counter_sum": _number(traffic.counter_sum) if traffic else None,
        "error_ratio": _number(traffic.error_ratio) if traffic else None,
        "pods_error_ratio": _number(traffic.pods_error_ratio) if traffic else None,
        "alerts": None if measurement.alerts is None else [_alert(one) for one in measurement.alerts],
        "problem": measurement.problem or None,
        "age_s": _number(measurement.age_s),
        "scope": traffic.scope.value if traffic else None,
        "scrape_interval_s": _number(prometheus.scrape_interval_s),
        "latency_ms": {
            "p50": _number(traffic.p50_ms) if traffic else None,
            "p90": _number(traffic.p90_ms) if traffic else None,
            "p99": _number(traffic.p99_ms) if traffic else None,
        },
        "mean_ms": _number(traffic.mean_ms) if traffic else None,
        "top_bound_ms": _number(traffic.top_bound_ms) if traffic else None,
        **_beside(traffic),
        "cold_starts": measurement.buckets.cold_starts if measurement.buckets else None,
        "buckets": list(_buckets(measurement, times)),
    }


def _beside(traffic: Traffic | None) -> dict[str, Any]:
    """Give what callers saw, the pods, and the tokens; null where nothing is known of it."""
    users, scaling, llm = (traffic.users, traffic.scaling, traffic.llm) if traffic else (None, None, None)
    told = None
    if users is not None:
        told = _plain(users)
        told["by_class"] = {code: _number(value) for code, value in users.by_class}
    return {
        "users": told,
        "scaling": None if scaling is None else _plain(scaling),
        "llm": None if llm is None else _plain(llm),
    }


def _plain(values: Users | Scaling | Llm) -> dict[str, Any]:
    return {
        name: value.timestamp()
        if isinstance(value, datetime)
        else value
        if value is None or isinstance(value, str | bool | tuple)
        else _number(value)
        for name, value in values._asdict().items()
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "name": alert.name,
        "state": "firing" if alert.firing else "pending",
        "severity": alert.severity or None,
        "since": None if alert.since is None else alert.since.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "summary": alert.summary or None,
    }


def _buckets(measurement: Measurement, times: list[int]) -> Iterable[dict[str, Any]]:
    buckets = measurement.buckets
    if buckets is None:
        return
    for le_ms, total, counts in zip(buckets.le_ms, measurement.bucket_totals, buckets.counts, strict=True):
        yield {"le_ms": _number(le_ms), "count": _number(total), "series": _pairs(times, counts)}


def _points(times: list[int], series: Series | None) -> list[list[float | None]]:
    return _pairs(times, series.values if series else ())


def _pairs(times: list[int], values: Sequence[float]) -> list[list[float | None]]:
    """Pair times with values that end together; what lies before the first value is not known."""
    padded = [math.nan] * (len(times) - len(values)) + list(values[max(0, len(values) - len(times)) :])
    return [[at, _number(value)] for at, value in zip(times, padded, strict=True)]


def _number(value: float | None) -> float | None:
    """Round away the noise of binary fractions; whole numbers stay whole."""
    if value is None or not math.isfinite(value):
        return None
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _table(measurement: Measurement) -> str:
    traffic, prometheus = measurement.traffic, measurement.prometheus
    window = units.duration(measurement.window_s)
    rate = "" if prometheus.window_s is None else f" (over {units.duration(prometheus.window_s)})"
    rows = [
        ("requests per second" + rate, units.number(traffic.requests_per_s) if traffic else UNKNOWN),
        (f"requests in {window}", units.number(measurement.requests_in_window)),
        (f"errors in {window} (%){_scope(traffic)}", units.percent(traffic.error_ratio) if traffic else UNKNOWN),
    ]
    for name, value in (
        ("p50", traffic.p50_ms if traffic else None),
        ("p90", traffic.p90_ms if traffic else None),
        ("p99", traffic.p99_ms if traffic else None),
    ):
        rows.append((f"latency {name}", units.milliseconds(value, traffic.top_bound_ms if traffic else None)))
    if traffic and traffic.mean_ms is not None:
        rows.append(("latency, mean", units.milliseconds(traffic.mean_ms)))
    rows += list(_rows_beside(traffic, prometheus)) if traffic else []
    rows += [("alert", _alert_words(one)) for one in measurement.alerts or ()]
    rows += [
        ("requests since its pods began", units.number(traffic.counter_sum) if traffic else UNKNOWN),
        ("age of the newest sample", UNKNOWN if measurement.age_s is None else units.duration(measurement.age_s)),
        ("source", f"{traffic.family if traffic else UNKNOWN} at {prometheus.url or prometheus.scraped}"),
    ]
    return text_of([(name, clean(value)) for name, value in rows])


def _alert_words(alert: Alert) -> str:
    state = "firing" if alert.firing else "pending"
    return "  ".join(filter(None, (f"{alert.name} {state}", alert.severity, alert.summary)))


def _scope(traffic: Traffic | None) -> str:
    return f", as {traffic.scope} see it" if traffic else ""


def _rows_beside(traffic: Traffic, prometheus: Prometheus) -> Iterable[tuple[str, str]]:
    def told_by(source: str, sampled_at: datetime | None) -> str:
        age_s = prometheus.age_s(sampled_at)
        return f"({source})" if age_s is None else f"({source}, {units.duration(age_s)} old)"

    if (users := traffic.users) is not None:
        yield (
            f"callers' requests per second {told_by(users.family, users.sampled_at)}",
            units.number(users.requests_per_s),
        )
        yield "callers' latency p99", units.milliseconds(users.p99_ms, users.top_bound_ms)
        yield "errors as pods see it (%)", units.percent(traffic.pods_error_ratio)
    if (scaling := traffic.scaling) is not None:
        pods = f"{units.number(scaling.ready)} of {units.number(scaling.wanted)}"
        yield f"pods ready of wanted {told_by(scaling.source, scaling.sampled_at)}", pods
    if (llm := traffic.llm) is not None:
        running = f"{units.number(llm.running)}, {units.number(llm.waiting)}"
        yield f"requests running, waiting {told_by(Family.VLLM, llm.sampled_at)}", running
        yield "KV cache (%)", units.percent(llm.kv_cache_ratio)
        yield "prefix hits (%)", units.percent(llm.prefix_hit_ratio)
        tokens = f"{units.number(llm.prompt_tokens_per_s)}, {units.number(llm.generation_tokens_per_s)}"
        yield "tokens per second, read and written", tokens
        yield "time to first token, p50 and p99", _two(llm.ttft_p50_ms, llm.ttft_p99_ms, llm.ttft_top_ms)
        yield "time between tokens, p50 and p99", _two(llm.itl_p50_ms, llm.itl_p99_ms, llm.itl_top_ms)


def _two(first: float | None, second: float | None, top: float | None) -> str:
    return f"{units.milliseconds(first, top)}, {units.milliseconds(second, top)}"


async def complete_fleet(backend: Backend, settings: Settings, *, scaled: bool = False) -> Fleet:
    """Give the first complete list; ``scaled``: with what autoscalers say. Raises BackendError when there is none."""
    patience_s = settings.kube.request_timeout_s or PATIENCE_S
    try:
        async with asyncio.timeout(patience_s), aclosing(backend.cluster.watch()) as fleets:
            async for fleet in fleets:
                if fleet.synced and (fleet.scaled or not scaled):
                    return fleet
                raise_if_failing(fleet.health)
    except TimeoutError:
        raise TimedOut(f"no complete answer in {patience_s:g} s", "A larger --request-timeout waits longer.") from None
    raise Unreachable("the API server's answer ended before the list was complete")


def chosen(fleet: Fleet, wanted: Wanted) -> InferenceService:
    """Give the one service that is meant; the context's namespace is all that is watched unless -A was given."""
    found = [isvc for isvc in fleet.services if wanted.fits(isvc.key)]
    if not found and (unseen := fleet.unseen(wanted.kind)):
        raise Absent(f"whether there is a service {wanted.name} cannot be seen: {unseen}", "Ask for that right.")
    if not found:
        raise Absent(f"there is no service {wanted.name}", "`kmon-tui get -A` lists them; -n chooses the namespace.")
    if len(found) > 1:
        raise SettingsError(
            f"several services are named {wanted.name}: {', '.join(_full(isvc.key) for isvc in found[:5])}",
            "Say which with -n NAMESPACE or KIND/NAME.",
        )
    return found[0]


def _full(key: Key) -> str:
    return clean(f"{key.kind.lower()}/{key.name} in {key.namespace}")
