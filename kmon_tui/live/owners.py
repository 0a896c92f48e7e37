"""Whose series is it: from the labels of a series to the service whose requests it counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kmon_tui.domain.service import InferenceService, Key, Kind, Pod, Readiness

_NAMESPACE = ("namespace_name", "k8s_namespace_name", "namespace", "exported_namespace", "kubernetes_namespace")
_POD = ("pod_name", "k8s_pod_name", "service_instance_id", "pod", "exported_pod", "kubernetes_pod_name")
_REVISION = ("revision_name", "kn_revision_name", "serving_knative_dev_revision", "revision")
_KNATIVE_SERVICE = ("configuration_name", "kn_configuration_name", "kn_service_name", "exported_service_name")
"""Always the name of a Knative service, never of an InferenceService."""

_POD_TAIL = re.compile(
    r"(?P<revision>-\d{5})?(?:-deployment)?(?:-(?!predictor|transformer|explainer|default)[a-z0-9]+){1,2}"
)
_REVISION_TAIL = re.compile(r"-\d{5}")
_ASLEEP = (Readiness.COLD, Readiness.STOPPED)


def face(isvc: InferenceService) -> int:
    """Give a mark of all that Owners reads of a service: while it is the same, so is every answer."""
    return hash((isvc.key, isvc.components, isvc.pods, isvc.traffic, _is_empty(isvc)))


def _is_empty(isvc: InferenceService) -> bool:
    """Whether no pod of it is ready, as far as its pods are known."""
    asleep = isvc.readiness in _ASLEEP
    return (asleep or bool(isvc.pods) or isvc.replicas.ready == 0) and not any(pod.ready for pod in isvc.pods)


class _Place:
    """What is in one namespace, by name."""

    __slots__ = ("graphs", "names", "pods", "revisions")

    def __init__(self) -> None:
        self.names: dict[str, Key] = {}
        self.pods: dict[str, Pod] = {}
        self.graphs: dict[str, tuple[Key, str]] = {}
        self.revisions: dict[str, dict[str, Key]] = {}
        """By component."""

    def revision(self, name: str) -> tuple[Key, str] | None:
        """Give whose revision this is, and of which component."""
        for component, keys in self.revisions.items():
            if key := keys.get(name):
                return key, component
        return None


_NOWHERE = _Place()


class Owners:
    """An index of the services, made once per fleet; ``face`` knows all that is read of them.

    Names stand under their namespaces: with both in each key it would take four times the room.
    """

    def __init__(self, services: Iterable[InferenceService]) -> None:
        self._entry: dict[Key, str] = {}
        self._places: dict[str, _Place] = {}
        self._empty: set[Key] = set()
        """Services without a ready pod."""
        self._everywhere: dict[str, list[str]] | None = None
        """Namespaces by name of a pod or service, made for the first series that does not say its namespace."""
        for isvc in services:
            self._add(isvc)

    def _add(self, isvc: InferenceService) -> None:
        key, name = isvc.key, isvc.key.name
        place = self._places.get(key.namespace)
        if place is None:
            place = self._places[key.namespace] = _Place()
        self._entry[key] = isvc.entry
        if _is_empty(isvc):
            self._empty.add(key)
        for pod in isvc.pods:
            place.pods[pod.name] = pod
            if pod.revision:
                place.revisions.setdefault(pod.component, {})[pod.revision] = key
        for share in isvc.traffic:
            if share.revision and place.revision(share.revision) is None:
                place.revisions.setdefault(isvc.entry, {})[share.revision] = key
        if key.kind is Kind.GRAPH:
            place.graphs[name] = (key, isvc.entry)
        if key.kind is Kind.ISVC or name not in place.names:
            place.names[name] = key

    def __contains__(self, key: object) -> bool:
        return key in self._entry

    def owner(self, labels: Mapping[str, str]) -> Key | None:
        """Give the service whose entry component this series counts; None for components behind it and strangers."""
        namespace = _first(labels, _NAMESPACE)
        found = self._told(namespace, labels)
        own = labels.get("exported_namespace")
        if found is None and own and namespace == labels.get("namespace"):
            # Namespace and pod are those of who was scraped (a federation, a collector); the series had its own.
            found = self._told(own, {**labels, "pod": labels.get("exported_pod", "")})
        if found is None:
            return None
        key, component = found
        component = labels.get("component") or component
        entry = self._entry[key]
        return key if not component or not entry or component in (entry, "workload") else None

    def _told(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, str] | None:
        found = self._by_pod(namespace, labels)
        found = found or self._by_revision(namespace, labels) or self._by_service(namespace, labels)
        return found or self._by_pattern(namespace, labels)

    def revision(self, key: Key, labels: Mapping[str, str]) -> str:
        """Give the revision that this series of a service counts: by its label, else by the name of its pod.

        In Standard mode that is the hash that is in the names of the pods of one ReplicaSet; empty: nobody says.
        """
        pod = _first(labels, _POD)
        told = {labels[name] for name in _REVISION if labels.get(name)}
        for keys in self._places.get(key.namespace, _NOWHERE).revisions.values():
            for revision in [name for name, owner in keys.items() if owner == key]:
                if revision in told or pod.startswith(f"{revision}-") or f"-{revision}-" in pod:
                    return revision
        return ""

    def may_serve(self, key: Key) -> bool:
        """Whether a pod of this service is ready, or its pods are not known."""
        return key not in self._empty

    def born_s(self, labels: Mapping[str, str]) -> float | None:
        """Give when the pod behind a series was made, if it is known: before it, its counters were zero."""
        namespace = _first(labels, _NAMESPACE)
        for label in _POD:
            pod = self._pod(namespace, labels.get(label))
            if pod is not None and pod.created is not None:
                return pod.created.timestamp()
        return None

    def serves(self, labels: Mapping[str, str]) -> bool:
        """Whether the pod behind a series is there and ready."""
        namespace = _first(labels, _NAMESPACE)
        pods = [pod for name in _POD if (pod := self._pod(namespace, labels.get(name)))]
        return any(pod.ready and not pod.terminating for pod in pods)

    def _by_pod(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, str] | None:
        for label in _POD:
            if pod := self._pod(namespace, labels.get(label)):
                return self._key_of(pod), pod.component
        return None

    def _by_revision(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, str] | None:
        for label in _REVISION:
            revision = labels.get(label)
            if not revision:
                continue
            if found := self._places.get(namespace, _NOWHERE).revision(revision):
                return found
            # A revision is named after its Knative service, with five digits more.
            service = _REVISION_TAIL.sub("", revision[-6:])
            if not service and (found := self._by_knative_name(namespace, revision[:-6])):
                return found
        return None

    def _by_service(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, str] | None:
        """By a label that only ever holds the Knative service, then by KServe's own, then by ``service_name``."""
        for label in _KNATIVE_SERVICE:
            name = labels.get(label)
            if name and (found := self._by_knative_name(namespace, name)):
                return found
        name = labels.get("serving_kserve_io_inferenceservice", "")
        if name:
            key = self._named(self._place(namespace, name), name)
            return (key, "") if key else None
        name = labels.get("service_name", "")
        if not name:
            return None
        namespace = self._place(namespace, name)
        # As queue-proxy wrote it, it is the Knative service; as a scrape job set it, it is the InferenceService.
        by_proxy = "configuration_name" in labels or "kn_configuration_name" in labels
        key = None if by_proxy else self._named(namespace, name)
        return (key, "") if key else self._by_knative_name(namespace, name)

    def _by_pattern(self, namespace: str, labels: Mapping[str, str]) -> tuple[Key, str] | None:
        """The last resort: the pod is gone, and its name is all that is left. The longest name that fits wins."""
        pod = _first(labels, _POD)
        at = len(pod)
        while (at := pod.rfind("-", 0, at)) > 0:
            found = self._by_knative_name(namespace, pod[:at])
            if found and _POD_TAIL.fullmatch(pod, at):
                return found
        return None

    def _by_knative_name(self, namespace: str, name: str) -> tuple[Key, str] | None:
        """A Knative service is named NAME-COMPONENT (KServe 0.10: NAME-COMPONENT-default), a graph's as the graph."""
        base, _, component = name.removesuffix("-default").rpartition("-")
        if component in ("predictor", "transformer", "explainer"):
            key = self._named(self._place(namespace, base), base)
            if key is not None and key.kind is Kind.ISVC:
                return key, component
        return self._places.get(namespace, _NOWHERE).graphs.get(name)

    def _named(self, namespace: str, name: str) -> Key | None:
        return self._places.get(namespace, _NOWHERE).names.get(name)

    def _pod(self, namespace: str, name: str | None) -> Pod | None:
        return self._places.get(self._place(namespace, name), _NOWHERE).pods.get(name) if name else None

    def _key_of(self, pod: Pod) -> Key:
        """Give the key of the row that a pod belongs to: the one that is kept already, as a rule."""
        key = self._named(pod.namespace, pod.isvc)
        return key if key is not None and key.kind is pod.kind else Key(pod.kind, pod.namespace, pod.isvc)

    def _place(self, namespace: str, name: str) -> str:
        """Give the namespace, or the only one that has this name."""
        if namespace:
            return namespace
        if self._everywhere is None:
            self._everywhere = {}
            for there, place in self._places.items():
                for one in place.names.keys() | place.pods.keys():
                    self._everywhere.setdefault(one, []).append(there)
        places = self._everywhere.get(name, ())
        return places[0] if len(places) == 1 else ""


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
