"""One row of the fleet: a service with its traffic, how bad it is, and the sentence that says why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.readiness import lagging
from kmon_tui.domain.service import InferenceService, Readiness, TrafficShare
from kmon_tui.domain.traffic import BAD_RATIO, WARN_RATIO, Scope, Traffic
from kmon_tui.render.units import percent

if TYPE_CHECKING:
    from kmon_tui.domain.verdict import Diagnosis


class Severity(IntEnum):
    """How urgently a row wants to be looked at: the worst of readiness, serving pods and error ratio."""

    QUIET = 0
    """Stopped or scaled to zero."""
    READY = 1
    SOME_ERRORS = 2
    UNKNOWN = 3
    ROLLING = 4
    AILING = 5
    """It serves, and something of it is broken: its autoscaler, one pod of two, a field that has no effect."""
    ERRORS = 6
    STUCK = 7
    """It rolls out, or has not begun, and what is in the way will not go by itself."""
    ALARM = 8
    """A grave alert fires."""
    NOT_SERVING = 9
    FAILED = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A service, its traffic and what follows from both."""

    isvc: InferenceService
    traffic: Traffic | None
    severity: Severity
    reason: str = ""
    """Why the row is trouble, one sentence; empty for rows that need none."""
    alerts: tuple[Alert, ...] = ()
    fault: tuple[str, str] = ("", "")
    """Cause of ``reason``, and what other services share it through: ``image-pull``, ``registry ghcr.io``."""


MOST_NAMED = 3
"""So many alerts are named below a line that stands for many rows."""
_EXPLAINED = frozenset({Severity.FAILED, Severity.NOT_SERVING, Severity.ROLLING, Severity.UNKNOWN})
"""What a diagnosis is about; errors and alerts have reasons of their own."""
OF_READINESS = {
    Readiness.FAILED: Severity.FAILED,
    Readiness.ROLLING: Severity.ROLLING,
    Readiness.UNKNOWN: Severity.UNKNOWN,
    Readiness.READY: Severity.READY,
    Readiness.COLD: Severity.QUIET,
    Readiness.STOPPED: Severity.QUIET,
}


def row_of(
    isvc: InferenceService,
    traffic: Traffic | None,
    alerts: tuple[Alert, ...] = (),
    diagnosis: Diagnosis | None = None,
) -> Row:
    """Judge one service; where its cause is known, that is the reason."""
    severity = OF_READINESS[isvc.readiness]
    ratio = traffic.error_ratio if traffic is not None else None
    if severity is Severity.READY and isvc.not_serving:
        severity = Severity.NOT_SERVING
    if ratio is not None and ratio >= BAD_RATIO:
        severity = max(severity, Severity.ERRORS)
    elif ratio is not None and ratio >= WARN_RATIO:
        severity = max(severity, Severity.SOME_ERRORS)
    reason, told = _reason(isvc, traffic, severity), ""
    if diagnosis is not None and severity in _EXPLAINED:
        if told := _verdict(diagnosis):
            severity, reason = max(severity, Severity.STUCK), told
    elif diagnosis is not None and _may_ail(isvc, severity, diagnosis) and (told := _verdict(diagnosis)):
        # It says Ready, and something of it is broken: worse when callers get no answer.
        severity = max(severity, Severity.ERRORS if diagnosis.is_down else Severity.AILING)
        reason = told
    if firing := [alert for alert in alerts if alert.matters]:
        severity = max(severity, Severity.ALARM if firing[0].is_grave else Severity.ERRORS)
        reason = reason or alert_words(firing[0], len(firing) - 1)
    fault = (diagnosis.cause, diagnosis.shared) if diagnosis is not None and told else ("", "")
    return Row(isvc=isvc, traffic=traffic, severity=severity, reason=reason, alerts=alerts, fault=fault)


def _may_ail(isvc: InferenceService, severity: Severity, diagnosis: Diagnosis) -> bool:
    """Say whether a diagnosis of a service that says Ready is of what it is now, and not of what it was before."""
    told = bool(isvc.reason or isvc.complaint or lagging(isvc)) or severity is Severity.ERRORS
    return told or _despite_ready(isvc, diagnosis)


def _despite_ready(isvc: InferenceService, diagnosis: Diagnosis) -> bool:
    """Say whether a diagnosis can only be of a service that says Ready: nothing else tells of that in its row."""
    about = diagnosis.object.kind if diagnosis.object is not None else ""
    silent = diagnosis.cause == "controller-silent" and about != isvc.key.kind
    return isvc.readiness is Readiness.READY and (silent or diagnosis.cause == "ready-not-serving")


def _verdict(diagnosis: Diagnosis) -> str:
    """Give the sentence of a diagnosis; empty when it knows of no cause."""
    from kmon_tui.domain.verdict import UNKNOWN_CAUSE  # late: the first paint has no diagnosis

    return "" if diagnosis.healthy or diagnosis.cause == UNKNOWN_CAUSE else diagnosis.verdict


def alert_words(alert: Alert, more: int = 0) -> str:
    """Name an alert with what its rule says of it."""
    others = f" (and {more} more)" if more > 0 else ""
    return f"alert {alert.name}{f': {alert.summary}' if alert.summary else ''}{others}"


