"""A service as JSON: fields with fixed names and types, for scripts.

Text that is not there is empty; numbers and times that are not known are null.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from kmon_tui.domain.service import InferenceService

Item = dict[str, object]


def item_of(isvc: InferenceService, now: datetime) -> Item:
    """Give the item of one service."""
    return {
        "namespace": isvc.key.namespace,
        "name": isvc.key.name,
        "kind": str(isvc.key.kind),
        "readiness": str(isvc.readiness),
        "ready": isvc.ready,
        "reason": isvc.reason,
        "message": isvc.message,
        "since": time_text(isvc.since),
        "mode": str(isvc.mode),
        "runtime": isvc.runtime,
        "format": isvc.format,
        "url": isvc.url,
        "replicas": {"ready": isvc.replicas.ready, "desired": isvc.replicas.desired},
        "traffic": [{"revision": share.revision, "percent": share.percent, "tag": share.tag} for share in isvc.traffic],
        "age_s": age_s(isvc.created, now),
    }


def time_text(moment: datetime | None) -> str | None:
    """Write a time as Kubernetes does, in UTC."""
    if moment is None:
        return None
    with suppress(OverflowError):  # in the first or last hours of the calendar
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def age_s(created: datetime | None, now: datetime) -> int | None:
    """Give whole seconds since then; a clock that is behind the cluster's makes nothing negative."""
    return None if created is None else max(0, int((now - created).total_seconds()))
