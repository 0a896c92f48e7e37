"""Paths that name no resource: health, version, and which groups, versions and resources there are."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from kmon_tui.sandbox.apiserver.errors import NoSuchPath, no_such_resource
from kmon_tui.sandbox.apiserver.exchange import answer
from kmon_tui.sandbox.apiserver.kinds import Kind, Registry, Version, version_order
from kmon_tui.sandbox.apiserver.openapi import document, index
from kmon_tui.sandbox.apiserver.values import JsonObject

_HEALTH = ("healthz", "livez", "readyz")
_VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.0+kmon-sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
_STATUS_VERBS = ["get", "patch", "update"]
_SUBRESOURCES: dict[str, tuple[str, str, list[str]]] = {
    "status": ("", "", _STATUS_VERBS),
    "finalize": ("", "", ["update"]),
    "approval": ("", "", _STATUS_VERBS),
    "scale": ("autoscaling/v1", "Scale", _STATUS_VERBS),
    "eviction": ("policy/v1", "Eviction", ["create"]),
    "log": ("", "", ["get"]),
    "portforward": ("", "PodPortForwardOptions", ["create", "get"]),
    "exec": ("", "PodExecOptions", ["create", "get"]),
    "attach": ("", "PodAttachOptions", ["create", "get"]),
    "proxy": ("", "", ["create", "delete", "get", "patch", "update"]),
}
"""Group and version, kind (where they are not the parent's) and verbs of subresources."""


class Discovery:
    """Answers from what is registered at the moment of asking."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def answer(self, request: web.Request, parts: list[str]) -> web.Response:
        """Answer a path that names no resource. Raises NoSuchPath."""
        match parts:
            case []:
                paths = ["/api", "/api/v1", "/apis", *(f"/apis/{group}" for group in self._registry.groups())]
                return answer({"paths": [*paths, "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
            case [check, *_] if check in _HEALTH:
                return web.Response(text="ok")
            case ["version"]:
                return answer(_VERSION)
            case ["openapi", "v3"]:
                return answer(index(self._registry))
            case ["openapi", "v3", *rest]:
                return answer(document(self._registry, "/".join(rest)))
            case ["api" | "apis"] if "as=APIGroupDiscoveryList" in request.headers.get("Accept", ""):
                return self._aggregated(parts[0] == "api")
            case ["api"]:
                return answer(_core_versions(request.host))
            case ["apis"]:
                groups = [_group(name, versions) for name, versions in self._registry.groups().items()]
                return answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            case ["apis", name]:
                if (versions := self._registry.groups().get(name)) is None:
                    raise NoSuchPath
                return answer({"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)})
            case ["api", version]:
                return self._resources("", version)
            case ["apis", group, version]:
                return self._resources(group, version)
        raise NoSuchPath if parts[0] in ("api", "apis") else no_such_resource()

    def _resources(self, group: str, version: str) -> web.Response:
        served = list(self._registry.served(group, version))
        if not served:
            raise NoSuchPath
        resources = [resource for kind, one in served for resource in _resource(kind, one)]
        group_version = f"{group}/{version}" if group else version
        head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version}
        return answer({**head, "resources": resources})

    def _aggregated(self, core: bool) -> web.Response:
        groups = {"": ["v1"]} if core else self._registry.groups()
        items = [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    self._aggregated_version(group, version) for version in sorted(versions, key=version_order)
                ],
            }
            for group, versions in groups.items()
        ]
        body = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
        response = answer(body, headers={"Cache-Control": "public"})
        response.headers["Content-Type"] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        return response

    def _aggregated_version(self, group: str, version: str) -> JsonObject:
        served = sorted(self._registry.served(group, version), key=lambda pair: pair[0].plural)
        resources = [_aggregated_resource(kind, one) for kind, one in served]
        return {"version": version, "resources": resources, "freshness": "Current"}


def _core_versions(host: str) -> JsonObject:
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def _group(name: str, versions: list[str]) -> JsonObject:
    named = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": named, "preferredVersion": named[0]}


def _resource(kind: Kind, version: Version) -> list[JsonObject]:
    described: JsonObject = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        described["shortNames"] = list(kind.short_names)
    if kind.categories:
        described["categories"] = list(kind.categories)
    resources = [described]
    for name in version.subresources:
        group_version, other_kind, verbs = _SUBRESOURCES.get(name, ("", "", ["get"]))
        sub: JsonObject = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
        if group_version:
            sub["group"], _, sub["version"] = group_version.rpartition("/")
        resources.append({**sub, "kind": other_kind or kind.kind, "verbs": verbs})
    return resources


def _aggregated_resource(kind: Kind, version: Version) -> JsonObject:
    def response_kind(group_version: str = "", name: str = "") -> dict[str, Any]:
        # the real server leaves group and version out for its own kinds
        group, _, number = group_version.rpartition("/") if group_version else ("", "", "")
        if kind.custom:
            group, number = kind.group, version.name
        return {"group": group, "version": number, "kind": name or kind.kind}

    described: JsonObject = {
        "resource": kind.plural,
        "responseKind": response_kind(),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        described["shortNames"] = list(kind.short_names)
    if kind.categories:
        described["categories"] = list(kind.categories)
    subresources = []
    for name in version.subresources:
        group_version, other_kind, verbs = _SUBRESOURCES.get(name, ("", "", ["get"]))
        subresources.append(
            {"subresource": name, "responseKind": response_kind(group_version, other_kind), "verbs": verbs}
        )
    if subresources:
        described["subresources"] = subresources
    return described
