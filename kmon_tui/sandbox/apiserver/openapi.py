"""/openapi/v3: what kubectl reads for explain, apply and diff."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.errors import NoSuchPath
from kmon_tui.sandbox.apiserver.kinds import Kind, Registry, Version
from kmon_tui.sandbox.apiserver.values import JsonObject

_WRITE_OPTIONS = ("dryRun", "fieldManager", "fieldValidation", "force")


def index(registry: Registry) -> JsonObject:
    """List the documents, one for each group and version."""
    paths = ["api/v1"]
    paths += [f"apis/{group}/{version}" for group, versions in registry.groups().items() for version in versions]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in sorted(paths)}}


def document(registry: Registry, path: str) -> JsonObject:
    """Describe the resources of one group and version. Raises NoSuchPath."""
    root, _, rest = path.partition("/")
    group, _, version = rest.rpartition("/")
    served = list(registry.served(group, version))
    if not served or root != ("apis" if group else "api"):
        raise NoSuchPath
    paths: JsonObject = {}
    schemas: JsonObject = {}
    for kind, one in served:
        identity = {"group": kind.group, "version": one.name, "kind": kind.kind}
        scope = "/namespaces/{namespace}" if kind.namespaced else ""
        item = f"/{path}{scope}/{kind.plural}/{{name}}"
        paths[item] = {"patch": _operation("patch", identity), "get": _operation("get", identity)}
        schemas[schema_name(kind, one)] = {**_schema(one), "x-kubernetes-group-version-kind": [identity]}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def schema_name(kind: Kind, version: Version) -> str:
    """Name a schema in the manner of the real documents: group backwards, version, kind."""
    domain = ".".join(reversed(kind.group.split("."))) if kind.group else "io.k8s.api.core"
    return f"{domain}.{version.name}.{kind.kind}"


def _operation(action: str, identity: JsonObject) -> JsonObject:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in _WRITE_OPTIONS
    ]
    return {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": identity,
        "parameters": parameters if action == "patch" else [],
        "responses": {"200": {"description": "OK"}},
    }


def _schema(version: Version) -> JsonObject:
    if version.schema is not None:
        return dict(version.schema)
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
