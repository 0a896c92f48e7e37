"""Which kinds of objects lie below a service, and how those of one service are chosen; by kind and mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from kmon_tui.domain.service import Key, Kind, Mode
from kmon_tui.domain.tree import Object
from kmon_tui.live.codec import fit
from kmon_tui.live.discovery import PLURALS, VERSIONS
from kmon_tui.live.objects import facts_of
from kmon_tui.live.resource import Resource, labelled
from kmon_tui.live.shapes import Served

KSERVE = "serving.kserve.io"
KNATIVE = "serving.knative.dev"
GATEWAY = "gateway.networking.k8s.io"

ISVC_LABEL = "serving.kserve.io/inferenceservice"
GRAPH_LABEL = "serving.kserve.io/inferencegraph"
LLM_LABEL = "app.kubernetes.io/name"
LABELS = {Kind.ISVC: ISVC_LABEL, Kind.LLM: LLM_LABEL, Kind.GRAPH: GRAPH_LABEL}
"""Which label names the service that something belongs to."""
OF_LLM = "app.kubernetes.io/part-of=llminferenceservice"
OF_MESH = "modelmesh-service"

_STRICTLY = msgspec.json.Decoder(Served)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of objects, and which of them."""

    kind: str
    group: str
    versions: tuple[str, ...]
    """Those that we can read, the better one first."""
    plural: str
    selector: str = ""
    fields: str = ""
    watched: bool = True
    """Whether every change of it counts; what only explains others is listed from time to time."""

    def resource(self, base: str) -> Resource:
        """Give what is asked for, where the group is served at ``base``."""
        full = f"{self.plural}.{self.group}" if self.group in (KNATIVE, "networking.istio.io") else ""
        return Resource(base, self.plural, self.selector, self.fields, full)


def root_part(key: Key) -> Part:
    """Give the service itself."""
    return Part(str(key.kind), KSERVE, VERSIONS[key.kind], PLURALS[key.kind], fields=f"metadata.name={key.name}")


def mode_of(key: Key, root: Object | None) -> Mode:
    """Tell how a service is run, as far as it says."""
    facts = None if root is None else facts_of(_served(root), key.kind)
    return Mode.UNKNOWN if facts is None else facts.mode


def _served(root: Object) -> Served:
    """Read it strictly, which is ten times faster, or leniently where it is odd."""
    try:
        return _STRICTLY.decode(msgspec.json.encode(root))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return fit(root, Served)


def label_of(key: Key) -> str:
    """Give the labelSelector of everything that is of one service."""
    if key.kind is Kind.LLM:
        return f"{OF_LLM},{labelled(LLM_LABEL, key.name)}"
    return labelled(GRAPH_LABEL if key.kind is Kind.GRAPH else ISVC_LABEL, key.name)


def pods_part(key: Key, mode: Mode) -> Part:
    """Give its pods; in ModelMesh those of the runtimes, which many models share."""
    return Part("Pod", "", ("v1",), "pods", OF_MESH if mode is Mode.MODELMESH else label_of(key))


def parts_of(key: Key, mode: Mode) -> Iterator[Part]:
    """Give everything below a service but its pods and events."""
    label = OF_MESH if mode is Mode.MODELMESH else label_of(key)
    own = f"metadata.name={key.name}"
    # What Knative's own objects mirror is not watched beside them: an opening costs twenty requests at most.
    knative = key.kind is not Kind.LLM and mode in (Mode.KNATIVE, Mode.UNKNOWN)
    yield Part("Deployment", "apps", ("v1",), "deployments", label, watched=not knative)
    yield Part("ReplicaSet", "apps", ("v1",), "replicasets", label, watched=False)
    yield Part("Service", "", ("v1",), "services", label, watched=False)
    if key.kind is Kind.LLM:
        yield from _of_llm(label)
        return
    if knative:
        yield from _of_knative(label, own)
    if mode in (Mode.STANDARD, Mode.UNKNOWN):
        yield from _scalers(label)
        yield Part("Ingress", "networking.k8s.io", ("v1",), "ingresses", fields=own, watched=False)
        yield Part("HTTPRoute", GATEWAY, ("v1", "v1beta1"), "httproutes", fields=own, watched=False)


def _of_knative(label: str, own: str) -> Iterator[Part]:
    yield Part("Service", KNATIVE, ("v1",), "services", label)
    yield Part("Configuration", KNATIVE, ("v1",), "configurations", label, watched=False)
    yield Part("Revision", KNATIVE, ("v1",), "revisions", label)
    yield Part("Route", KNATIVE, ("v1",), "routes", label, watched=False)
    yield Part(
        "PodAutoscaler", "autoscaling.internal.knative.dev", ("v1alpha1",), "podautoscalers", label, watched=False
    )
    istio = ("v1", "v1beta1", "v1alpha3")
    yield Part("VirtualService", "networking.istio.io", istio, "virtualservices", fields=own, watched=False)


def _scalers(label: str) -> Iterator[Part]:
    hpa = ("v2", "v2beta2", "v1")
    yield Part("HorizontalPodAutoscaler", "autoscaling", hpa, "horizontalpodautoscalers", label)
    yield Part("ScaledObject", "keda.sh", ("v1alpha1",), "scaledobjects", label)


def _of_llm(label: str) -> Iterator[Part]:
    yield from _scalers(label)
    yield Part("LeaderWorkerSet", "leaderworkerset.x-k8s.io", ("v1",), "leaderworkersets", label)
    yield Part("InferencePool", "inference.networking.k8s.io", ("v1",), "inferencepools", label, watched=False)
    old = ("v1alpha2",)
    yield Part("InferencePool", "inference.networking.x-k8s.io", old, "inferencepools", label, watched=False)
    yield Part("HTTPRoute", GATEWAY, ("v1", "v1beta1"), "httproutes", label, watched=False)
