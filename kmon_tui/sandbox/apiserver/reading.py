"""GET of one object, or of its status or scale."""

from __future__ import annotations

from aiohttp import web

from kmon_tui.sandbox.apiserver.errors import not_found
from kmon_tui.sandbox.apiserver.exchange import Exchange, answer
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path


def require_entry(store: Store, target: Target) -> Entry:
    """Return what a target names. Raises ApiError 404."""
    entry = store.entry(target.kind.group, target.kind.plural, target.namespace, target.name)
    if entry is None:
        raise not_found(target.kind, target.name)
    return entry


def get_object(store: Store, exchange: Exchange) -> web.Response:
    """Answer a GET."""
    entry = require_entry(store, exchange.target)
    if exchange.target.subresource == "scale":
        return answer(scale_of(entry))
    return answer(exchange.view().object(entry))


def scale_of(entry: Entry) -> JsonObject:
    """Write the scale of a workload, as its subresource does."""
    metadata = entry.object["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = at_path(entry.object, "spec.selector.matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in names if name in metadata},
        "spec": {"replicas": at_path(entry.object, "spec.replicas") or 0},
        "status": {
            "replicas": at_path(entry.object, "status.replicas") or 0,
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }
