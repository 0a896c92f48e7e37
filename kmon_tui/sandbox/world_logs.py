"""What containers write: when they start, while they serve, and before they fail."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.apiserver.podlogs import Logs
from kmon_tui.sandbox.world_objects import pod_object, values_of
from kmon_tui.sandbox.world_state import PodState, ServiceState
from kmon_tui.sandbox.world_templates import documents, filled

_STAGES = ("loading", "starting", "ready")
"""In the order in which a pod comes to them."""
_AFTER_S = {"loading": 2.0, "starting": 7.0, "ready": 14.0}
_FAULT = "fault"
_PAST_S, _PAST_LINES = 300.0, 20


@dataclass(slots=True)
class Diary:
    """Writes the logs of all pods."""

    logs: Logs
    _stages: dict[tuple[str, str], str] = field(default_factory=dict)
    """How far the log of each pod has come."""

    def saw(self, state: ServiceState, pod: PodState) -> None:
        """Write what a pod has to say about where it has come to, if it has not said so yet."""
        key = (state.namespace, pod.name)
        known = self._stages.get(key)
        if known == pod.stage:
            return
        self._stages[key] = pod.stage
        if pod.stage == _FAULT:
            self.crashed(state, pod, again=known == _FAULT)
            return
        for stage in self._passed(known, pod.stage):
            placed = known is None and pod.stage == "ready"
            at_s = pod.created_s + _AFTER_S[stage] if placed else time.time()
            self._write(state, pod, stage, at_s)
        if known is None and pod.stage == "ready":
            for number in range(_PAST_LINES):
                self._write(state, pod, "serving", time.time() - _PAST_S * (1 - number / _PAST_LINES))

    def crashed(self, state: ServiceState, pod: PodState, *, again: bool = True) -> None:
        """Write the last words of the containers that the fault ends."""
        for container, lines in (world_faults.part(pod.fault or state.fault, "logs") or {}).items():
            values = self._values(state, pod, pod.changed_s or None)
            name = values["main_container"] if container == "main" else container
            for _ in range(1 if again else 2):
                self.logs.restart(state.namespace, pod.name, name)
                self._put(state, pod, name, lines, values, pod.changed_s or time.time())

    def serving(self, states: Iterable[ServiceState]) -> None:
        """Let all containers that serve write about a request."""
        for state in states:
            for pod in state.ready_pods():
                self._write(state, pod, "serving", time.time())

    def forget(self, namespace: str, pod: str) -> None:
        """Forget a pod that is gone."""
        self._stages.pop((namespace, pod), None)

    @staticmethod
    def _passed(known: str | None, now: str) -> Iterator[str]:
        if now not in _STAGES:
            return
        begin = _STAGES.index(known) + 1 if known in _STAGES else 0
        yield from _STAGES[begin : _STAGES.index(now) + 1]

    def _write(self, state: ServiceState, pod: PodState, stage: str, at_s: float) -> None:
        values = self._values(state, pod, at_s)
        for container, by_stage in documents("templates/logs.yaml")[0].items():
            if container in values["all_containers"] and stage in by_stage:
                self._put(state, pod, container, by_stage[stage], values, at_s)

    def _put(
        self, state: ServiceState, pod: PodState, container: str, lines: Any, values: dict[str, Any], at_s: float
    ) -> None:
        run = self.logs.run((state.namespace, pod.name, container))
        moment = datetime.fromtimestamp(at_s, UTC)
        run.write((moment, str(filled(line, values)).encode()) for line in lines)

    @staticmethod
    def _values(state: ServiceState, pod: PodState, at_s: float | None = None) -> dict[str, Any]:
        spec = pod_object(state, pod)["spec"]
        mains = [one["name"] for one in spec["containers"]]
        moment = datetime.fromtimestamp(time.time() if at_s is None else at_s, UTC)
        return {
            **values_of(state, pod.component, pod.revision, pod),
            "main_container": mains[0],
            "all_containers": {*mains, *(one["name"] for one in spec.get("initContainers", ()))},
            "clock": moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "port": random.randint(32768, 60999),
            "request": f"{random.getrandbits(128):032x}",
            "milliseconds": round(random.lognormvariate(2.5, 0.5), 2),
        }
