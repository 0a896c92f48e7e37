"""Which containers of a pod have something to read: each start of a container is a run of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.logs import LogRequest
from kmon_tui.domain.peek import at, moment, name_of, number, rows, text
from kmon_tui.domain.tree import Object


class Run(NamedTuple):
    """One run of one container."""

    pod: str
    uid: str
    container: str
    id: str
    """Others for each start of the container."""
    running: bool
    started: datetime | None
    before: str = ""
    """How the run before it ended."""

    @property
    def place(self) -> tuple[str, str, str]:
        """Pod, its uid and container: what all runs of one container share."""
        return self.pod, self.uid, self.container


def runs_of(pod: Object, request: LogRequest) -> Iterator[Run]:
    """Give the newest run of each container that is asked for; one that has not started has none."""
    if request.pods and name_of(pod) not in request.pods:
        return
    for status in _statuses(pod):
        if request.containers and text(status, "name") not in request.containers:
            continue
        run = _previous(pod, status) if request.previous else _newest(pod, status)
        if run is not None:
            yield run


def waiting(pod: Object, request: LogRequest) -> Iterator[str]:
    """Say which containers have not started yet, and why."""
    if request.pods and name_of(pod) not in request.pods:
        return
    if not any(_statuses(pod)):
        yield f"{name_of(pod)}: no container has started yet ({_pending(pod)})"
    by_reason: dict[str, list[str]] = {}
    for status in _statuses(pod):
        reason = text(status, "state", "waiting", "reason")
        asked = not request.containers or text(status, "name") in request.containers
        if asked and reason and at(status, "lastState", "terminated") is None:
            by_reason.setdefault(reason, []).append(text(status, "name"))
    for reason, names in by_reason.items():
        yield f"{', '.join(names)} of {name_of(pod)}: not started yet ({reason})"


def _statuses(pod: Object) -> Iterator[Mapping[str, object]]:
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        yield from rows(pod, "status", field)


def _pending(pod: Object) -> str:
    """Say what a pod waits for of which no container is known yet."""
    unmet = (one for one in rows(pod, "status", "conditions") if text(one, "type") == "PodScheduled")
    reasons = [text(one, "reason") for one in unmet if text(one, "status") == "False"]
    return next(filter(None, [*reasons, text(pod, "status", "reason"), text(pod, "status", "phase")]), "no status yet")


def _newest(pod: Object, status: Mapping[str, object]) -> Run | None:
    restarts = number(status, "restartCount") or 0
    for state, running in (("running", True), ("terminated", False)):
        if isinstance(at(status, "state", state), Mapping):
            started = moment(status, "state", state, "startedAt")
            return _run(pod, status, text(status, "containerID"), restarts, running=running, started=started)
    if isinstance(at(status, "lastState", "terminated"), Mapping):
        # It waits to be started again: the kubelet gives what the last run wrote.
        known = text(status, "lastState", "terminated", "containerID") or text(status, "containerID")
        started = moment(status, "lastState", "terminated", "startedAt")
        return _run(pod, status, known, restarts, running=False, started=started)
    return None


def _previous(pod: Object, status: Mapping[str, object]) -> Run | None:
    if not isinstance(at(status, "lastState", "terminated"), Mapping):
        return None
    known = text(status, "lastState", "terminated", "containerID")
    started = moment(status, "lastState", "terminated", "startedAt")
    return _run(pod, status, known, number(status, "restartCount") or 0, running=False, started=started)


def _run(
    pod: Object, status: Mapping[str, object], known: str, restarts: int, *, running: bool, started: datetime | None
) -> Run:
    ident = known or f"#{restarts}"
    uid, container = text(pod, "metadata", "uid"), text(status, "name")
    return Run(name_of(pod), uid, container, ident, running, started, _ending(at(status, "lastState", "terminated")))


def _ending(ended: object) -> str:
    """Say how a run ended."""
    code, reason = number(ended, "exitCode"), text(ended, "reason")
    if code is None and not reason:
        return ""
    told = f"exit code {code}" if code is not None else ""
    return f"{told}, {reason}".strip(", ") if reason and reason != "Error" else told
