"""A tree with its objects sorted: which pods count today, which belong to yesterday, and who made whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.domain.diagnosis import kinship, workloads
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
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.service import Condition, Kind, Mode
from kmon_tui.domain.tree import Object, ObjectTree, Ref

_MODES = {
    "knative": Mode.KNATIVE,
    "serverless": Mode.KNATIVE,
    "standard": Mode.STANDARD,
    "rawdeployment": Mode.STANDARD,
    "modelmesh": Mode.MODELMESH,
}
"""Both spellings: Serverless and RawDeployment until KServe 0.15, Knative and Standard since 0.16."""
_NO_LOG = "unable to retrieve container logs for "
"""What a kubelet answers, with 200, in place of the lines of a container that its runtime has removed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the rules look at; made once for each diagnosis."""

    tree: ObjectTree
    now: datetime
    root: Object
    ref: Ref
    """The service itself."""
    mode: Mode
    conditions: Mapping[str, Condition]
    """The service's own."""
    pods: tuple[PodView, ...]
    """All pods of the service, the newest first."""
    deployments: tuple[Object, ...]
    """Those that say anything of the service today: not of Knative revisions that were replaced."""
    kinds: Mapping[str, tuple[Object, ...]]
    """The other objects by their kind."""
    happenings: Mapping[tuple[str, str], tuple[Object, ...]]
    """Events by (kind, name) of the object that they are about, oldest first."""

    @property
    def ready(self) -> bool:
        """Whether the service says that it is ready."""
        condition = self.conditions.get("Ready")
        return condition is not None and condition.status == "True"

    @property
    def current(self) -> tuple[PodView, ...]:
        """Pods that are meant to run and belong to the newest version of their component, the newest first."""
        return tuple([pod for pod in self.pods if pod.live and pod.current])

    @property
    def multinode(self) -> bool:
        """Whether pods form groups over several nodes, of which each needs all others."""
        grouped = any(text(labels(pod.object), "leaderworkerset.sigs.k8s.io/name") for pod in self.pods)
        return grouped or bool(node(self.root, "spec", "predictor", "workerSpec"))

    def of_kind(self, kind: str) -> tuple[Object, ...]:
        """Give the objects of a kind."""
        return self.kinds.get(kind, ())

    def find(self, kind: str, name: str) -> Object:
        """Give an object by its name; the empty one when it is not there."""
        for obj in self.of_kind(kind):
            if name_of(obj) == name:
                return obj
        return NOTHING

    def events(self, ref: Ref) -> tuple[Object, ...]:
        """Give the events of an object, oldest first."""
        return self.happenings.get((ref.kind, ref.name), ())

    def blind_to(self, kind: str) -> bool:
        """Tell whether a kind could not be read."""
        return any(blind.kind == kind for blind in self.tree.blind)

    def log(self, pod: str, container: str) -> tuple[str, ...]:
        """Give the last lines of a container: those before its last restart if they are there."""
        tails = [tail for tail in self.tree.logs if (tail.pod, tail.container) == (pod, container)]
        found = [_own(tail.lines) for tail in sorted(tails, key=lambda tail: not tail.previous)]
        return next((lines for lines in found if lines), ())

    def older_than(self, moment: datetime | None, seconds: float) -> bool:
        """Tell whether something is known to be older than this."""
        return moment is not None and (self.now - moment).total_seconds() >= seconds

    def lasts(self, condition: Condition, seconds: float, obj: Object = NOTHING) -> bool:
        """Tell whether a condition has been so for this long; one without a time as long as its object is there."""
        return self.older_than(condition.since or when(obj or self.root, "metadata", "creationTimestamp"), seconds)


