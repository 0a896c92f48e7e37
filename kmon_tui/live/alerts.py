"""Alerts by service: a part of the question that each tick asks, and their summaries when other ones fire."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.service import Key
from kmon_tui.live.parts import PART
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_answers import Labelled, Row

OwnerOf = Callable[[Mapping[str, str]], Key | None]
MOST_SUMMARIES = 2000
ASK_AGAIN_S = 30.0
NOT_TOLD_S = 600.0
"""A server that does not tell annotations (Thanos, Mimir) is not asked again for so long."""
_MARK = f'"{PART}":"alert"'.encode()
_NOT_ITS_OWN = frozenset({"__name__", "alertstate", PART})
_SERVICE = ("inferenceservice", "isvc", "isvc_name", "inference_service")
_WORKLOAD = ("deployment", "ksvc", "configuration")

Labels = frozenset[tuple[str, str]]


def question(only: str) -> str:
    """Ask which alerts there are, and since when; ``only``: matchers."""
    firing = f'ALERTS{{alertstate=~"firing|pending"{f",{only}" if only else ""}}}'
    since = f"ALERTS_FOR_STATE{{{only}}}" if only else "ALERTS_FOR_STATE"
    return f'label_replace({firing}, "{PART}", "alert", "", "") or label_replace({since}, "{PART}", "alert", "", "")'


def is_alert(series: Labelled) -> bool:
    """Whether a row is one of an alert; our question marks them."""
    return _MARK in series.text


class Alerts:
    """The alerts of all services at the newest tick."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._summaries: dict[Labels, str] = {}
        self._asked_for: frozenset[Labels] = frozenset()
        self._ask_from_s = 0.0
        self.by_service: Mapping[Key, tuple[Alert, ...]] = {}
        """The gravest first; one tick gives the same object as the one before when nothing has changed."""

    def take(self, api: Api, rows: Iterable[Row], owner_of: OwnerOf) -> None:
        """Take in one tick."""
        states: dict[Labels, tuple[Key, dict[str, str]]] = {}
        since_s: dict[Labels, float] = {}
        for row in rows:
            metric = row.metric
            labels = frozenset((name, value) for name, value in metric.items() if name not in _NOT_ITS_OWN)
            if "alertstate" not in metric:
                since_s[labels] = float(row.value[1])
            elif (owner := owner_of(whose(metric))) is not None:
                states[labels] = (owner, metric)
        self._learn(api, frozenset(states))
        found: dict[Key, list[Alert]] = {}
        for labels, (owner, metric) in states.items():
            found.setdefault(owner, []).append(self._alert(labels, metric, since_s.get(labels)))
        told = {key: tuple(sorted(alerts, key=_gravest)) for key, alerts in found.items()}
        if told != self.by_service:
            self.by_service = told

    def _alert(self, labels: Labels, metric: Mapping[str, str], since_s: float | None) -> Alert:
        return Alert(
            name=metric.get("alertname", ""),
            firing=metric["alertstate"] == "firing",
            severity=metric.get("severity", ""),
            since=_moment(since_s),
            summary=self._summaries.get(labels, ""),
        )

    def _learn(self, api: Api, wanted: frozenset[Labels]) -> None:
        """Read annotations when there are alerts whose words are not known; they are in no series."""
        if not wanted or wanted <= self._asked_for or self._clock() < self._ask_from_s:
            return
        self._ask_from_s = self._clock() + ASK_AGAIN_S
        try:
            answer = api.read("alerts")
        except BackendError:
            self._ask_from_s = self._clock() + NOT_TOLD_S
            return
        entries = answer.get("alerts") if isinstance(answer, dict) else None
        self._summaries = {}
        for entry in entries[:MOST_SUMMARIES] if isinstance(entries, list) else ():
            labels, notes = entry.get("labels"), entry.get("annotations")
            if isinstance(labels, dict) and isinstance(notes, dict):
                words = notes.get("summary") or notes.get("description") or notes.get("message") or ""
                self._summaries[frozenset((str(k), str(v)) for k, v in labels.items())] = str(words)
        self._asked_for = wanted


def whose(metric: Mapping[str, str]) -> Mapping[str, str]:
    """Give labels that lead to a service, also where an alert names it as rules of kube-state-metrics do."""
    for name in _SERVICE:
        if metric.get(name):
            return {"serving_kserve_io_inferenceservice": metric[name], "namespace": metric.get("namespace", "")}
    if not metric.get("service_name"):
        for name in _WORKLOAD:
            if metric.get(name):
                return {**metric, "exported_service_name": metric[name]}
    return metric


def _gravest(alert: Alert) -> tuple[bool, bool, str]:
    return (not alert.is_grave, not alert.firing, alert.name)


def _moment(at_s: float | None) -> datetime | None:
    if at_s is None or not math.isfinite(at_s) or not 0 < at_s < 1e11:
        return None
    return datetime.fromtimestamp(at_s, UTC)
