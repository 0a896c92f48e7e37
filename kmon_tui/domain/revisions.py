"""Revisions of a service and how the traffic is divided: Knative's Revisions, or the ReplicaSets of Standard mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from kmon_tui.domain.conditions import find
from kmon_tui.domain.peek import (
    annotation,
    conditions_of,
    label,
    moment,
    name_of,
    number,
    of_kind,
    owner_uids,
    rows,
    table,
    text,
)
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Object, ObjectTree
from kmon_tui.domain.writers import writers

SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
"""Annotation on pod templates: where the model comes from (KServe, ``pkg/constants``)."""
CREATOR = "serving.knative.dev/creator"
NUMBER = "deployment.kubernetes.io/revision"
SOON_AFTER = timedelta(minutes=5)
"""A revision that is made so soon after a change of the service follows from it."""


class RevisionFacts(NamedTuple):
    """One revision of one component."""

    component: str
    name: str
    ready: bool | None = None
    reason: str = ""
    message: str = ""
    percent: int | None = None
    """Share of the requests; None: not known, or nothing divides them."""
    tag: str = ""
    latest: bool = False
    pods_ready: int | None = None
    pods: int | None = None
    created: datetime | None = None
    by: str = ""
    """Who changed the service so that it was made."""
    image: str = ""
    source: str = ""
    """Where the model comes from."""
    mark: str = ""
    """What its pods have in their names: the Knative revision, or the pod-template-hash."""


def revisions_of(tree: ObjectTree) -> tuple[RevisionFacts, ...]:
    """Give all revisions, by component, the newest first."""
    found = [*_knative(tree), *_standard(tree)]
    order = {name: place for place, name in enumerate(dict.fromkeys(one.component for one in found))}
    return tuple(
        sorted(found, key=lambda one: (order[one.component], -(one.created.timestamp() if one.created else 0.0)))
    )


def mode_of(root: Object) -> Mode:
    """Read how KServe runs a service; UNKNOWN when it says so nowhere."""
    word = text(root, "status", "deploymentMode") or annotation(root, "serving.kserve.io/deploymentMode")
    modern = {"Serverless": Mode.KNATIVE, "RawDeployment": Mode.STANDARD}
    return modern.get(word) or next((mode for mode in Mode if mode.value == word), Mode.UNKNOWN)


def canary_warnings(root: Object, mode: Mode) -> tuple[str, ...]:
    """Name canary fields that this mode ignores."""
    mode = mode_of(root) or mode
    told = []
    for component in ("predictor", "transformer", "explainer"):
        percent = number(root, "spec", component, "canaryTrafficPercent")
        if percent is not None and mode is Mode.STANDARD:
            told.append(
                f"spec.{component}.canaryTrafficPercent: {percent} is ignored in Standard mode, all requests go to the"
                " new pods; spec.canary[] divides them there, from KServe 0.20 on"
            )
    if rows(root, "spec", "canary") and mode is Mode.KNATIVE:
        told.append("spec.canary[] is ignored in Knative mode; canaryTrafficPercent divides the requests there")
    return tuple(told)


def _knative(tree: ObjectTree) -> Iterator[RevisionFacts]:
    root = tree.root or {}
    pods = [pod for pod in of_kind(tree.objects, "Pod") if not text(pod, "metadata", "deletionTimestamp")]
    counted = bool(pods) or (tree.synced and all(one.kind != "Pod" for one in tree.blind))
    objects = {name_of(one): one for one in of_kind(tree.objects, "Revision")}
    shares = _shares(root)
    for name in dict.fromkeys((*objects, *(share[1] for share in shares))):
        obj = objects.get(name, {})
        own = [share for share in shares if share[1] == name]
        ready = find(conditions_of(obj), "Ready")
        mine = [pod for pod in pods if label(pod, "serving.knative.dev/revision") == name]
        component = label(obj, "component") or (own[0][0] if own else _component_in(name))
        created = moment(obj, "metadata", "creationTimestamp")
        yield RevisionFacts(
            component,
            name,
            _truth(ready.status) if ready else None,
            ready.reason if ready else "",
            ready.message if ready else "",
            sum(share[2] or 0 for share in own) if own else 0 if shares else None,
            " ".join(share[3] for share in own if share[3]),
            text(root, "status", "components", component, "latestCreatedRevision") == name,
            sum(_pod_ready(pod) for pod in mine) if counted else number(obj, "status", "actualReplicas"),
            len(mine) if counted else number(obj, "status", "desiredReplicas"),
            created,
            _who(root, created) or annotation(obj, CREATOR).rpartition(":")[2],
            text(next(iter(rows(obj, "spec", "containers")), {}), "image"),
            annotation(obj, SOURCE),
            name,
        )


def _shares(root: Object) -> list[tuple[str, str, int | None, str]]:
    """Give component, revision, percent and tag of each entry of the traffic lists."""
    return [
        (
            component,
            text(one, "revisionName") or text(part, "latestReadyRevision"),
            number(one, "percent"),
            text(one, "tag"),
        )
        for component, part in table(root, "status", "components").items()
        for one in rows(part, "traffic")
    ]


def _standard(tree: ObjectTree) -> Iterator[RevisionFacts]:
    root = tree.root or {}
    deployments = [
        one
        for one in of_kind(tree.objects, "Deployment", "LeaderWorkerSet")
        if not label(one, "serving.knative.dev/revision")
    ]
    weights = _weights(tree) or _canary_shares(root, [name_of(one) for one in deployments])
    for deployment in deployments:
        uid = text(deployment, "metadata", "uid")
        current = annotation(deployment, NUMBER)
        sets = [one for one in of_kind(tree.objects, "ReplicaSet") if uid and uid in owner_uids(one)]
        kept = [one for one in sets if annotation(one, NUMBER) == current or (number(one, "status", "replicas") or 0)]
        for obj in kept or [deployment]:
            latest = not current or obj is deployment or annotation(obj, NUMBER) == current
            yield _set_facts(root, deployment, obj, latest, weights)


def _set_facts(root: Object, deployment: Object, obj: Object, latest: bool, weights: dict[str, int]) -> RevisionFacts:
    conditions = conditions_of(deployment)
    told = find(conditions, "Available") or find(conditions, "Progressing")
    progress = find(conditions, "Progressing")
    if latest and progress is not None and progress.status == "False":
        told = progress
    wanted, ready = number(obj, "spec", "replicas"), number(obj, "status", "readyReplicas") or 0
    template = table(obj, "spec", "template")
    created = moment(obj, "metadata", "creationTimestamp")
    name = name_of(deployment)
    place = annotation(obj, NUMBER)
    return RevisionFacts(
        label(deployment, "component") or label(deployment, "kserve.io/component") or _component_in(name),
        f"{name} #{place}" if place else name,
        ready >= wanted if wanted else (_truth(told.status) if told else None),
        told.reason if told and told.status != "True" and latest else "",
        told.message if told and told.status != "True" and latest else "",
        weights.get(name),
        "",
        latest,
        ready,
        wanted,
        created,
        _who(root, created),
        text(next(iter(rows(template, "spec", "containers")), {}), "image"),
        annotation(template, SOURCE),
        label(obj, "pod-template-hash"),
    )


def _weights(tree: ObjectTree) -> dict[str, int]:
    """Give the shares that HTTPRoutes divide requests by, in percent by the name of the Kubernetes service."""
    found: dict[str, int] = {}
    for route in of_kind(tree.objects, "HTTPRoute"):
        for rule in rows(route, "spec", "rules"):
            backends = [(text(one, "name"), number(one, "weight")) for one in rows(rule, "backendRefs")]
            total = sum(1 if weight is None else weight for _, weight in backends)
            if len(backends) > 1 and total > 0:
                found.update({name: round(100 * (1 if w is None else w) / total) for name, w in backends})
    return found


def _canary_shares(root: Object, deployments: list[str]) -> dict[str, int]:
    """Give the shares that ``status.canaryStatuses`` tells of (KServe 0.20), where no route can be read.

    The Deployment of a canary has the canary's name in its own; the stable one has the rest.
    """
    shares: dict[str, int] = {}
    for canary in rows(root, "status", "canaryStatuses"):
        name, percent = text(canary, "name"), number(canary, "trafficPercent")
        own = [deployment for deployment in deployments if name and f"-{name}-" in f"{deployment}-"]
        if percent is not None and own:
            shares[own[0]] = percent
    rest = [name for name in deployments if name not in shares and _component_in(name) == "predictor"]
    if shares and len(rest) == 1:
        shares[rest[0]] = max(0, 100 - sum(shares.values()))
    return shares


def _pod_ready(pod: Object) -> bool:
    ready = find(conditions_of(pod), "Ready")
    return ready is not None and ready.status == "True"


def _truth(status: str) -> bool | None:
    return {"True": True, "False": False}.get(status)


def _component_in(name: str) -> str:
    return next((part for part in ("transformer", "explainer") if f"-{part}" in name), "predictor")


def _who(root: Object, created: datetime | None) -> str:
    """Find who changed the service so shortly before a revision was made that it follows from the change."""
    if created is None:
        return ""
    before = [
        one
        for one in writers(root)
        if one.time is not None
        and timedelta(seconds=-2) <= created - one.time <= SOON_AFTER
        and any(field.startswith("spec") for field in one.fields)
    ]
    return before[-1].manager if before else ""
