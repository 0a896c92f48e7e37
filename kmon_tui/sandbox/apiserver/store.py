"""Every object of the cluster: what etcd and the storage layer of the real server do together."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from kmon_tui.sandbox.apiserver.builtin import builtin_kinds
from kmon_tui.sandbox.apiserver.conversion import to_stored
from kmon_tui.sandbox.apiserver.kinds import Kind, Registry, kind_from_definition
from kmon_tui.sandbox.apiserver.shelf import ADDED, DELETED, MODIFIED, Change, Entry, Shelf, key_of
from kmon_tui.sandbox.apiserver.values import JsonObject, copy_of, metadata_of, timestamp

FIRST_REVISION = 1000
"""Revisions up to this one are gone, as in a cluster that has lived for a while."""

_WITHOUT_GENERATION = {
    ("", plural)
    for plural in ("configmaps", "endpoints", "events", "namespaces", "nodes", "secrets", "serviceaccounts", "services")
} | {("coordination.k8s.io", "leases")}
_LEFT_OUT_WHEN_EMPTY = ("annotations", "finalizers", "labels", "managedFields", "ownerReferences")
_SPEC_IS_REST = ("apiVersion", "kind", "metadata", "status")

Listener = Callable[[Kind, Change], None]


class Store:
    """All objects by group, plural, namespace and name. What comes out is a copy, free to be changed."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.uid = str(uuid.uuid4())
        """Of an object that is made when a store is empty, and is in each of its backups."""
        self.revision = FIRST_REVISION
        self.listeners: list[Listener] = []
        """Called after each change, on the loop; they may write to the store."""
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._owned: dict[str, set[tuple[tuple[str, str], str]]] = {}
        """By uid of an owner: kind and key of what it owns, or once did."""
        for kind in builtin_kinds():
            self.registry.add(kind)
        for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
            self._make_namespace(name)

    # -- for the world and the tests

    def put(self, obj: JsonObject) -> JsonObject:
        """Create or replace an object, status and all; an equal one changes nothing.

        Sets uid, creationTimestamp, generation and resourceVersion unless the
        object brings its own (a resourceVersion is always new), and makes the
        namespace when it is missing. Raises LookupError for an unknown kind.
        """
        kind = self.registry.find(obj.get("apiVersion", ""), obj.get("kind", ""))
        if kind is None:
            raise LookupError(f"no such kind: {obj.get('kind')} in {obj.get('apiVersion')}")
        obj = to_stored(kind, copy_of(obj))
        metadata = metadata_of(obj)
        if kind.namespaced:
            self._make_namespace(metadata.setdefault("namespace", "default"))
        else:
            metadata.pop("namespace", None)
        old = self.entry(kind.group, kind.plural, metadata.get("namespace", ""), metadata["name"])
        if old is not None:
            _inherit(obj, old.object)
            if obj == old.object:
                return copy_of(old.object)
        return copy_of(self.commit(kind, obj).object)

    def get(self, group: str, plural: str, namespace: str, name: str) -> JsonObject | None:
        """Return an object, or None. The namespace of cluster-scoped objects is empty."""
        entry = self.entry(group, plural, namespace, name)
        return copy_of(entry.object) if entry else None

    def list(self, group: str, plural: str, namespace: str | None = None) -> list[JsonObject]:
        """Return all objects of a kind, or those of one namespace, in the API's order."""
        entries = self.shelf(group, plural).ordered()
        return [copy_of(entry.object) for entry in entries if namespace is None or entry.namespace == namespace]

    def delete(self, group: str, plural: str, namespace: str, name: str) -> None:
        """Delete an object and what it owns; one with finalizers is only marked. Silent when it is not there."""
        entry = self.entry(group, plural, namespace, name)
        if entry is not None:
            self.remove(self.registry.kinds[group, plural], entry)

    async def follow(self, group: str, plural: str) -> AsyncGenerator[tuple[str, JsonObject], None]:
        """Yield ADDED for each object there is, then ADDED, MODIFIED and DELETED as they happen."""
        shelf = self.shelf(group, plural)
        with shelf.followed() as follower:
            for entry in list(shelf.ordered()):
                yield ADDED, copy_of(entry.object)
            while changes := await follower.read():
                for change in changes:
                    yield change.type, copy_of(change.new.object)

    # -- for the API server

    def shelf(self, group: str, plural: str) -> Shelf:
        """Return where the objects of a kind lie."""
        kind = self.registry.kinds.get((group, plural))
        key = (kind.stored_as if kind else None) or (group, plural)
        if key not in self._shelves:
            self._shelves[key] = Shelf(FIRST_REVISION)
        return self._shelves[key]

    def entry(self, group: str, plural: str, namespace: str, name: str) -> Entry | None:
        """Return the stored entry itself; it must not be changed."""
        return self.shelf(group, plural).entries.get(key_of(namespace, name))

    def commit(self, kind: Kind, obj: JsonObject) -> Entry:
        """Write an object as the next revision; deleted at once when it was only waiting for its finalizers."""
        metadata = _signed(kind, obj)
        self.revision += 1
        metadata["resourceVersion"] = str(self.revision)
        entry = Entry({"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata, **obj})
        shelf = self.shelf(*kind.key)
        old = shelf.entries.get(entry.key)
        for owner in metadata.get("ownerReferences") or ():
            self._owned.setdefault(owner.get("uid", ""), set()).add((kind.key, entry.key))
        self._record(kind, shelf, Change(MODIFIED if old else ADDED, self.revision, entry, old))
        if _is_done_for(entry.object):
            return self._forget(kind, entry)
        if kind.plural == "customresourcedefinitions":
            return self._define(kind, entry)
        return entry

    @staticmethod
    def rehearse(kind: Kind, obj: JsonObject) -> Entry:
        """Return what commit() would make of a new object, without storing it."""
        _signed(kind, obj)
        return Entry(obj)

    def remove(self, kind: Kind, entry: Entry, grace_s: int = 0, orphan: bool = False) -> Entry:
        """Delete an entry, or mark it as deleted while finalizers or a grace period keep it.

        ``orphan`` leaves what it owns behind.
        """
        metadata = entry.object["metadata"]
        if not metadata.get("finalizers") and not grace_s:
            return self._forget(kind, entry, orphan)
        if metadata.get("deletionTimestamp"):
            return entry
        marked = copy_of(entry.object)
        marked["metadata"].update(deletionTimestamp=timestamp(), deletionGracePeriodSeconds=grace_s)
        if "generation" in metadata:
            marked["metadata"]["generation"] += 1
        return self.commit(kind, marked)

    def compact(self, revision: int | None = None) -> None:
        """Forget the history up to a revision (default: all of it), so that older ones answer 410."""
        for kind in self.registry.kinds.values():
            self.shelf(*kind.key).compact(self.revision if revision is None else revision)

    def drop_watches(self) -> None:
        """End every watch, as a server does that shuts down."""
        for shelf in self._shelves.values():
            shelf.drop_followers()

    @property
    def watches(self) -> int:
        """How many watches are open."""
        return sum(shelf.follower_count for shelf in self._shelves.values())

    # -- helpers

    def _record(self, kind: Kind, shelf: Shelf, change: Change) -> None:
        shelf.record(change)
        for listener in tuple(self.listeners):
            listener(kind, change)

    def _forget(self, kind: Kind, entry: Entry, orphan: bool = False) -> Entry:
        shelf = self.shelf(*kind.key)
        current = shelf.entries.get(entry.key)
        if current is None:
            return entry
        self.revision += 1
        metadata = {**current.object["metadata"], "resourceVersion": str(self.revision)}
        gone = Entry({**current.object, "metadata": metadata})
        self._record(kind, shelf, Change(DELETED, self.revision, gone, current))
        if not orphan:
            self._collect(metadata["uid"])
        if kind.key == ("", "namespaces"):
            self._empty((one for one in list(self.registry.kinds.values()) if one.namespaced), namespace=entry.name)
        elif kind.plural == "customresourcedefinitions":
            self._undefine(kind_from_definition(current.object))
        return gone

    def _collect(self, uid: str) -> None:
        """Delete what the deleted object owned, as the garbage collector does."""
        for kind_key, key in sorted(self._owned.pop(uid, ())):
            kind, entry = self.registry.kinds.get(kind_key), self.shelf(*kind_key).entries.get(key)
            if kind is None or entry is None:
                continue
            owners = entry.object["metadata"].get("ownerReferences") or ()
            if any(owner.get("uid") == uid for owner in owners):
                self.remove(kind, entry)

    def _empty(self, kinds: Iterable[Kind], namespace: str | None = None) -> None:
        for kind in kinds:
            for entry in list(self.shelf(*kind.key).entries.values()):
                if namespace is None or entry.namespace == namespace:
                    self.remove(kind, entry)

    def _undefine(self, kind: Kind) -> None:
        """Serve a kind no more: its objects go, finalizers or not, and then its watches end, as a real server's do."""
        shelf = self.shelf(*kind.key)
        for entry in list(shelf.entries.values()):
            self._forget(kind, entry)
        self.registry.remove(*kind.key)
        shelf.drop_followers()

    def _define(self, kind: Kind, entry: Entry) -> Entry:
        self.registry.add(kind_from_definition(entry.object))
        if entry.object.get("status", {}).get("conditions"):
            return entry
        established = copy_of(entry.object)
        established["status"] = _accepted(established["spec"])
        return self.commit(kind, established)

    def _make_namespace(self, name: str) -> None:
        if self.entry("", "namespaces", "", name) is None:
            self.commit(self.registry.kinds["", "namespaces"], new_namespace(name))


def new_namespace(name: str) -> JsonObject:
    """Return a namespace as it is right after its creation."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def same_spec(one: JsonObject, other: JsonObject) -> bool:
    """Say whether two objects want the same: all but metadata and status is equal."""
    return _rest(one) == _rest(other)


def _rest(obj: JsonObject) -> dict[str, Any]:
    return {name: value for name, value in obj.items() if name not in _SPEC_IS_REST}


def _inherit(obj: JsonObject, old: JsonObject) -> None:
    """Give an object that replaces another one what only the server decides."""
    metadata, before = obj["metadata"], old["metadata"]
    for name in ("uid", "creationTimestamp", "managedFields"):
        if name in before:
            metadata.setdefault(name, before[name])
    metadata["resourceVersion"] = before["resourceVersion"]
    if "generation" in before:
        generation = before["generation"] + (not same_spec(obj, old))
        metadata["generation"] = max(generation, metadata.get("generation", 0))


def _signed(kind: Kind, obj: JsonObject) -> JsonObject:
    """Give an object what the server adds when it is stored first; returns its metadata."""
    metadata = metadata_of(obj)
    for name in _LEFT_OUT_WHEN_EMPTY:
        if name in metadata and not metadata[name]:
            del metadata[name]
    metadata.setdefault("uid", str(uuid.uuid4()))
    metadata.setdefault("creationTimestamp", timestamp())
    if kind.key not in _WITHOUT_GENERATION and kind.stored_as is None:
        metadata.setdefault("generation", 1)
    return metadata


def _is_done_for(obj: JsonObject) -> bool:
    """Say whether an object was deleted and nothing keeps it any more."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if obj["kind"] == "Namespace":
        return not (obj.get("spec") or {}).get("finalizers")
    return not metadata.get("deletionGracePeriodSeconds")


def _accepted(spec: JsonObject) -> JsonObject:
    conditions = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    return {
        "acceptedNames": spec["names"],
        "storedVersions": [version["name"] for version in spec["versions"] if version.get("storage")],
        "conditions": [
            {"type": name, "status": "True", "reason": reason, "message": message, "lastTransitionTime": timestamp()}
            for name, reason, message in conditions
        ],
    }
