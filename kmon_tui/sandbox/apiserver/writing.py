"""CREATE, UPDATE, PATCH and apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from kmon_tui.sandbox.apiserver import ownership, patches
from kmon_tui.sandbox.apiserver.bodies import check_identity, check_name, decode
from kmon_tui.sandbox.apiserver.checks import (
    manager_required,
    require_definition,
    require_typed,
    revision_required,
    validate,
)
from kmon_tui.sandbox.apiserver.conversion import from_stored, to_stored
from kmon_tui.sandbox.apiserver.defaults import complete, fill_in
from kmon_tui.sandbox.apiserver.errors import (
    ApiError,
    already_exists,
    bad_request,
    invalid,
    namespace_not_found,
    stale,
    unsupported_media_type,
)
from kmon_tui.sandbox.apiserver.exchange import JSON, Exchange, answer
from kmon_tui.sandbox.apiserver.fields import Structure
from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.queries import Target, is_true
from kmon_tui.sandbox.apiserver.reading import require_entry, scale_of
from kmon_tui.sandbox.apiserver.shapes import check_options
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.store import Store, same_spec
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, copy_of, metadata_of

Admission = Callable[[Kind, JsonObject, JsonObject | None], None]
"""Sees each object before it is written, with the one that it replaces; may change it in place, or raise ApiError."""

_SERVERS_OWN = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
)
_NOT_AT_CREATION = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


@dataclass(slots=True)
class Writer:
    """Writes objects into a store as the API's clients want it."""

    store: Store
    admissions: list[Admission] = field(default_factory=list)

    async def create(self, exchange: Exchange) -> web.Response:
        """Answer a POST to a collection."""
        target = exchange.target
        obj = check_identity(target, decode(await exchange.body(), exchange.request.content_type, target))
        metadata = metadata_of(obj)
        if metadata.get("resourceVersion"):
            raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
        check_name(target, metadata)
        self._require_namespace(target, metadata["name"])
        warnings = validate(exchange, obj)
        if self.store.entry(*target.kind.key, target.namespace, metadata["name"]) is not None:
            raise already_exists(target.kind, metadata["name"])
        for name in (*_NOT_AT_CREATION, "managedFields"):
            metadata.pop(name, None)
        self._prepare_new(target, obj)
        ownership.own_update(_structure(target), self._manager(exchange, ownership.UPDATE), None, obj)
        return self._store_new(exchange, obj, warnings)

    async def update(self, exchange: Exchange) -> web.Response:
        """Answer a PUT."""
        target = _named(exchange.target)
        body = decode(await exchange.body(), exchange.request.content_type, target)
        if target.subresource == "scale":
            return self._scale(exchange, body)
        obj = check_identity(target, body)
        old = require_entry(self.store, target)
        revision = metadata_of(obj).get("resourceVersion")
        if not revision and target.kind.custom:
            raise revision_required(target)
        return self._replace(exchange, old, obj, validate(exchange, obj))

    async def patch(self, exchange: Exchange) -> web.Response:
        """Answer a PATCH of any kind."""
        target = _named(exchange.target)
        content_type = exchange.request.content_type
        accepted = (
            (patches.JSON_PATCH, patches.MERGE)
            if target.kind.custom
            else (patches.JSON_PATCH, patches.MERGE, patches.STRATEGIC)
        )
        if content_type not in (*accepted, patches.APPLY_TYPES[0]):
            raise unsupported_media_type((*accepted, patches.APPLY_TYPES[0]))
        raw = await exchange.body()
        if content_type == patches.APPLY_TYPES[0]:
            return self._apply(exchange, decode(raw, "application/yaml", target))
        patch = decode(raw, JSON, target)
        old = require_entry(self.store, target)
        if target.subresource == "scale":
            return self._scale(exchange, patches.merge_patch(scale_of(old), patch))
        base = copy_of(from_stored(target.kind, target.version.name, old.object))
        obj = self._patched(target, content_type, base, patch)
        obj = check_identity(target, obj)
        return self._replace(exchange, old, obj, validate(exchange, obj))

    def _patched(self, target: Target, content_type: str, base: JsonObject, patch: Json) -> JsonObject:
        if content_type == patches.JSON_PATCH:
            return patches.json_patch(base, patch)
        if not isinstance(patch, dict):
            raise bad_request(
                "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}"
            )
        if content_type == patches.MERGE:
            merged: JsonObject = patches.merge_patch(base, patch)
        else:
            merged = patches.strategic_merge_patch(_structure(target), base, patch)
        return merged

    def _apply(self, exchange: Exchange, patch: Json) -> web.Response:
        target = exchange.target
        if not exchange.query.get("fieldManager"):
            raise manager_required()
        obj = check_identity(target, patch)
        if metadata_of(obj).get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        obj = _applied_part(target, obj)
        require_typed(target, obj)
        manager = self._manager(exchange, ownership.APPLY)
        force = is_true(exchange.query, "force")
        old = self.store.entry(*target.kind.key, target.namespace, target.name)
        if old is None:
            if target.subresource:
                require_entry(self.store, target)
            check_name(target, metadata_of(obj))
            self._require_namespace(target, target.name)
            created = ownership.apply(_structure(target), manager, None, obj, force)
            warnings = validate(exchange, created)
            self._prepare_new(target, created)
            return self._store_new(exchange, created, warnings)
        live = from_stored(target.kind, target.version.name, old.object)
        wanted = metadata_of(obj).get("resourceVersion")
        if wanted and wanted != str(old.revision):
            raise stale(target.kind, target.name)
        merged = ownership.apply(_structure(target), manager, live, obj, force)
        return self._replace(exchange, old, merged, validate(exchange, merged), applied=True)

    def _scale(self, exchange: Exchange, scale: Json) -> web.Response:
        old = require_entry(self.store, exchange.target)
        replicas = (check_options("Scale", scale).get("spec") or {}).get("replicas", 0)
        if replicas < 0:
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            raise invalid(exchange.target.kind, old.name, [("spec.replicas", "FieldValueInvalid", message)])
        obj = copy_of(old.object)
        obj.setdefault("spec", {})["replicas"] = replicas
        return answer(scale_of(self._written(exchange, old, obj, applied=False)))

    def _replace(
        self, exchange: Exchange, old: Entry, obj: JsonObject, warnings: dict[str, str], applied: bool = False
    ) -> web.Response:
        revision = metadata_of(obj).get("resourceVersion")
        if revision and revision != str(old.revision):
            raise stale(exchange.target.kind, exchange.target.name)
        entry = self._written(exchange, old, to_stored(exchange.target.kind, obj), applied)
        return answer(exchange.view().object(entry), headers=warnings)

    def _written(self, exchange: Exchange, old: Entry, obj: JsonObject, applied: bool) -> Entry:
        """Settle which parts of an object a write may change, and store it unless nothing is new."""
        target = exchange.target
        metadata, before = metadata_of(obj), old.object["metadata"]
        for name in _SERVERS_OWN:
            if name in before:
                metadata[name] = before[name]
            else:
                metadata.pop(name, None)
        if not applied:
            metadata.pop("managedFields", None)
        obj = _limited(target, old.object, obj)
        require_definition(target.kind, obj)
        for admit in self.admissions:
            admit(target.kind, obj, old.object)
        if "generation" in before and not same_spec(obj, old.object):
            obj["metadata"]["generation"] = before["generation"] + 1
        if not applied:
            manager = self._manager(exchange, ownership.UPDATE)
            ownership.own_update(_structure(target), manager, old.object, obj)
        if obj == old.object:
            return old
        if exchange.dry_run:
            return self.store.rehearse(target.kind, obj)
        return self.store.commit(target.kind, copy_of(obj))

    @staticmethod
    def _prepare_new(target: Target, obj: JsonObject) -> None:
        if "status" in target.version.subresources:
            obj.pop("status", None)
        fill_in(target.kind, obj)

    def _store_new(self, exchange: Exchange, obj: JsonObject, warnings: dict[str, str]) -> web.Response:
        target = exchange.target
        obj = to_stored(target.kind, obj)
        complete(target.kind, obj)
        for admit in self.admissions:
            admit(target.kind, obj, None)
        require_definition(target.kind, obj)
        entry = (self.store.rehearse if exchange.dry_run else self.store.commit)(target.kind, obj)
        return answer(exchange.view().object(entry), HTTPStatus.CREATED, warnings)

    def _require_namespace(self, target: Target, name: str) -> None:
        if not target.kind.namespaced:
            return
        namespace = self.store.entry("", "namespaces", "", target.namespace)
        if namespace is None:
            raise namespace_not_found(target.namespace)
        if namespace.object["metadata"].get("deletionTimestamp"):
            message = (
                f'{target.kind.resource} "{name}" is forbidden: unable to create new content in namespace '
                f"{target.namespace} because it is being terminated"
            )
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {target.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise ApiError(403, "Forbidden", message, {"name": name, "kind": target.kind.plural, "causes": [cause]})

    @staticmethod
    def _manager(exchange: Exchange, operation: str) -> ownership.Manager:
        agent = exchange.request.headers.get("User-Agent", "unknown").partition("/")[0]
        return ownership.Manager(
            exchange.query.get("fieldManager") or agent,
            operation,
            exchange.target.api_version,
            exchange.target.subresource,
        )


def _structure(target: Target) -> Structure:
    return Structure(target.kind, target.version)


def _named(target: Target) -> Target:
    if not target.name:
        raise bad_request("name must be provided")
    return target


def _applied_part(target: Target, obj: JsonObject) -> JsonObject:
    """What an apply may own: all but the status, or on the status path only that."""
    if target.subresource == "status":
        return {name: value for name, value in obj.items() if name in ("apiVersion", "kind", "metadata", "status")}
    if "status" in target.version.subresources:
        obj.pop("status", None)
    return obj


def _limited(target: Target, old: JsonObject, new: JsonObject) -> JsonObject:
    """Keep what a path may not write: the status on the main path, all else on the status path."""
    if target.subresource == "status":
        metadata = {**old["metadata"]}
        metadata.pop("managedFields", None)
        if "managedFields" in new["metadata"]:
            metadata["managedFields"] = new["metadata"]["managedFields"]
        limited = {**old, "metadata": metadata}
        limited.pop("status", None)
        return {**limited, "status": new["status"]} if "status" in new else limited
    if "status" in target.version.subresources:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    return new
