"""Which of the ready pods of a target new connections go to: the one in use, unless it has just failed."""

from __future__ import annotations

import time

from kmon_tui.domain.errors import BackendError
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.targets import TargetPods

AVOID_S = 10.0
"""A pod that failed is not the first choice for so long."""


class PodChoice:
    """Remembers which pods have failed a moment ago."""

    def __init__(self, pods: TargetPods) -> None:
        self._pods = pods
        self._until_s: dict[str, float] = {}

    def choose(self, before: PodPort | None) -> PodPort:
        """Give the pod for the next connection. Raises BackendError when none is ready."""
        places = sorted(self._pods.places(), key=lambda place: self._avoided(place.pod))
        good = [place for place in places if not self._avoided(place.pod)]
        return before if before is not None and before in (good or places) else places[0]

    def avoid(self, pod: str) -> None:
        """Prefer others for a while."""
        self._until_s[pod] = time.monotonic() + AVOID_S

    def any_but(self, pod: str = "") -> bool:
        """Whether there is another pod that is ready, and has not failed a moment ago."""
        return any(one != pod and not self._avoided(one) for one in self._names())

    def any(self) -> bool:
        """Whether any pod is ready."""
        return bool(self._names())

    def _avoided(self, pod: str) -> bool:
        return time.monotonic() < self._until_s.get(pod, 0.0)

    def _names(self) -> tuple[str, ...]:
        try:
            return tuple(place.pod for place in self._pods.places())
        except BackendError:
            return ()
