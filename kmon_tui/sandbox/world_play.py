"""Plays a fault from its beginning to its end: somebody applies what works, then what does not, then what mends it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from kmon_tui.sandbox.apiserver import ownership
from kmon_tui.sandbox.apiserver.fields import Structure
from kmon_tui.sandbox.apiserver.ownership import Manager
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.values import JsonObject
from kmon_tui.sandbox.world_faults import AFTER, BEFORE, BROKEN, age_s, applied
from kmon_tui.sandbox.world_templates import moment

MANAGER = "kubectl-client-side-apply"
_STAYS_S = {BEFORE: 20.0, BROKEN: 120.0, AFTER: 0.0}


class Player:
    """Applies the objects of one stage after the other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._applied: list[dict[str, Any]] = []

    async def play(self, fault: str, wait: Callable[[float], Awaitable[None]]) -> None:
        """Play all stages."""
        for stage, stays_s in _STAYS_S.items():
            self.apply(fault, stage)
            await wait(stays_s)

    def apply(self, fault: str, stage: str) -> None:
        """Do what somebody does at a stage; objects of the stage before it that are no longer there go."""
        wanted = applied(fault, stage)
        kept = {_name(found) for found in wanted}
        for found in self._applied:
            kind = self._store.registry.find(found["apiVersion"], found["kind"])
            if kind is not None and _name(found) not in kept:
                _, namespace, name = _name(found)
                self._store.delete(kind.group, kind.plural, namespace, name)
                if held := self._store.get(kind.group, kind.plural, namespace, name):
                    held["metadata"]["deletionTimestamp"] = moment(time.time() - age_s(fault))
                    self._store.put(held)  # a finalizer holds it, and has done so for long enough to show
        for found in wanted:
            self._put(found)
        self._applied = wanted

    def _put(self, found: dict[str, Any]) -> None:
        """Put an object as somebody applies it: what it does not say stays, but for its annotations."""
        kind = self._store.registry.find(found["apiVersion"], found["kind"])
        assert kind is not None, found["kind"]
        _, namespace, name = _name(found)
        old = self._store.get(kind.group, kind.plural, namespace, name)
        base = old or {"metadata": {}}
        new = {**base, **found, "metadata": {**base["metadata"], "annotations": {}, **found["metadata"]}}
        sign(self._store, new, old)
        self._store.put(new)


def sign(store: Store, new: JsonObject, old: JsonObject | None = None, at: str = "") -> None:
    """Write into managedFields that somebody applied this with kubectl, now or ``at`` a time."""
    api_version = new["apiVersion"]
    kind = store.registry.find(api_version, new["kind"])
    version = kind.version(api_version.rpartition("/")[2]) if kind is not None else None
    if kind is None or version is None:
        return
    ownership.own_update(Structure(kind, version), Manager(MANAGER, ownership.UPDATE, api_version), old, new)
    for entry in new["metadata"].get("managedFields", ()) if at else ():
        entry["time"] = at


def _name(found: dict[str, Any]) -> tuple[str, str, str]:
    metadata = found["metadata"]
    return found["kind"], metadata.get("namespace", ""), metadata["name"]
