"""The containers of a pod, each with its state, its last end and what its spec asks for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.diagnosis.reading import NOTHING, flag, node, nodes, number, text, when
from kmon_tui.domain.tree import Object

MODEL_CONTAINERS = ("kserve-container", "kfserving-container", "main", "worker-container", "transformer-container")
"""Names that KServe gives to the containers that serve; all others stand beside them."""


_LOST = frozenset({"Unknown", "ContainerStatusUnknown"})
"""What containerd and the kubelet say of containers that were gone after a restart of the node (code 255 or 137)."""


class End(NamedTuple):
    """How a container ended."""

    exit_code: int | None
    reason: str
    message: str
    finished: datetime | None
    started: datetime | None = None

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed it for its memory."""
        return self.reason == "OOMKilled"

    @property
    def lost(self) -> bool:
        """Whether it went down with its node or its container runtime, which say no more than that."""
        return self.reason in _LOST


class Box(NamedTuple):
    """One container of a pod."""

    name: str
    init: bool
    ready: bool
    started: bool
    restarts: int
    image: str
    waiting: str
    """Reason that it waits for; empty: it does not wait."""
    waiting_message: str
    running_since: datetime | None
    ended: End | None
    """It has ended and was not started again."""
    last: End | None
    """How it ended before it was started again."""
    spec: Object

    @property
    def fetches(self) -> bool:
        """Whether it is there to fetch the model."""
        return self.name.startswith(("storage-initializer", "kserve-localmodel-download"))

    @property
    def brings_model(self) -> bool:
        """Whether it is the image with the model in it, that runs beside the server."""
        return self.name.startswith("modelcar") and not self.init

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that goes on beside the server, which waits until it has started."""
        return self.init and text(self.spec, "restartPolicy") == "Always"

    @property
    def lost(self) -> bool:
        """Whether it went down with its node or its container runtime, and starts anew."""
        return self.ended is not None and self.ended.lost

    @property
    def end(self) -> End | None:
        """The end that tells of its failure: the last one that was one."""
        return self.ended if self.ended is not None else self.last


def boxes_of(pod: Object) -> tuple[Box, ...]:
    """Give the containers in the order in which they fail: init containers, the model's own, those beside it."""
    specs = {
        text(spec, "name"): spec for field in ("initContainers", "containers") for spec in nodes(pod, "spec", field)
    }
    init = [_box(status, specs, True) for status in nodes(pod, "status", "initContainerStatuses")]
    main = [_box(status, specs, False) for status in nodes(pod, "status", "containerStatuses")]
    main.sort(key=lambda box: (box.name == "queue-proxy", box.name not in MODEL_CONTAINERS))
    return (*init, *main)


def _box(status: Object, specs: dict[str, Object], init: bool) -> Box:
    name = text(status, "name")
    spec = specs.get(name, NOTHING)
    state = node(status, "state")
    waiting = node(state, "waiting")
    return Box(
        name,
        init,
        flag(status, "ready"),
        flag(status, "started"),
        number(status, "restartCount") or 0,
        text(spec, "image") or text(status, "image"),
        text(waiting, "reason"),
        text(waiting, "message"),
        when(state, "running", "startedAt"),
        _end(node(state, "terminated")),
        _end(node(status, "lastState", "terminated")),
        spec,
    )


def _end(terminated: Object) -> End | None:
    if not terminated:
        return None
    return End(
        number(terminated, "exitCode"),
        text(terminated, "reason"),
        text(terminated, "message"),
        when(terminated, "finishedAt"),
        when(terminated, "startedAt"),
    )
