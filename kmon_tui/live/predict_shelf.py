"""What is kept of predictions on this machine: a history without bodies, and the bodies that somebody saved."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.predict import SavedBody, Sent, Speech, Via
from kmon_tui.domain.service import Key

KEPT_LINES = 200
"""Of a history; the file is cut to them when it has twice as many."""
SHOWN_LINES = 50
MOST_BYTES = 4 * 2**20


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    at: datetime
    protocol: str
    via: str = Via.FORWARD.value
    status: int | None = None
    latency_ms: float | None = None
    sent_bytes: int = 0
    answer_bytes: int = 0
    error: str = ""
    label: str = ""


_LINES = msgspec.json.Decoder(_Line)


class Shelf:
    """A folder of one context; every file in it is for this user alone."""

    def __init__(self, folder: Path, context: str) -> None:
        self._folder = folder / "predict" / (quote(context, safe="") or "_")

    def read(self, key: Key) -> tuple[tuple[Sent, ...], tuple[SavedBody, ...]]:
        """Give history, the newest first, and saved bodies; what cannot be read is not there."""
        try:
            lines = self._history(key).read_bytes().splitlines()[-SHOWN_LINES:]
        except OSError:
            lines = []
        history = [sent for line in reversed(lines) if (sent := _sent(line)) is not None]
        return tuple(history), tuple(self._saved(key))

    def remember(self, key: Key, sent: Sent) -> None:
        """Add a line. Raises KmonError when it cannot be written."""
        line = _Line(
            sent.at,
            sent.speech.value,
            sent.via.value,
            sent.status,
            sent.latency_ms and round(sent.latency_ms, 1),
            sent.sent_bytes,
            sent.answer_bytes,
            sent.error,
            sent.label,
        )
        path = self._history(key)
        try:
            self._make_room(path.parent)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
            lines = path.read_bytes().splitlines(keepends=True)
            if len(lines) > 2 * KEPT_LINES:
                _replace(path, b"".join(lines[-KEPT_LINES:]))
        except OSError as error:
            raise KmonError(f"the history cannot be written: {error.strerror} ({path})") from error

    def save(self, key: Key, saved: SavedBody) -> None:
        """Keep a body under its name. Raises KmonError when it cannot be written."""
        if not re.fullmatch(r"[\w.][\w .+-]{0,63}", saved.name) or not saved.name.strip(". "):
            raise KmonError(f"{saved.name!r} is no name for a body", "Use letters, digits, blanks, and . _ + -.")
        path = self._bodies(key) / f"{saved.name}.{saved.speech.value}.json"
        try:
            self._make_room(path.parent)
            _replace(path, saved.body.encode())
        except OSError as error:
            raise KmonError(f"the body cannot be written: {error.strerror} ({path})") from error

    def _saved(self, key: Key) -> list[SavedBody]:
        found = []
        with contextlib.suppress(OSError):
            for path in sorted(self._bodies(key).glob("*.json")):
                name, _, speech = path.name.removesuffix(".json").rpartition(".")
                if speech not in set(Speech) or not name or path.stat().st_size > MOST_BYTES:
                    continue
                found.append(SavedBody(name, Speech(speech), path.read_text(encoding="utf-8", errors="replace")))
        return found

    def _history(self, key: Key) -> Path:
        return self._folder / f"{_name(key)}.jsonl"

    def _bodies(self, key: Key) -> Path:
        return self._folder / _name(key)

    def _make_room(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _name(key: Key) -> str:
    return quote(f"{key.kind.lower()}.{key.namespace}.{key.name}", safe="")


def _sent(line: bytes) -> Sent | None:
    try:
        read = _LINES.decode(line)
        return Sent(
            read.at,
            Speech(read.protocol),
            Via(read.via),
            read.status,
            read.latency_ms,
            read.sent_bytes,
            read.answer_bytes,
            read.error,
            read.label,
        )
    except (msgspec.DecodeError, ValueError):
        return None  # half a line, of a program that was killed while it wrote


def _replace(path: Path, content: bytes) -> None:
    """Write a file anew so that it is never half there; mkstemp makes it 0600."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
