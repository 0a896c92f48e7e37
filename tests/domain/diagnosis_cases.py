"""The corpus of services with their one true cause: tests/data/diagnosis, read as a live tree would be.

A case is a folder: ``objects.yaml`` (documents; the first is the service itself, the events among them are put where
events belong), ``logs.yaml`` if there are logs, and ``truth.yaml``, which was written from the case's description and
not from what the code says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kmon_tui.domain.tree import Answer, Blind, LogTail, ObjectTree, Peak, Ref, Why

CASES = Path(__file__).parents[1] / "data" / "diagnosis"


class _Texts(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # of two classes that PyYAML may have
    """Leaves times as text, as JSON does."""


_Texts.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Case:
    """One service and the truth about it."""

    name: str
    tree: ObjectTree
    now: datetime
    truth: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


@cache
def all_cases() -> tuple[Case, ...]:
    """Read the whole corpus."""
    return tuple(_read(folder) for folder in sorted(CASES.iterdir()) if (folder / "truth.yaml").is_file())


def _read(folder: Path) -> Case:
    documents = [doc for doc in _load(folder / "objects.yaml", many=True) if doc is not None]
    truth = _load(folder / "truth.yaml")
    extra = _load(folder / "logs.yaml") if (folder / "logs.yaml").is_file() else {}
    gone = bool(truth.get("gone"))
    root = None if gone else documents[0]
    rest = documents if gone else documents[1:]
    tree = ObjectTree(
        root,
        tuple(doc for doc in rest if doc.get("kind") != "Event"),
        tuple(sorted((doc for doc in rest if doc.get("kind") == "Event"), key=lambda e: str(e.get("lastTimestamp")))),
        tuple(
            LogTail(log["pod"], log["container"], tuple(log["lines"]), bool(log.get("previous")))
            for log in extra.get("logs", ())
        ),
        tuple(Blind(part["kind"], Why(part["why"]), part.get("text", "")) for part in truth.get("blind", ())),
        tuple(Answer(**answer) for answer in extra.get("answers", ())),
        tuple(Peak(**peak) for peak in extra.get("peaks", ())),
        tuple(Ref(**one) for one in truth.get("absent", ())),
        synced=bool(truth.get("synced", True)),
    )
    return Case(folder.name, tree, datetime.fromisoformat(truth["now"]).astimezone(UTC), truth)


def _load(path: Path, many: bool = False) -> Any:
    text = path.read_text(encoding="utf-8")
    return list(yaml.load_all(text, _Texts)) if many else yaml.load(text, _Texts)
