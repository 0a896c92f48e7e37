"""What a person wants done: keys send these, and what became of them arrives in the next State."""

from __future__ import annotations

from dataclasses import dataclass

from kmon_tui.domain.service import Key


@dataclass(frozen=True, slots=True)
class LookAt:
    """The rows that a person sees, and the one that is selected: their buckets are asked for."""

    selected: Key | None = None
    visible: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class SwitchContext:
    """Leave this cluster and watch another context of the kubeconfig."""

    context: str


@dataclass(frozen=True, slots=True)
class SwitchNamespace:
    """Watch one namespace, or all of them (None)."""

    namespace: str | None


@dataclass(frozen=True, slots=True)
class Refresh:
    """List and poll again now."""


@dataclass(frozen=True, slots=True)
class Awake:
    """Somebody is there: a key was pressed. Without one for half an hour, polls become rare."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a running activity."""

    activity_id: int


Command = LookAt | SwitchContext | SwitchNamespace | Refresh | Awake | Cancel
