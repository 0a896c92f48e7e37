"""What the doctor reads of workloads, pods, ConfigMaps and reviews, as msgspec shapes, and the way into its facts."""

from __future__ import annotations

import msgspec

from kmon_tui.domain.doctor.facts import Container, PodFacts, Workload
from kmon_tui.live.shapes import Cond


class Port(msgspec.Struct, frozen=True):
    """One of a container's ports."""

    name: str = ""
    number: int = msgspec.field(name="containerPort", default=0)


class ContainerSpec(msgspec.Struct, frozen=True):
    """One entry of ``containers``."""

    name: str = ""
    image: str = ""
    ports: list[Port] | None = None


class PodSpec(msgspec.Struct, frozen=True):
    """``spec`` of a pod or of a template."""

    containers: list[ContainerSpec] | None = None
    account: str = msgspec.field(name="serviceAccountName", default="")


class Meta(msgspec.Struct, frozen=True):
    """``metadata``."""

    name: str = ""
    namespace: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Template(msgspec.Struct, frozen=True):
    """``spec.template`` of a workload."""

    spec: PodSpec = PodSpec()


class WorkloadSpec(msgspec.Struct, frozen=True):
    """``spec`` of a workload."""

    replicas: int | None = None
    template: Template = Template()


class WorkloadStatus(msgspec.Struct, frozen=True):
    """``status`` of a workload."""

    ready: int = msgspec.field(name="readyReplicas", default=0)


class WorkloadObject(msgspec.Struct, frozen=True):
    """A Deployment or StatefulSet."""

    metadata: Meta = Meta()
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class PodStatus(msgspec.Struct, frozen=True):
    """``status`` of a pod."""

    phase: str = ""
    ip: str = msgspec.field(name="podIP", default="")
    conditions: list[Cond] | None = None


class PodObject(msgspec.Struct, frozen=True):
    """A pod as scrape jobs see it."""

    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Group(msgspec.Struct, frozen=True):
    """An API group in discovery."""

    name: str = ""
    versions: list[GroupVersion] = []


class GroupVersion(msgspec.Struct, frozen=True):
    """One version of it."""

    version: str = ""


class Groups(msgspec.Struct, frozen=True):
    """All API groups."""

    groups: list[Group] = []


class ConfigMap(msgspec.Struct, frozen=True):
    """A ConfigMap."""

    data: dict[str, str] | None = None


def workload(kind: str, found: WorkloadObject) -> Workload:
    """Give a workload as a value."""
    meta, spec = found.metadata, found.spec
    return Workload(
        kind=kind,
        namespace=meta.namespace,
        name=meta.name,
        labels=meta.labels or {},
        annotations=meta.annotations or {},
        images=tuple(one.image for one in spec.template.spec.containers or ()),
        account=spec.template.spec.account,
        ready=found.status.ready,
        desired=1 if spec.replicas is None else spec.replicas,
    )


def pod(found: PodObject) -> PodFacts:
    """Give a pod as a value."""
    meta, status = found.metadata, found.status
    return PodFacts(
        name=meta.name,
        ip=status.ip,
        phase=status.phase,
        ready=any(one.type == "Ready" and one.status == "True" for one in status.conditions or ()),
        labels=meta.labels or {},
        annotations=meta.annotations or {},
        containers=tuple(
            Container(one.name, one.image, tuple((port.name, port.number) for port in one.ports or ()))
            for one in found.spec.containers or ()
        ),
    )
