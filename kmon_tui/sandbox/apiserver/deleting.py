"""DELETE of one object and of a collection; grace periods, preconditions, namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from kmon_tui.sandbox.apiserver.bodies import decode
from kmon_tui.sandbox.apiserver.errors import conflict, details
from kmon_tui.sandbox.apiserver.exchange import Exchange, answer
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.reading import require_entry
from kmon_tui.sandbox.apiserver.selectors import matcher
from kmon_tui.sandbox.apiserver.shapes import check_options
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path, copy_of, timestamp

_RETURNED = (("", "pods"), ("", "services"), ("", "persistentvolumeclaims"), ("", "persistentvolumes"))
"""Kinds whose deletion answers with the object; for others it is a Status."""
_DEFAULT_GRACE_S = 30
_NAMESPACE_CLEANUP_S = 0.2


class Deleter:
    """Deletes objects, and plays the kubelet and the namespace controller that finish what is only marked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.longest_grace_s = 1.0
        """A pod on a node goes after its grace period or this, whichever is shorter."""

    async def delete(self, exchange: Exchange) -> web.Response:
        """Answer a DELETE of one object."""
        target = exchange.target
        entry = require_entry(self._store, target)
        options = await _options(exchange)
        _check_preconditions(target, entry, options.get("preconditions") or {})
        status = _deleted_status(target, entry)
        if exchange.dry_run:
            return answer(status)
        left = self._remove(target, entry, options)
        if left.object["metadata"].get("deletionTimestamp") or target.kind.key in _RETURNED:
            return answer(exchange.view().object(left))
        return answer(status)

    async def delete_collection(self, exchange: Exchange) -> web.Response:
        """Answer a DELETE of a collection with what was in it."""
        target = exchange.target
        options = await _options(exchange)
        match = matcher(exchange.query, target.kind, target.namespace)
        entries = [entry for entry in self._store.shelf(*target.kind.key).ordered() if match is None or match(entry)]
        if not exchange.dry_run:
            entries = [self._remove(target, entry, options) for entry in entries]
        metadata: JsonObject = {"resourceVersion": str(self._store.revision)}
        return answer(exchange.view().collection(entries, metadata))

    def _remove(self, target: Target, entry: Entry, options: JsonObject) -> Entry:
        if target.kind.key == ("", "namespaces"):
            return self._terminate_namespace(target, entry)
        grace_s = 0
        if target.kind.key == ("", "pods") and at_path(entry.object, "spec.nodeName"):
            grace_s = _grace_s(entry, options)
        orphan = options.get("propagationPolicy") == "Orphan" or bool(options.get("orphanDependents"))
        left = self._store.remove(target.kind, entry, grace_s, orphan)
        if grace_s:
            self._later(min(grace_s, self.longest_grace_s), target, left)
        return left

    def _terminate_namespace(self, target: Target, entry: Entry) -> Entry:
        obj = copy_of(entry.object)
        if not obj["metadata"].get("deletionTimestamp"):
            obj["metadata"]["deletionTimestamp"] = timestamp()
            obj["status"] = {"phase": "Terminating"}
            entry = self._store.commit(target.kind, obj)
            self._later(_NAMESPACE_CLEANUP_S, target, entry)
        return entry

    def _later(self, delay_s: float, target: Target, marked: Entry) -> None:
        """Finish a deletion after a while, unless the object has gone or was made anew."""

        def finish() -> None:
            entry = self._store.entry(*target.kind.key, marked.namespace, marked.name)
            if entry is not None and entry.object["metadata"]["uid"] == marked.object["metadata"]["uid"]:
                self._store.remove(target.kind, entry)

        asyncio.get_running_loop().call_later(delay_s, finish)


async def _options(exchange: Exchange) -> JsonObject:
    raw = await exchange.body()
    options = decode(raw, exchange.request.content_type, exchange.target) if raw else {}
    query = exchange.query
    merged = check_options("DeleteOptions", options)
    if "propagationPolicy" in query:
        merged["propagationPolicy"] = query["propagationPolicy"]
    if query.get("gracePeriodSeconds", "").isdigit():
        merged["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
    return merged


def _grace_s(entry: Entry, options: JsonObject) -> int:
    wanted = options.get("gracePeriodSeconds")
    if wanted is None:
        wanted = at_path(entry.object, "spec.terminationGracePeriodSeconds")
    return int(_DEFAULT_GRACE_S if wanted is None else wanted)


def _check_preconditions(target: Target, entry: Entry, wanted: Mapping[str, str]) -> None:
    metadata = entry.object["metadata"]
    for name, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(name) and wanted[name] != metadata[name]:
            why = (
                f"the {word} in the precondition ({wanted[name]}) does not match the {word} in record "
                f"({metadata[name]}). The object might have been deleted and then recreated"
            )
            raise conflict(target.kind, target.name, why)


def _deleted_status(target: Target, entry: Entry) -> JsonObject:
    named = {**details(target.kind, target.name), "uid": entry.object["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": named}
