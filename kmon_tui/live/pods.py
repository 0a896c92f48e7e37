"""From the shape of a pod to what the fleet needs of it: whose it is, whether it serves, and its trouble."""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern

from kmon_tui.domain.llm_names import llm_of
from kmon_tui.domain.service import Key, Kind, Pod
from kmon_tui.live.shapes import Container, PodMeta, PodObject, PodStatus, Stop

_WAITING_IS_FINE = frozenset({"", "PodInitializing", "ContainerCreating"})
_NO_STOP = Stop()
_CRASH = "CrashLoopBackOff"


def pod_of(pod: PodObject) -> Pod | None:
    """Read one pod; None when its labels name no model."""
    meta, status = pod.metadata, pod.status
    kind, owner, component = _whose(meta)
    if not owner or not meta.name:
        return None
    trouble, message = trouble_of(status)
    return Pod(
        # Texts that its row, other pods or the series of Prometheus have, too, are kept once.
        namespace=intern(meta.namespace),
        name=intern(meta.name),
        uid=meta.uid,
        isvc=intern(owner),
        kind=kind,
        component=intern(component),
        revision=intern(meta.labels.revision or meta.labels.template_hash),
        phase=intern(status.phase),
        ready=any(cond.type == "Ready" and cond.status == "True" for cond in status.conditions or ()),
        terminating=meta.deleted is not None,
        trouble=trouble,
        message=message,
        ip=status.ip,
        created=meta.created,
    )


def owner_of(pod: Pod) -> Key:
    """Give the key of the row that the pod belongs to."""
    return Key(pod.kind, pod.namespace, pod.isvc)


def trouble_of(status: PodStatus) -> tuple[str, str]:
    """Give the reason and message of what keeps the pod from serving; both empty when nothing does.

    Init containers come first (the storage-initializer fetches the model
    before anything else can fail), then the containers, then the scheduler.
    """
    if status.phase == "Failed" and status.reason:
        return status.reason, status.message
    for container in _in_order(status):
        found = _container_trouble(container)
        if found is not None:
            return found
    for cond in status.conditions or ():
        if cond.type == "PodScheduled" and cond.status == "False" and cond.reason != "SchedulingGated":
            return cond.reason or "Unschedulable", cond.message
    return "", ""


def _whose(meta: PodMeta) -> tuple[Kind, str, str]:
    labels = meta.labels
    if labels.part_of == "llminferenceservice":
        scheduler = "scheduler" in labels.app_component or "scheduler" in labels.llm_component
        component = "scheduler" if scheduler else "prefill" if labels.role == "prefill" else "workload"
        return Kind.LLM, _llm_of(meta), component
    if labels.isvc:
        return Kind.ISVC, labels.isvc, labels.component or "predictor"
    return Kind.GRAPH, labels.graph, "router"


def _llm_of(meta: PodMeta) -> str:
    """Give the LLMInferenceService whose workload owns the pod, else that of the label, which people may write over."""
    owner = next((owner.name for owner in meta.owners or () if owner.controller), "")
    return llm_of(owner) or meta.labels.name


def _in_order(status: PodStatus) -> Iterable[Container]:
    yield from status.init or ()
    # The model's own container says more than the proxy beside it, which only waits for it.
    yield from sorted(status.containers or (), key=lambda container: container.name == "queue-proxy")


def _container_trouble(container: Container) -> tuple[str, str] | None:
    waiting, ended = container.state.waiting, container.state.terminated
    last = container.last.terminated or _NO_STOP
    if container.ready or (ended is not None and ended.exit_code == 0):
        return None
    if last.reason == "OOMKilled" or (ended is not None and ended.reason == "OOMKilled"):
        return "OOMKilled", f"out of memory, killed {_times(max(1, container.restarts))}"
    if waiting is not None and waiting.reason not in _WAITING_IS_FINE:
        return waiting.reason, _said(waiting.reason, last, waiting, container)
    if ended is not None:
        reason = _CRASH if container.restarts >= 2 else ended.reason or "Error"
        return reason, _said(reason, ended, ended, container)
    if container.restarts >= 2 and last.exit_code:
        # Between two waits of its crash loop: it runs again, and is not ready.
        return _CRASH, _said(_CRASH, last, last, container)
    return None


def _said(reason: str, last: Stop, now: Stop, container: Container) -> str:
    """Choose the telling text: a crashed container's last words before the kubelet's "back-off 40s"."""
    if reason in (_CRASH, "Error"):
        if last.message:
            return last.message.strip()
        if last.exit_code is not None:
            return f"{container.name}: exit code {last.exit_code}, restarted {_times(container.restarts)}"
    return now.message


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