def look(tree: ObjectTree, now: datetime) -> Scene:
    """Sort the objects of a tree."""
    root = tree.root if tree.root is not None else NOTHING
    kinds: dict[str, list[Object]] = {}
    for obj in tree.objects:
        kinds.setdefault(text(obj, "kind"), []).append(obj)
    mode = _mode(root)
    own, kinds["Pod"] = _split(root, mode, kinds)
    latest = workloads.latest_revisions(root, kinds).values()
    counting = [one for one in kinds.get("Deployment", ()) if workloads.counts(root, mode, one, latest)]
    return Scene(
        tree,
        now,
        root,
        _root_ref(root),
        mode,
        conditions_of(root),
        workloads.pods_of(root, own, kinds),
        tuple(counting),
        {kind: tuple(found) for kind, found in kinds.items()},
        _sorted_events(tree),
    )


def own_pods(tree: ObjectTree) -> tuple[Object, ...]:
    """Give the pods that are a service's own, or of ModelMesh: a tree also has those that hold what it waits for."""
    root = tree.root if tree.root is not None else NOTHING
    kinds: dict[str, list[Object]] = {}
    for obj in tree.objects:
        kinds.setdefault(text(obj, "kind"), []).append(obj)
    pods, mode = kinds.get("Pod", []), _mode(root)
    if mode is Mode.MODELMESH:
        home = text(root, "metadata", "namespace")
        return tuple([pod for pod in pods if text(pod, "metadata", "namespace") == home])
    return tuple(_split(root, mode, kinds)[0])


def _split(root: Object, mode: Mode, kinds: dict[str, list[Object]]) -> tuple[list[Object], list[Object]]:
    """Part own pods from others, and leave out of ``kinds`` what makes those of another service."""
    foreign = kinship.makers_of_others(root, kinds)
    for kind in kinship.MAKERS if foreign else ():
        kinds[kind] = [one for one in kinds.get(kind, ()) if text(one, "metadata", "uid") not in foreign]
    return workloads.split_pods(root, mode, kinds.get("Pod", []), kinship.uids_of_makers(root, kinds), foreign)


def event_time(event: Object) -> datetime | None:
    """Tell when an event was seen last."""
    series = when(event, "series", "lastObservedTime")
    return (
        series
        or when(event, "lastTimestamp")
        or when(event, "eventTime")
        or when(event, "firstTimestamp")
        or when(event, "metadata", "creationTimestamp")
    )


def event_count(event: Object) -> int:
    """Tell how often it was seen."""
    return number(event, "series", "count") or number(event, "count") or 1


def _sorted_events(tree: ObjectTree) -> dict[tuple[str, str], tuple[Object, ...]]:
    found: dict[tuple[str, str], list[Object]] = {}
    for event in tree.events:
        about = node(event, "involvedObject") or node(event, "regarding")
        found.setdefault((text(about, "kind"), text(about, "name")), []).append(event)
    return {key: tuple(events) for key, events in found.items()}


def _own(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Leave what the container itself wrote."""
    return tuple([line for line in lines if not line.startswith(_NO_LOG)])


def _root_ref(root: Object) -> Ref:
    ref = ref_of(root)
    return ref if ref.kind else ref._replace(kind=Kind.ISVC)


def _mode(root: Object) -> Mode:
    """Say how it is run: what the status says, what the annotation asks for, what the status hints at."""
    if text(root, "kind") == Kind.LLM:
        return Mode.STANDARD
    for said in (
        text(root, "status", "deploymentMode"),
        text(node(root, "metadata", "annotations"), "serving.kserve.io/deploymentMode"),
    ):
        mode = _MODES.get(said.lower())
        if mode is not None:
            return mode
    for component in node(root, "status", "components").values():
        if text(component, "restUrl") or text(component, "grpcUrl"):
            return Mode.MODELMESH
        # KServe 0.10 writes a Deployment's revision, a bare number, in Standard mode.
        created = text(component, "latestCreatedRevision")
        if nodes(component, "traffic") or (created and not created.isdigit()):
            return Mode.KNATIVE
    types = conditions_of(root)
    if "PredictorConfigurationReady" in types or "PredictorRouteReady" in types or "ConfigurationsReady" in types:
        return Mode.KNATIVE
    reason = types["PredictorReady"].reason if "PredictorReady" in types else ""
    return Mode.STANDARD if reason.startswith(("MinimumReplicas", "NewReplicaSet", "ReplicaSet")) else Mode.UNKNOWN
