"""Puts the faults of many services together: one cause that hits two hundred of them is one finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.domain.diagnosis.reading import earliest
from kmon_tui.domain.service import Key
from kmon_tui.domain.verdict import Diagnosis


@dataclass(frozen=True, slots=True)
class Together:
    """Services that one cause hits."""

    cause: str
    shared: str
    """What they share; empty: it is one service's own fault."""
    keys: tuple[Key, ...]
    """By namespace and name."""
    first: Diagnosis
    """The diagnosis of the one that is hit for the longest time."""
    since: datetime | None = None
    """When the first of them was hit."""

    @property
    def verdict(self) -> str:
        """One sentence for all of them."""
        if len(self.keys) == 1:
            return self.first.verdict
        return f"{len(self.keys)} services have one fault, {self.shared}: {self.first.verdict}"


def together(diagnoses: Mapping[Key, Diagnosis]) -> tuple[Together, ...]:
    """Group what is not healthy by cause and by what is shared, the largest group first."""
    groups: dict[tuple[object, ...], list[Key]] = {}
    for key, diagnosis in diagnoses.items():
        if diagnosis.healthy:
            continue
        alone = () if diagnosis.shared else (key,)
        groups.setdefault((diagnosis.cause, diagnosis.shared, *alone), []).append(key)
    found = [_together(sorted(keys, key=_by_name), diagnoses) for keys in groups.values()]
    return tuple(sorted(found, key=lambda group: (-len(group.keys), group.cause, _by_name(group.keys[0]))))


def _together(keys: list[Key], diagnoses: Mapping[Key, Diagnosis]) -> Together:
    first = min(keys, key=lambda key: (_seconds(diagnoses[key].since), _by_name(key)))
    since = earliest(*[diagnoses[key].since for key in keys])
    return Together(diagnoses[first].cause, diagnoses[first].shared, tuple(keys), diagnoses[first], since)


def _by_name(key: Key) -> tuple[str, str, str]:
    return key.namespace, key.name, key.kind


def _seconds(moment: datetime | None) -> float:
    return float("inf") if moment is None else moment.timestamp()
