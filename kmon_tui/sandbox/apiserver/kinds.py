"""What a server can serve: kinds with their versions, and the registry that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kmon_tui.sandbox.apiserver.values import JsonObject

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""The same in the order in which the real server names them for custom resources."""


@dataclass(frozen=True, slots=True)
class Column:
    """One printer column of a custom resource."""

    name: str
    type: str
    path: str
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """How one version of a kind is served."""

    name: str
    subresources: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    schema: Mapping[str, Any] | None = None
    """openAPIV3Schema of a custom resource; None for a built-in kind, which is not validated."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, stored once and served in each of its versions."""

    group: str
    plural: str
    kind: str
    namespaced: bool
    versions: tuple[Version, ...]
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    custom: bool = False
    stored_version: str = ""
    stored_as: tuple[str, str] | None = None
    """Group and plural under which the objects lie when another kind owns them (events.k8s.io)."""

    @property
    def key(self) -> tuple[str, str]:
        """Group and plural: what names this kind in a registry."""
        return self.group, self.plural

    @property
    def resource(self) -> str:
        """The name that messages use: inferenceservices.serving.kserve.io, or just pods."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """InferenceService.serving.kserve.io, or just Pod."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def version(self, name: str) -> Version | None:
        """Find a served version by name."""
        return next((version for version in self.versions if version.name == name), None)

    def api_version(self, version: str = "") -> str:
        """Write group and version as objects do; by default the version in which objects are stored."""
        version = version or self.stored_version
        return f"{self.group}/{version}" if self.group else version


@dataclass(slots=True)
class Registry:
    """All kinds served at this moment."""

    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)

    def add(self, kind: Kind) -> None:
        """Serve a kind, or serve it anew as it is now defined."""
        self.kinds[kind.key] = kind

    def remove(self, group: str, plural: str) -> None:
        """Stop serving a kind; silent when it was not served."""
        self.kinds.pop((group, plural), None)

    def find(self, api_version: str, kind: str) -> Kind | None:
        """Find what an object says that it is."""
        group, _, version = api_version.rpartition("/")
        for candidate in self.kinds.values():
            if candidate.group == group and candidate.kind == kind and candidate.version(version):
                return candidate
        return None

    def served(self, group: str, version: str) -> Iterator[tuple[Kind, Version]]:
        """All kinds of one group and version."""
        for kind in self.kinds.values():
            if kind.group == group and (found := kind.version(version)):
                yield kind, found

    def groups(self) -> dict[str, list[str]]:
        """Named groups with their versions, the preferred one first."""
        groups: dict[str, list[str]] = {}
        for kind in self.kinds.values():
            if kind.group:
                versions = groups.setdefault(kind.group, [])
                versions.extend(version.name for version in kind.versions if version.name not in versions)
        return {group: sorted(versions, key=version_order) for group, versions in groups.items()}


def version_order(version: str) -> tuple[int, int, int]:
    """Sort key of Kubernetes' version priority: v2, v1, v1beta1, v1alpha2, v1alpha1."""
    for rank, stage in ((1, "beta"), (2, "alpha")):
        if stage in version:
            major, _, minor = version.removeprefix("v").partition(stage)
            return rank, -int(major), -int(minor)
    return 0, -int(version.removeprefix("v")), 0


def kind_from_definition(definition: JsonObject) -> Kind:
    """Read a CustomResourceDefinition (apiextensions.k8s.io/v1) as the kind that it defines."""
    spec = definition["spec"]
    names = spec["names"]
    versions = [version for version in spec["versions"] if version.get("served")]
    stored = next((version["name"] for version in spec["versions"] if version.get("storage")), "")
    return Kind(
        group=spec["group"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        versions=tuple(_version(version) for version in sorted(versions, key=lambda one: version_order(one["name"]))),
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=CUSTOM_VERBS,
        custom=True,
        stored_version=stored,
    )


def _version(version: JsonObject) -> Version:
    columns = tuple(
        Column(
            name=column["name"],
            type=column["type"],
            path=column["jsonPath"],
            description=column.get("description", ""),
            priority=column.get("priority", 0),
        )
        for column in version.get("additionalPrinterColumns") or ()
    )
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    return Version(version["name"], tuple(version.get("subresources") or ()), columns, schema or {"type": "object"})
