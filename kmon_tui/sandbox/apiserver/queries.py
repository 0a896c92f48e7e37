"""One request as Kubernetes reads it: which resource, which verb, in which form the answer is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kmon_tui.sandbox.apiserver.errors import NoSuchPath, bad_request, no_such_resource
from kmon_tui.sandbox.apiserver.kinds import Kind, Registry, Version

_TRUE = ("true", "1", "t")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path under /api or /apis names."""

    kind: Kind
    version: Version
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource: the path behind a proxy."""

    @property
    def api_version(self) -> str:
        """Group and version of the path."""
        return self.kind.api_version(self.version.name)

    @property
    def resource(self) -> str:
        """pods, or pods/log: the resource as access rules name it."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


def is_true(query: Mapping[str, str], name: str) -> bool:
    """Read a flag of the query; clients spell it true, True or 1."""
    return query.get(name, "").lower() in _TRUE


def number_of(query: Mapping[str, str], name: str) -> int:
    """Read a number of the query; 0 when it is missing or below. Raises ApiError 400."""
    text = query.get(name, "")
    if text and not re.fullmatch(r"-?\d{1,18}", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return max(0, int(text or 0))


def verb_of(method: str, target: Target, query: Mapping[str, str]) -> str:
    """Return the verb of access rules, or nothing when there is none for the method."""
    if method in ("GET", "HEAD"):
        if target.name:
            return "watch" if is_true(query, "watch") and not target.subresource else "get"
        return "watch" if is_true(query, "watch") else "list"
    if method == "DELETE":
        return "delete" if target.name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, "")


def find_target(registry: Registry, group: str, version: str, parts: list[str]) -> Target:
    """Read what follows group and version in a path. Raises NoSuchPath, or ApiError for an unknown subresource."""
    namespace = ""
    if parts[0] == "namespaces" and len(parts) >= 3 and parts[2] not in ("status", "finalize"):
        namespace, parts = parts[1], parts[2:]
    kind = registry.kinds.get((group, parts[0]))
    served = kind.version(version) if kind else None
    if kind is None or served is None or (namespace and not kind.namespaced):
        raise NoSuchPath
    name, subresource = [*parts[1:3], "", ""][:2]
    if name and kind.namespaced and not namespace:
        raise no_such_resource()
    if subresource and subresource not in served.subresources:
        raise no_such_resource()
    return Target(kind, served, namespace, name, subresource, "/".join(parts[3:]))
