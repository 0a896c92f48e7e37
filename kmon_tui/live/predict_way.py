"""From a service to the pod and port that its callers meet first, by mode. Lists the pods when a way is opened."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.domain.forward import Aim, target_of
from kmon_tui.domain.service import InferenceService, Mode, Readiness
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.resource import labelled
from kmon_tui.live.target_ports import best_first, model_port, of_component, selection_of, serves_tls
from kmon_tui.live.target_shapes import TargetPod

_PODS = Codec(TargetPod)
_ENTRIES = {Aim.LLM: "workload", Aim.GRAPH: "router"}


class Door(msgspec.Struct, frozen=True):
    """Where a service listens now."""

    place: PodPort
    https: bool = False


async def find_door(client: KubeClient, isvc: InferenceService, before: PodPort | None = None) -> Door:
    """Give a ready pod and its port, that of ``before`` if it still is one. Raises BackendError that says why not."""
    namespace = isvc.key.namespace
    if isvc.mode is Mode.MODELMESH:
        raise Unreachable(
            f"{isvc.key.name} is served by ModelMesh, whose pods serve many models", "Use --via url or --via ingress."
        )
    target = target_of(isvc.key)
    fixed, label = selection_of(target)
    selector = ",".join(filter(None, (fixed, labelled(label, isvc.key.name))))
    path = f"/api/v1/namespaces/{quote(namespace)}/pods?labelSelector={quote(selector)}&limit=500"
    body = await client.get(path, Ask("list", "pods", namespace))
    try:
        pods = _PODS.page(body).items
    except NotReadable as error:
        raise Unreachable("the list of pods cannot be read") from error
    return choose(isvc, pods, before)


def choose(isvc: InferenceService, pods: Sequence[TargetPod], before: PodPort | None = None) -> Door:
    """Choose among the pods of a service. Raises Unreachable that says why none will do."""
    target = target_of(isvc.key)
    entries = of_component(target, pods, _ENTRIES.get(target.aim) or isvc.entry or "predictor")
    share = max(isvc.traffic, key=lambda one: one.percent or 0, default=None)
    ready = best_first(entries, share.revision if share is not None else "")
    if not ready:
        raise _nobody(isvc, len(entries))
    same = [pod for pod in ready if before is not None and pod.metadata.name == before.pod]
    pod = (same or ready)[0]
    place = PodPort(isvc.key.namespace, pod.metadata.name, model_port(target, pod), uid=pod.metadata.uid)
    return Door(place, serves_tls(target, pod))


def _nobody(isvc: InferenceService, known: int) -> BackendError:
    name = isvc.key.name
    if isvc.readiness is Readiness.COLD or (not known and isvc.replicas.desired == 0 and isvc.mode is Mode.KNATIVE):
        return Unreachable(
            f"{name} is scaled to zero: there is no pod to forward to",
            "--via url or --via ingress goes through its gateway, which wakes it.",
        )
    if isvc.readiness is Readiness.STOPPED:
        return Unreachable(f"{name} was stopped by somebody: it has no pod")
    why = f": {isvc.reason}" if isvc.reason else ""
    if known:
        sentence = f"none of the {known} pods of {name} is ready{why}"
        return Unreachable(sentence, "Is it starting? Its conditions say more.")
    return Unreachable(f"{name} has no pod{why}", "Its conditions say more.")
