"""The parts of pods and Kubernetes services that say where a forward leads, as msgspec shapes."""

from __future__ import annotations

import msgspec

from kmon_tui.live.shapes import Cond


class Port(msgspec.Struct, frozen=True, gc=False):
    """One of a container's ports."""

    name: str = ""
    number: int = msgspec.field(name="containerPort", default=0)
    protocol: str = "TCP"


class HttpGet(msgspec.Struct, frozen=True, gc=False):
    """How a probe asks."""

    scheme: str = ""


class Probe(msgspec.Struct, frozen=True):
    """A container's readinessProbe."""

    get: HttpGet | None = msgspec.field(name="httpGet", default=None)


class Container(msgspec.Struct, frozen=True):
    """One entry of ``spec.containers`` or ``spec.initContainers``."""

    name: str = ""
    ports: list[Port] | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    probe: Probe | None = msgspec.field(name="readinessProbe", default=None)
    restart: str = msgspec.field(name="restartPolicy", default="")
    """``Always``: an init container that goes on beside the others."""

    @property
    def https(self) -> bool:
        """Whether it serves TLS: its kubelet asks it that way."""
        return self.probe is not None and self.probe.get is not None and self.probe.get.scheme.upper() == "HTTPS"


class Owner(msgspec.Struct, frozen=True, gc=False):
    """One of ``metadata.ownerReferences``."""

    kind: str = ""
    name: str = ""


class PodMeta(msgspec.Struct, frozen=True):
    """``metadata`` of a pod."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    deleted: str | None = msgspec.field(name="deletionTimestamp", default=None)
    labels: dict[str, str] | None = None
    owners: list[Owner] | None = msgspec.field(name="ownerReferences", default=None)


class PodSpec(msgspec.Struct, frozen=True):
    """``spec`` of a pod."""

    containers: list[Container] | None = None
    init: list[Container] | None = msgspec.field(name="initContainers", default=None)


class PodStatus(msgspec.Struct, frozen=True):
    """``status`` of a pod."""

    phase: str = ""
    conditions: list[Cond] | None = None


class TargetPod(msgspec.Struct, frozen=True):
    """A pod that a forward may lead to."""

    metadata: PodMeta = PodMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return self.metadata.labels or {}

    @property
    def containers(self) -> tuple[Container, ...]:
        """All that run at the same time: those of the pod, then its restartable init containers."""
        sidecars = (one for one in self.spec.init or () if one.restart == "Always")
        return (*(self.spec.containers or ()), *sidecars)

    @property
    def running(self) -> bool:
        """Whether its ports can be reached at all."""
        return self.status.phase == "Running" and self.metadata.deleted is None

    @property
    def ready(self) -> bool:
        """Whether new connections may go to it."""
        return self.running and any(c.type == "Ready" and c.status == "True" for c in self.status.conditions or ())


class ServiceMeta(msgspec.Struct, frozen=True):
    """``metadata`` of a Kubernetes service."""

    name: str = ""
    namespace: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    labels: dict[str, str] | None = None


class ServicePort(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``spec.ports``."""

    name: str = ""
    port: int = 0
    target: int | str = msgspec.field(name="targetPort", default=0)
    protocol: str = "TCP"


class ServiceSpec(msgspec.Struct, frozen=True):
    """``spec`` of a Kubernetes service."""

    type: str = ""
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None
    external: str = msgspec.field(name="externalName", default="")


class TargetService(msgspec.Struct, frozen=True):
    """A Kubernetes service that a forward leads to."""

    metadata: ServiceMeta = ServiceMeta()
    spec: ServiceSpec = ServiceSpec()
