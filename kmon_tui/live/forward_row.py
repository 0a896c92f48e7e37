"""What is told of one forward: its phase, its pod, what is wrong, and the log of what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, Unauthorized
from kmon_tui.domain.forward import Forward, ForwardSpec, Obstacle, Phase
from kmon_tui.live.pod_route import PodPort

_NO_RIGHT = {Forbidden: Obstacle.FORBIDDEN, Unauthorized: Obstacle.UNAUTHORIZED}


class ForwardRow:
    """Keeps the newest value and says when there is another."""

    def __init__(self, spec: ForwardSpec, local_port: int, hosts: tuple[str, ...], changed: Callable[[], None]) -> None:
        self.value = Forward(
            spec=spec, phase=Phase.OPENING, local_port=local_port, hosts=hosts, since=datetime.now(UTC)
        )
        self._tell = changed
        self.log(f"listening on {', '.join(hosts)} port {local_port}")

    def works(self, *, probed: bool = False) -> None:
        """The pod has answered; a probe says nothing of what the last connection died of."""
        if self.value.phase is not Phase.OPEN:
            self.log(f"pod {self.value.pod} answers")
            self.put(phase=Phase.OPEN, error="", hint="", obstacle=None)
        elif self.value.error and not probed:
            self.put(error="", hint="", obstacle=None)

    def fails(self, error: BackendError) -> None:
        """There is no way to the pod."""
        if (self.value.phase, self.value.error) != (Phase.FAILING, error.message):
            self.log(error.message)
        obstacle = next((word for kind, word in _NO_RIGHT.items() if isinstance(error, kind)), None)
        self.put(phase=Phase.FAILING, error=error.message, hint=error.hint, obstacle=obstacle)

    def waits(self, error: BackendError) -> None:
        """No pod is ready, or there is nothing that could have one."""
        obstacle = Obstacle.ABSENT if isinstance(error, NotFound) else None
        self.put(phase=Phase.WAITING, error=error.message, hint=error.hint, obstacle=obstacle, pod="")

    def opens(self) -> None:
        """There is a pod again."""
        if self.value.phase is Phase.WAITING:
            self.put(phase=Phase.OPENING, error="", hint="", obstacle=None)

    def leads_to(self, place: PodPort) -> None:
        """New connections go there."""
        if (place.pod, place.port) != (self.value.pod, self.value.pod_port):
            self.put(pod=place.pod, pod_port=place.port, https=place.https)
            self.log(f"new connections go to pod {place.pod}, port {place.port}")

    def log(self, text: str) -> None:
        """Write a line."""
        self.value = self.value.with_line(datetime.now(UTC), text)
        self._tell()

    def put(self, **changes: object) -> None:
        """Change some of it."""
        changed = replace(self.value, **changes)  # type: ignore[arg-type]  # names and types are those of Forward
        if changed != self.value:
            if changed.phase is Phase.WAITING and self.value.phase is not Phase.WAITING:
                changed = changed.with_line(datetime.now(UTC), changed.error)
            self.value = changed
            self._tell()
