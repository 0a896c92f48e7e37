"""The audit file: one line for each write to a cluster, with what was written but never with its content."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kmon_tui.domain.fleet import Place

FILE = "audit.jsonl"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Audit:
    """Appends to ``audit.jsonl``, which only its owner may read."""

    path: Path
    place: Place
    acts_as: str = ""
    """The user of --as."""
    now: Callable[[], datetime] = _now

    def write(self, verb: str, thing: str, outcome: str) -> str:
        """Add one line; gives what is wrong when that cannot be done, else an empty text."""
        entry = {
            "time": self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "context": self.place.context,
            "cluster": self.place.cluster,
            "user": self.place.user,
            **({"as": self.acts_as} if self.acts_as else {}),
            "verb": verb,
            "object": thing,
            "outcome": outcome,
        }
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # One write to a file opened for appending: two kmon-tui at once do not mix their lines.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
        except OSError as error:
            return f"this write is not in the audit file: {self.path}: {error.strerror}"
        return ""
