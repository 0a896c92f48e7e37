"""Which pods are the service's, to which version of which workload they belong, and which version is the newest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.diagnosis.kinship import MAKERS, made_by
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    conditions_of,
    labels,
    name_of,
    node,
    nodes,
    number,
    ref_of,
    text,
    when,
)
from kmon_tui.domain.llm_names import llm_of
from kmon_tui.domain.service import Kind, Mode
from kmon_tui.domain.tree import Object, Ref


class PodView(NamedTuple):
    """One pod of the service, with what decides whether it counts."""

    object: Object
    ref: Ref
    component: str
    """predictor, transformer, explainer; workload, prefill, scheduler; router for a graph."""
    workload: str
    """What its versions replace each other in: a Knative configuration, a Deployment, a LeaderWorkerSet."""
    version: str
    """Knative revision, or the hash of the pod template."""
    created: datetime | None
    ready: bool
    live: bool
    """Meant to run: not on its way out, not over."""
    current: bool
    """Of the newest version of its workload."""
    share: int = 0
    """Percent of the requests that its revision takes; 0 outside of Knative, and for no requests."""


def split_pods(
    root: Object, mode: Mode, pods: Sequence[Object], known: Collection[str] = (), others_have: Collection[str] = ()
) -> tuple[list[Object], list[Object]]:
    """Part the service's own pods from those of others, that only hold what it waits for.

    ``known``: uids of what is below the service, ``others_have`` of what its labels claim and others made. In ModelMesh
    the pods of the runtime that loads the model count as its own; other runtimes are nothing to it.
    """
    own: list[Object] = []
    others: list[Object] = []
    for pod in pods:
        if mode is Mode.MODELMESH:
            mine = serves_mesh(root, _lineage(pod, labels(pod))[0])
        else:
            mine = not made_by(pod, others_have) and _belongs(root, pod, known)
        (own if mine else others).append(pod)
    return own, others


def serves_mesh(root: Object, deployment: str) -> bool:
    """Tell whether a Deployment of ModelMesh runs the runtime of this service; False when the runtime is not known."""
    runtime = (
        text(root, "status", "servingRuntimeName")
        or text(root, "status", "clusterServingRuntimeName")
        or text(root, "spec", "predictor", "model", "runtime")
    )
    return bool(runtime) and deployment.endswith(f"-{runtime}")


def counts(root: Object, mode: Mode, deployment: Object, latest: Collection[str]) -> bool:
    """Tell whether a Deployment says anything of the service today: not one of a revision that was replaced."""
    if mode is Mode.MODELMESH:
        return serves_mesh(root, name_of(deployment))
    revision = text(labels(deployment), "serving.knative.dev/revision")
    return not revision or revision in latest


def _belongs(root: Object, pod: Object, known: Collection[str]) -> bool:
    marks, name = labels(pod), name_of(root)
    owner = (
        text(marks, "serving.kserve.io/inferenceservice")
        or text(marks, "serving.kserve.io/inferencegraph")
        or ((_llm_that_made(pod) or text(marks, "app.kubernetes.io/name")) if _of_llm(marks) else "")
    )
    where, home = text(pod, "metadata", "namespace"), text(root, "metadata", "namespace")
    if where and home and where != home:
        return False
    if not name or owner == name:
        return True
    if made_by(pod, known):
        return True
    # Without any of these labels it was found by its owner, or it only holds what ours wait for.
    return not owner and name_of(pod).startswith(f"{name}-")


def _llm_that_made(pod: Object) -> str:
    names = [
        text(owner, "name") for owner in nodes(pod, "metadata", "ownerReferences") if text(owner, "kind") in MAKERS
    ]
    return llm_of(names[0]) if names else ""


def _of_llm(marks: Object) -> bool:
    return text(marks, "app.kubernetes.io/part-of") == "llminferenceservice"


def pods_of(root: Object, pods: Sequence[Object], kinds: Mapping[str, Sequence[Object]]) -> tuple[PodView, ...]:
    """Read the service's pods, the newest first."""
    found = [_view(root, pod) for pod in pods]
    found.sort(key=lambda pod: (pod.created.timestamp() if pod.created else 0.0, pod.ref.name), reverse=True)
    newest = _newest_versions(root, found, kinds)
    shares = shares_of(root)
    return tuple(
        [
            pod._replace(current=newest.get(pod.workload, "") == pod.version, share=shares.get(pod.version, 0))
            for pod in found
        ]
    )


