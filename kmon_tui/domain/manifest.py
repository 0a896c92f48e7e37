"""One object as a person wrote it down, and where: checked as far as that goes without the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from kmon_tui.domain.errors import SettingsError

JsonObject: TypeAlias = Mapping[str, object]
"""An object of the API: text, numbers, booleans, None, lists and such objects, nothing else."""


class ManifestError(SettingsError):
    """A manifest that no API server would take: broken YAML, no kind, no name."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document stands."""

    source: str
    """Path as given, or ``-`` for standard input."""
    document: int = 1
    """Counted from 1, empty documents too, as a person counts the ``---``."""
    line: int = 1
    """First line of the document."""

    def __str__(self) -> str:
        name = "standard input" if self.source == "-" else self.source
        return f"{name}, document {self.document} (line {self.line})"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document that names what it is."""

    api_version: str
    kind: str
    name: str
    namespace: str
    """As the document says; empty when it does not."""
    body: JsonObject = field(repr=False)
    origin: Origin
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Line of each field by its path, as ``spec.predictor.minReplicas`` or ``spec.containers[0].name``."""

    @property
    def group(self) -> str:
        """API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """Version within the group."""
        return self.api_version.rpartition("/")[2]

    def place_of(self, path: str) -> str:
        """Say where a field stands: ``FILE line 14``; the document when the field is not in it."""
        line = self.lines.get(path.lstrip("."))
        if line is None:
            return str(self.origin)
        return f"{self.origin.source if self.origin.source != '-' else 'standard input'} line {line}"


class Bundle(NamedTuple):
    """What a file or a folder holds."""

    manifests: tuple[Manifest, ...]
    skipped: tuple[str, ...] = ()
    """Files of a folder that hold other things: dashboards, values of charts, rules."""


def is_object(content: object) -> bool:
    """Whether a document means to be an object of Kubernetes, if perhaps only half of one."""
    return isinstance(content, Mapping) and ("kind" in content or "apiVersion" in content)


def manifests_of(content: object, origin: Origin, lines: Mapping[str, int] | None = None) -> tuple[Manifest, ...]:
    """Give the manifests of one parsed document: none when it is empty, several when it is a List."""
    if content is None:
        return ()
    if not isinstance(content, Mapping):
        raise ManifestError(
            f"{origin} is no Kubernetes object",
            "A manifest begins with apiVersion and kind; without the file, name the others.",
        )
    kind = _text(content, "kind", origin)
    api_version = _text(content, "apiVersion", origin)
    items = content.get("items")
    if kind.endswith("List") and isinstance(items, list):
        return tuple(one for item in items for one in manifests_of(item, origin))
    metadata = content.get("metadata")
    if not isinstance(metadata, Mapping):
        raise ManifestError(f"{origin}: {kind} has no metadata", "metadata.name is needed.")
    if "name" not in metadata and "generateName" in metadata:
        raise ManifestError(f"{origin}: generateName cannot be applied", "Give the object a metadata.name.")
    name = _text(metadata, "name", origin, "metadata.")
    namespace = _text(metadata, "namespace", origin, "metadata.") if metadata.get("namespace") is not None else ""
    if "/" in name or "/" in namespace or name in {".", ".."} or api_version.count("/") > 1:
        raise ManifestError(f"{origin}: {kind} {name!r} is no name that an object can have")
    return (Manifest(api_version, kind, name, namespace, content, origin, lines or {}),)


def _text(content: Mapping[object, object], name: str, origin: Origin, prefix: str = "") -> str:
    value = content.get(name)
    if isinstance(value, str) and value:
        return value
    what = "is missing" if value is None or value == "" else f"is not a text: {value!r}"
    raise ManifestError(f"{origin}: {prefix}{name} {what}", "Every document needs apiVersion, kind and metadata.name.")