def alert_beside(row: Row) -> str:
    """Name the gravest alert that fires where something else is the reason of the row; empty where none does."""
    firing = [alert for alert in row.alerts if alert.matters]
    if not firing or row.reason == alert_words(firing[0], len(firing) - 1):
        return ""
    return f"alert {firing[0].name}" + (f" (and {len(firing) - 1} more)" if len(firing) > 1 else "")


def folded_alerts(rows: Iterable[Row]) -> str:
    """Name the alerts that fire beside the reason that rows have in common, each with how many of them it is about."""
    grave: dict[str, bool] = {}
    about: Counter[str] = Counter()
    for row in rows:
        if row.alerts and alert_beside(row):
            firing = {alert.name: alert.is_grave for alert in row.alerts if alert.matters}
            about.update(firing.keys())
            grave |= {name: is_grave or grave.get(name, False) for name, is_grave in firing.items()}
    if not about:
        return ""
    names = sorted(about, key=lambda name: (not grave[name], -about[name], name))
    told = ", ".join(f"{name} for {about[name]}" for name in names[:MOST_NAMED])
    others = f" (and {len(names) - MOST_NAMED} more)" if len(names) > MOST_NAMED else ""
    return f"alert{'s' if len(names) > 1 else ''} {told}{others}"


def has_split(traffic: tuple[TrafficShare, ...]) -> bool:
    """Whether requests are divided between revisions."""
    return sum(1 for share in traffic if share.percent) > 1


def split_words(traffic: tuple[TrafficShare, ...]) -> str:
    """Write a traffic split as ``90% 00002  10% 00003``, the end of each revision's name being what differs."""
    return "  ".join(f"{share.percent}% {_short_revision(share)}" for share in traffic if share.percent is not None)


def scope_words(scope: Scope) -> str:
    """Say whose experience an error ratio describes."""
    return "users" if scope is Scope.USERS else "pods"


def cause(row: Row) -> str:
    """Give what rows must have in common to be told in one line; empty when the row is no trouble.

    What a diagnosis says they share is that; else names, namespaces and numbers inside the message do not count.
    """
    if row.severity < Severity.AILING or not row.reason:
        return ""
    word, shared = row.fault
    if shared:
        return f"{row.isvc.readiness} {word} {shared}"
    text = row.reason
    for own in (row.isvc.key.name, row.isvc.key.namespace):
        text = text.replace(own, "*")
    return f"{row.isvc.readiness} " + re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", text)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of rows, and how it is spoken of."""

    name: str
    label: str
    key: Callable[[Row], Any]
    of_traffic: bool = False
    """Whether numbers of the traffic decide it."""


BEGINNING = datetime.min.replace(tzinfo=UTC)


def _traffic_key(number: Callable[[Traffic], float | None]) -> Callable[[Row], Any]:
    """Order by a number of the traffic, highest first; unknown ones last."""

    def key(row: Row) -> Any:
        value = number(row.traffic) if row.traffic is not None else None
        return (0.0 if value is None else -value, value is None, row.isvc.key.namespace, row.isvc.key.name)

    return key


def _newest_first(moment: Callable[[InferenceService], datetime | None]) -> Callable[[Row], Any]:
    def key(row: Row) -> Any:
        value = moment(row.isvc)
        return (-(value or BEGINNING).timestamp() if value else 1.0, row.isvc.key.namespace, row.isvc.key.name)

    return key


SORTS: Mapping[str, Sort] = {
    sort.name: sort
    for sort in (
        Sort("state", "trouble first", lambda row: (-row.severity, row.isvc.key.namespace, row.isvc.key.name)),
        Sort("name", "name", lambda row: (row.isvc.key.name, row.isvc.key.namespace)),
        Sort("ns", "namespace", lambda row: (row.isvc.key.namespace, row.isvc.key.name)),
        Sort("rps", "most requests first", _traffic_key(lambda traffic: traffic.requests_per_s), of_traffic=True),
        Sort("err", "most errors first", _traffic_key(lambda traffic: traffic.error_ratio), of_traffic=True),
        Sort("p90", "slowest first", _traffic_key(lambda traffic: traffic.p90_ms), of_traffic=True),
        Sort("change", "last changed first", _newest_first(lambda isvc: isvc.changed)),
        Sort("since", "newest state first", _newest_first(lambda isvc: isvc.since)),
        Sort("age", "newest service first", _newest_first(lambda isvc: isvc.created)),
    )
}


def _reason(isvc: InferenceService, traffic: Traffic | None, severity: Severity) -> str:
    if severity is Severity.FAILED or (isvc.readiness in {Readiness.ROLLING, Readiness.UNKNOWN} and isvc.reason):
        words = ": ".join(part for part in (isvc.reason, isvc.message) if part)
        return words or "not ready, and nothing in its status says why"
    if severity is Severity.NOT_SERVING:
        return f"Ready, but 0 of {isvc.replicas.desired} pods serve"
    if severity is Severity.ERRORS and traffic is not None:
        return f"{percent(traffic.error_ratio)} % of requests fail (as {scope_words(traffic.scope)} see it)"
    return ""


def _short_revision(share: TrafficShare) -> str:
    if share.tag:
        return share.tag
    number = re.search(r"-(\d{5})$", share.revision)
    return number[1] if number else share.revision or ("latest" if share.latest else "?")
