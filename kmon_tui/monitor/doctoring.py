"""The doctor as an errand, and by itself: for each service that is looked at and has no numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from kmon_tui.backend import Backend, Interest, Metrics
from kmon_tui.domain.command import Examine
from kmon_tui.domain.doctor.chain import known_cause
from kmon_tui.domain.doctor.facts import Case
from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.doctor.local_ports import forward_port
from kmon_tui.domain.errors import BackendError, KmonError
from kmon_tui.domain.health import Health
from kmon_tui.domain.health import Status as Source
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.monitor.errands import Tell, Work
from kmon_tui.monitor.store import Store

REST_S = 3.0
"""A selection rests for so long before the doctor is called: cursors run over many rows."""
APART_S = 5.0
AGAIN_S = 300.0
"""A cause is looked for again after so long: what mends it, as another job of Prometheus, changes nothing we watch."""
MOST_CAUSES = 200
"""So many services of a context are looked at by itself; the key D looks at any."""


def examining(command: Examine, backend: Backend | None, metrics: Metrics | None, state: State) -> Work:
    """Give the work of a whole examination."""

    async def work(tell: Tell) -> tuple[str, object]:
        doctor = backend.doctor if backend is not None else None
        if doctor is None:
            raise KmonError("there is no way to the cluster just now", "Is it there? ctrl+r tries at once.")
        report = await doctor.examine(case_of(state, command.key), metrics, lambda part: tell(report_words(part), part))
        return report_words(report), report

    return work


def case_of(state: State, key: Key | None, *, brief: bool = False) -> Case:
    """Give what is to be examined: what is watched, one service of it, and the ports of forwards."""
    fleet, context = state.fleet, state.place.context
    services = fleet.services
    if brief and key is not None:
        # It waits long for its few questions: the services of a busy fleet, kept so long, would double its memory.
        services = tuple([isvc for isvc in services if isvc.key.namespace == key.namespace])
    ports = tuple(
        forward_port(one.spec, f"forward {one.spec.name}")
        for one in state.forwards
        if one.spec.local_port and one.context == context
    )
    return Case(
        services=services,
        namespace=fleet.namespace,
        key=key if any(isvc.key == key for isvc in services) else None,
        ports=ports,
        problem="" if fleet.synced else fleet.health.error,
        read_only=bool(state.place.read_only),
        families=tuple(map(str, state.traffic.prometheus.families)) if brief and state.traffic is not None else None,
        brief=brief,
        tick_s=(state.traffic.prometheus.tick_s or 0.0) if state.traffic is not None else 0.0,
    )


def report_words(report: Report) -> str:
    """Say in one line how far an examination is, or how it ended."""
    if report.running:
        return f"looking at {', '.join(report.running)}"
    bad = report.count(Status.FAIL) + report.count(Status.WARN)
    checks = len(report.findings)
    return f"{checks} check{'' if checks == 1 else 's'}, {bad or 'no'} finding{'' if bad == 1 else 's'}"


class Causes:
    """Finds the first failing check for the service that is looked at, while it has no numbers."""

    def __init__(
        self, store: Store, interest: Interest, backend: Backend, metrics: Callable[[], Metrics | None]
    ) -> None:
        self._store, self._interest, self._backend, self._metrics = store, interest, backend, metrics
        self._seen: dict[Key, tuple[object, float]] = {}
        """What a service was when it was looked at, and when that was."""
        self._asked: Metrics | None = None

    async def run(self) -> None:
        """Look until cancelled: one service at a time, and again once it is another than the one that was seen."""
        while len(self._seen) < MOST_CAUSES:
            key = await self._store.wait_for(self._mute)
            await asyncio.sleep(REST_S)
            if self._mute(self._store.state) != key:
                continue
            await self._look(key)

    def _mute(self, state: State) -> Key | None:
        """Give the selected service, if it has no numbers although Prometheus answers, and was not examined yet."""
        if self._metrics() is not self._asked:
            self._asked = self._metrics()
            self._seen.clear()
        key, report = self._interest.selected, state.traffic
        if key is None or report is None or not state.fleet.synced:
            return None
        if state.health.get(PROMETHEUS, Health()).status is not Source.LIVE:
            return None
        traffic = report.traffic.get(key)
        known = traffic is not None and (traffic.requests_per_s is not None or traffic.new_requests is not None)
        isvc = None if known else next((one for one in state.fleet.services if one.key == key), None)
        if isvc is None:
            return None
        seen, at_s = self._seen.get(key, (None, 0.0))
        return None if seen == _sign(isvc) and asyncio.get_running_loop().time() - at_s < AGAIN_S else key

    async def _look(self, key: Key) -> None:
        case = case_of(self._store.state, key, brief=True)
        if case.isvc is None:
            return
        self._seen[key] = (_sign(case.isvc), asyncio.get_running_loop().time())
        asked = (cause := known_cause(case.isvc)) is None
        if cause is None:
            cause = await self._found(case)
        state = self._store.state
        if cause != state.causes.get(key):
            others = {other: one for other, one in state.causes.items() if other != key}
            self._store.put(replace(state, causes=others if cause is None else {**others, key: cause}))
        if asked:
            await asyncio.sleep(APART_S)

    async def _found(self, case: Case) -> Finding | None:
        doctor = self._backend.doctor
        if doctor is None:
            return None
        try:
            return (await doctor.examine(case, self._metrics(), lambda _: None)).first_failing
        except BackendError:
            return None  # the source that fails says so itself


def _sign(isvc: InferenceService) -> object:
    """Give what of a service decides why it has no numbers: while that is the same, so is the cause."""
    return (
        isvc.uid,
        isvc.generation,
        isvc.readiness,
        isvc.reason,
        [(pod.name, pod.phase, pod.ready) for pod in isvc.pods],
    )