def shares_of(root: Object) -> dict[str, int]:
    """Give the percent of the requests that each Knative revision takes, over all components."""
    found: dict[str, int] = {}
    for component in node(root, "status", "components").values():
        for entry in nodes(component, "traffic"):
            name = text(entry, "revisionName")
            found[name] = found.get(name, 0) + max(0, number(entry, "percent") or 0)
    return found


def _view(root: Object, pod: Object) -> PodView:
    marks = labels(pod)
    phase = text(pod, "status", "phase")
    ready = conditions_of(pod).get("Ready")
    workload, version = _lineage(pod, marks)
    going = node(pod, "metadata").get("deletionTimestamp") is not None
    return PodView(
        pod,
        ref_of(pod)._replace(kind="Pod"),
        component_of(root, marks),
        workload,
        version,
        when(pod, "metadata", "creationTimestamp"),
        ready is not None and ready.status == "True",
        not going and phase not in ("Failed", "Succeeded"),
        True,
    )


def component_of(root: Object, marks: Object) -> str:
    """Tell from labels which component something belongs to."""
    if text(root, "kind") == Kind.LLM:
        named = text(marks, "app.kubernetes.io/component") + text(marks, "kserve.io/component")
        role = text(marks, "llm-d.ai/role")
        for word in ("scheduler", "tokenizer"):
            if word in named:
                return word
        return "prefill" if role == "prefill" else "workload"
    if text(root, "kind") == Kind.GRAPH:
        return "router"
    return text(marks, "component") or text(marks, "serving.kserve.io/component") or "predictor"


def _lineage(pod: Object, marks: Object) -> tuple[str, str]:
    """Give the workload that the pod belongs to, and the version of it."""
    revision = text(marks, "serving.knative.dev/revision")
    if revision:
        return text(marks, "serving.knative.dev/configuration") or revision.rpartition("-")[0], revision
    group = text(marks, "leaderworkerset.sigs.k8s.io/name")
    if group:
        return group, text(marks, "leaderworkerset.sigs.k8s.io/template-revision-hash")
    version = text(marks, "pod-template-hash") or text(marks, "controller-revision-hash")
    for owner in nodes(pod, "metadata", "ownerReferences"):
        name = text(owner, "name")
        if text(owner, "kind") in MAKERS:
            return (name.removesuffix(f"-{version}") if version else name), version
    return text(marks, "app"), version


def _newest_versions(root: Object, pods: Sequence[PodView], kinds: Mapping[str, Sequence[Object]]) -> dict[str, str]:
    """Give the newest version of each workload; ``pods`` come newest first."""
    newest: dict[str, str] = {}
    for pod in pods:
        newest.setdefault(pod.workload, pod.version)
    ranks: dict[str, tuple[int, float]] = {}
    for made in kinds.get("ReplicaSet", ()):
        version = text(labels(made), "pod-template-hash")
        workload = _maker(made, name_of(made).removesuffix(f"-{version}"))
        rank = (revision_number(made), _seconds(when(made, "metadata", "creationTimestamp")))
        if version and workload in newest and rank > ranks.get(workload, (-1, 0.0)):
            ranks[workload], newest[workload] = rank, version
    return newest | latest_revisions(root, kinds)


def _maker(obj: Object, otherwise: str) -> str:
    for owner in nodes(obj, "metadata", "ownerReferences"):
        if text(owner, "kind") == "Deployment" and text(owner, "name"):
            return text(owner, "name")
    return otherwise


def revision_number(made: Object) -> int:
    """Give the number that a Deployment counts its ReplicaSets with; 0 when it is not there."""
    return number(node(made, "metadata", "annotations"), "deployment.kubernetes.io/revision") or 0


def latest_revisions(root: Object, kinds: Mapping[str, Sequence[Object]]) -> dict[str, str]:
    """Give the revision that was created last, by the name of the Knative configuration."""
    found: dict[str, str] = {}
    for component in node(root, "status", "components").values():
        created = text(component, "latestCreatedRevision")
        if created and not created.isdigit():
            found[created.rpartition("-")[0]] = created
    for kind in ("Service", "Configuration"):
        for obj in kinds.get(kind, ()):
            created = text(obj, "status", "latestCreatedRevisionName")
            if created and text(obj, "apiVersion").startswith("serving.knative.dev/"):
                found[name_of(obj)] = created
    return found


def current_replica_set(deployment: Object, kinds: Mapping[str, Sequence[Object]]) -> Object:
    """Give the ReplicaSet that the Deployment is rolling out, or has rolled out."""
    sets = [made for made in kinds.get("ReplicaSet", ()) if _maker(made, "") == name_of(deployment)]
    return max(
        sets,
        key=lambda made: (revision_number(made), _seconds(when(made, "metadata", "creationTimestamp"))),
        default=NOTHING,
    )


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
