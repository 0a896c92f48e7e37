"""Where listed and watched objects go: services into the rows, pods to the rows that they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern

from kmon_tui.domain.service import Key, Kind
from kmon_tui.live.moulds import Moulds
from kmon_tui.live.objects import facts_of
from kmon_tui.live.pods import owner_of, pod_of
from kmon_tui.live.rows import Rows
from kmon_tui.live.shapes import PodObject, Served
from kmon_tui.live.sink import Name

_new = tuple.__new__


class ServedSink:
    """Puts the objects of one kind into the rows."""

    def __init__(self, rows: Rows, kind: Kind) -> None:
        self._rows, self._kind = rows, kind
        self._versions: dict[Name, str] = {}
        """By key."""
        self._moulds = Moulds()

    def put(self, thing: Served) -> Name:
        """Keep this object, unless it is known in this very version."""
        meta = thing.metadata
        key, version = _new(Key, (self._kind, intern(meta.namespace), meta.name)), meta.version
        if not version or self._versions.get(key) != version:
            facts = facts_of(thing, self._kind, self._moulds, key)
            if facts is not None:
                self._versions[key] = version
                self._rows.put(key, facts)
        return key

    def gone(self, thing: Served) -> None:
        """Forget this object."""
        self._drop(Key(self._kind, thing.metadata.namespace, thing.metadata.name))

    def doubt(self) -> None:
        """Hear that a known version may say something else."""
        self._versions = dict.fromkeys(self._versions, "")

    def __len__(self) -> int:
        return len(self._versions)

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these."""
        for key in self._versions.keys() - names:
            self._drop(key)

    def _drop(self, key: Name) -> None:
        self._versions.pop(key, None)
        self._rows.drop(Key(self._kind, *key[1:]))


class PodSink:
    """Puts pods to the rows that they belong to."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._owners: dict[str, dict[str, Key]] = {}
        """By namespace and name."""

    def put(self, thing: PodObject) -> Name:
        """Keep this pod with its row; its labels may have changed hands."""
        namespace, name = thing.metadata.namespace, thing.metadata.name
        pod, known = pod_of(thing), self._owners.get(namespace, {}).get(name)
        key = None if pod is None else owner_of(pod)
        if known is not None and known != key:
            self._drop((namespace, name))
            known = None
        if pod is not None and key is not None:
            if known is None:
                known = self._rows.the_key(key)
                self._owners.setdefault(pod.namespace, {})[pod.name] = known
            self._rows.put_pod(known, pod)
        return (namespace, name)

    def doubt(self) -> None:
        """Hear that a known version may say something else: pods are read whatever their version."""

    def gone(self, thing: PodObject) -> None:
        """Forget this pod."""
        self._drop((thing.metadata.namespace, thing.metadata.name))

    def only(self, names: set[Name]) -> None:
        """Forget all pods but these."""
        self._forget({(place, name) for place, owners in self._owners.items() for name in owners} - names)

    def _forget(self, names: Iterable[Name]) -> None:
        for name in list(names):
            self._drop(name)

    def _drop(self, thing: Name) -> None:
        namespace, name = thing
        owners = self._owners.get(namespace, {})
        key = owners.pop(name, None)
        if key is not None:
            self._rows.drop_pod(key, name)
            if not owners:
                del self._owners[namespace]
