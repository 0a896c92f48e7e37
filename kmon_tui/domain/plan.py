"""What would happen if manifests were applied: one verdict each, and who would take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from kmon_tui.domain.diff import Change
from kmon_tui.domain.manifest import Manifest
from kmon_tui.domain.service import Key, Kind

_KSERVE = "serving.kserve.io"


class Verdict(StrEnum):
    """What the dry run says of one manifest."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """Its namespace comes with the same manifests, so the server could not look at it yet."""
    LEFT_OUT = "left out"
    """Of a kind that the cluster does not know, and somebody asked for the others without it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What discovery says of a kind."""

    group: str
    version: str
    plural: str
    namespaced: bool
    kind: str = ""

    @property
    def full_name(self) -> str:
        """As access rules name it: inferenceservices.serving.kserve.io, or pods."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that another manager owns and that an apply would change."""

    manager: str
    field: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the server refuses."""

    message: str
    hint: str = ""
    field: str = ""
    """Path of the field that is wrong, if the server names one."""
    right: str = ""
    """The right that is missing, as ``patch inferenceservices.serving.kserve.io in namespace demo``."""
    unknown: bool = False
    """The cluster knows no such kind."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One manifest and what the dry run said."""

    manifest: Manifest
    verdict: Verdict
    resource: Resource | None = None
    """None: the kind is not known here."""
    namespace: str = ""
    """Where it will be; empty for a kind without namespaces."""
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    owner: str = ""
    """Who will take back what is written: ``Argo CD (application iris)``; empty: nobody that is known."""
    problem: Problem | None = None
    warnings: tuple[str, ...] = ()
    """What the server remarks."""
    generation: int = 0
    """Of the live object; 0 when there is none or it may not be read."""

    @property
    def title(self) -> str:
        """Kind, namespace and name."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.manifest.kind} {where}{self.manifest.name}"

    @property
    def key(self) -> Key | None:
        """The row of the fleet that it is, if it is one."""
        kinds = {kind.value: kind for kind in Kind}
        if self.manifest.group != _KSERVE or self.manifest.kind not in kinds:
            return None
        return Key(kinds[self.manifest.kind], self.namespace, self.manifest.name)

    @property
    def writes(self) -> bool:
        """Whether an apply would change something."""
        return self.verdict in (Verdict.NEW, Verdict.CHANGED, Verdict.UNCHECKED)


@dataclass(frozen=True, slots=True)
class Plan:
    """Manifests in the order in which they are applied, each with its verdict."""

    items: tuple[Planned, ...] = ()
    context: str = ""
    """The context for which this was asked: a plan is never applied in another one."""
    skipped: tuple[str, ...] = ()
    """Files of the folder that hold no object."""

    @property
    def refused(self) -> tuple[Planned, ...]:
        """What cannot be applied: while there is one, nothing is."""
        return tuple(item for item in self.items if item.verdict is Verdict.REFUSED)

    @property
    def unknown(self) -> tuple[Planned, ...]:
        """What is refused only because the cluster does not know its kind."""
        return tuple(item for item in self.refused if item.problem is not None and item.problem.unknown)

    @property
    def left_out(self) -> tuple[Planned, ...]:
        """What will not be written, as was asked."""
        return tuple(item for item in self.items if item.verdict is Verdict.LEFT_OUT)

    def without_unknown(self) -> Plan:
        """Give the plan that leaves out what is of no kind that the cluster knows."""
        unknown = {id(item) for item in self.unknown}
        items = (replace(item, verdict=Verdict.LEFT_OUT) if id(item) in unknown else item for item in self.items)
        return replace(self, items=tuple(items))

    @property
    def writes(self) -> tuple[Planned, ...]:
        """What an apply would change."""
        return tuple(item for item in self.items if item.writes)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """All fields that would be taken from other managers."""
        return tuple(conflict for item in self.items for conflict in item.conflicts)

    @property
    def owners(self) -> tuple[str, ...]:
        """Who would take back what is written."""
        return tuple(dict.fromkeys(item.owner for item in self.writes if item.owner))


@dataclass(frozen=True, slots=True)
class Applied:
    """What one apply did."""

    generation: int = 0
    created: bool = False
    note: str = ""
    """What went wrong beside it: the audit file cannot be written."""


def owner_of(metadata: object) -> str:
    """Say which GitOps tool owns an object and will take back what others write; empty: none.

    Argo CD: its tracking id, or the instance label on an object that its controller manages.
    Flux: the labels of its kustomize and helm controllers.
    """
    if not isinstance(metadata, Mapping):
        return ""
    labels, notes = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    if tracking := notes.get("argocd.argoproj.io/tracking-id"):
        return f"Argo CD (application {tracking.partition(':')[0]})"
    if instance := labels.get("argocd.argoproj.io/instance"):
        return f"Argo CD (application {instance})"
    for tool, what in (("kustomize", "kustomization"), ("helm", "release")):
        if name := labels.get(f"{tool}.toolkit.fluxcd.io/name"):
            where = labels.get(f"{tool}.toolkit.fluxcd.io/namespace", "")
            return f"Flux ({what} {where}{'/' if where else ''}{name})"
    managers = _managers(metadata.get("managedFields"))
    if any(name.startswith("argocd") for name in managers):
        instance = labels.get("app.kubernetes.io/instance", "")
        return f"Argo CD (application {instance})" if instance else "Argo CD"
    if managers & {"kustomize-controller", "helm-controller"}:
        return "Flux"
    return ""


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): text for name, text in value.items() if isinstance(text, str)}


def _managers(value: object) -> set[str]:
    entries = value if isinstance(value, list) else []
    return {str(entry.get("manager", "")) for entry in entries if isinstance(entry, Mapping)}
