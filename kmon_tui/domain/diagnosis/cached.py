"""Models that lie on the nodes already (LocalModelCache): what ails the cache ails the pods that read from it."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.diagnosis import pods, workloads
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, labels, node, nodes, ref_of, text, texts, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.models_of import CACHE_CLAIM, CACHE_JOBS, CACHE_LABEL, CACHE_SOURCE, CACHE_SPACE_LABEL
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 180
_FOLLOWS = frozenset(
    {
        "pvc",
        "volume-mount",
        "container-start",
        "storage-missing",
        "storage-failed",
        "no-storage-initializer",
        "liveness-killed",
        "runtime-ambiguous",
        "crash-loop",
        "readiness-probe",
    }
)
"""What a pod dies of, or waits for, when there is no model in its volume."""


def explained(scene: Scene, pod: PodView, found: Finding) -> Finding:
    """Give what is behind a finding about a pod that takes its model from a cache; the finding itself if nothing is."""
    cause = _behind(scene, pod, found)
    if cause is None:
        return found
    cause = _with_download(scene, pod, cause)
    followed = [step for step in found.evidence if step not in cause.evidence]
    steps = (*cause.evidence, Evidence(f"so: {found.verdict}", found.object, found.since, 2), *followed)
    since = found.since if cause.since is None else cause.since
    return replace(cause, evidence=steps, since=since, component=found.component, created=found.created)


def _behind(scene: Scene, pod: PodView, found: Finding) -> Finding | None:
    """Give what is wrong with the cache, if that explains what was found."""
    if pod.ready or found.cause not in _FOLLOWS or not _reads(scene, pod):
        return None
    ref = _cache_ref(scene)
    cache = scene.find(ref.kind, ref.name)
    if cache is NOTHING:
        return _gone(scene, ref) if found.cause == "pvc" else None
    status = node(cache, "status", "nodeStatus")
    if not status:
        return _unlooked(scene, cache, ref)
    host = text(pod.object, "spec", "nodeName")
    state = text(status, host) if host else ""
    return None if state in ("", "NodeDownloaded") else _unfetched(cache, ref, host, state)


def _with_download(scene: Scene, pod: PodView, cause: Finding) -> Finding:
    """Put what the newest download onto the pod's node died of, or waits for, before the state of the cache."""
    host, source = text(pod.object, "spec", "nodeName"), text(node(scene.root, "metadata", "annotations"), CACHE_SOURCE)
    jobs = [one for one in scene.of_kind("Pod") if _fetches(one, source) and host and host in _hosts(one)]
    for view in workloads.pods_of(scene.root, jobs, {}):
        job = pods.finding(scene, view) if text(view.object, "status", "phase") != "Succeeded" else None
        # A download has no probe: one that runs is on its way.
        if job is not None and job.cause != "readiness-probe":
            verdict = f"the download of {cause.object} onto {host} fails: {job.verdict}"
            return replace(job, verdict=verdict, evidence=(*cause.evidence, *job.evidence), shared=cause.shared)
    return cause


def _reads(scene: Scene, pod: PodView) -> bool:
    """Tell whether a pod mounts the cache's claim: it may be older than the cache."""
    claim = text(node(scene.root, "metadata", "annotations"), CACHE_CLAIM)
    volumes = nodes(pod.object, "spec", "volumes")
    mounts = any(text(one, "persistentVolumeClaim", "claimName") == claim for one in volumes)
    return bool(claim) and bool(text(labels(scene.root), CACHE_LABEL)) and mounts


def _cache_ref(scene: Scene) -> Ref:
    marks = labels(scene.root)
    space = text(marks, CACHE_SPACE_LABEL)
    return Ref("LocalModelNamespaceCache" if space else "LocalModelCache", text(marks, CACHE_LABEL), space)


def _gone(scene: Scene, ref: Ref) -> Finding | None:
    if scene.tree.shallow or not scene.tree.synced or scene.blind_to(ref.kind):
        return None
    what = ref.kind.lower()
    return Finding(
        "model-cache",
        f"the {ref.kind} {ref.name} that it takes its model from does not exist (any more)",
        ref,
        tries=(
            Try("see what caches there are", kubectl("get", what, namespace=ref.namespace)),
            Try(
                "or do without a cache (the annotation is read when the service is made or edited)",
                kubectl(
                    "annotate",
                    scene.ref.kind.lower(),
                    scene.ref.name,
                    "serving.kserve.io/disable-localmodel=true",
                    namespace=scene.ref.namespace,
                ),
            ),
        ),
        shared=str(ref),
    )


def _unlooked(scene: Scene, cache: Object, ref: Ref) -> Finding | None:
    """Read a cache of which nobody has said on which nodes it is."""
    made = when(cache, "metadata", "creationTimestamp")
    if not scene.older_than(made, _PATIENCE_S):
        return None
    groups = texts(cache, "spec", "nodeGroups")
    known = [one for one in groups if scene.find("LocalModelNodeGroup", one) is not NOTHING]
    blind = scene.blind_to("LocalModelNodeGroup") or scene.tree.shallow
    step = Evidence(f"{ref} has no status: it is on no node", ref, made, 1)
    see = (describe(ref),)
    if groups and not known and not blind:
        names = ", ".join(groups)
        verdict = (
            f"the {ref.kind} {ref.name} is to be on the nodes of {names}, and there is no such LocalModelNodeGroup"
        )
        groups_try = Try("see what groups there are", kubectl("get", "localmodelnodegroup"))
        return Finding("model-cache", verdict, ref, made, (step,), (groups_try, *see), str(ref))
    verdict = f"the {ref.kind} {ref.name} is on no node: its controller does not run, or no node is of its groups"
    runs = kubectl("get", "pods", "-A", "-l", "control-plane=kserve-localmodel-controller-manager")
    return Finding(
        "model-cache", verdict, ref, made, (step,), (Try("see whether its controller runs", runs), *see), str(ref)
    )


def _unfetched(cache: Object, ref: Ref, host: str, state: str) -> Finding:
    said = {
        "NodeDownloadError": f"could not be fetched onto {host}",
        "NodeDownloading": f"is still being fetched onto {host}",
        "NodeDownloadPending": f"waits to be fetched onto {host}",
        "NodeNotReady": f"was not fetched onto {host}, which was not ready",
    }.get(state, f"is {state} on {host}")
    copies = node(cache, "status", "copies")
    total = text(copies, "total")
    count = f"; {text(copies, 'available') or 0} of {total} nodes have it" if total else ""
    step = Evidence(f"{ref}: {host} is {state}{count}", ref_of(cache), None, 1)
    jobs = kubectl("get", "pods", "-l", "batch.kubernetes.io/job-name", "-o", "wide", namespace=CACHE_JOBS)
    why = Try(
        f"see the downloads (mostly in {CACHE_JOBS}); one that failed is tried again once its Job is deleted", jobs
    )
    return Finding(
        "model-cache",
        f"the model in the {ref.kind} {ref.name} {said}, and the pod there reads it from the node",
        ref,
        None,
        (step,),
        (why, describe(ref), describe(Ref("LocalModelNode", host), "see what its node says")),
        f"{ref} on {host}",
    )


def _fetches(pod: Object, source: str) -> bool:
    containers = nodes(pod, "spec", "containers")
    return bool(source) and any(source in texts(one, "args") for one in containers)


def _hosts(pod: Object) -> tuple[str, ...]:
    """Give the node that a pod is on, or is to be on."""
    return (text(pod, "spec", "nodeName"), text(node(pod, "spec", "nodeSelector"), "kubernetes.io/hostname"))
