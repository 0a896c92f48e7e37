"""The line of a log that says why: many programs end with a summary, or with where to read on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kmon_tui.domain.diagnosis.reading import last_line, unstamped

_TELLING = re.compile(
    r"error|exception|failed|denied|forbidden|not found|no such|no space|cannot|can't|fatal|panic"
    r"|read-only file system",
    re.I,
)
_SUMMARY = re.compile(
    r"For further information visit|creating server: Internal - failed to load all models"
    r"|Engine core initialization failed|See root cause above|Application startup failed"
    r"|Worker failed to boot|Shutting down: Master|Worker \(pid: ?\d+\) exited|Exception in worker process"
    r"|ShardCannotStart|Shard \d+ failed to start",
    re.I,
)
"""What pydantic, Triton, vLLM, uvicorn, gunicorn and TGI end with, after they have said what is wrong."""
_FIELD = re.compile(r"^(.*?) ?\[type=[\w.]+, input_value=")
"""How pydantic says what is wrong with a field, whose name stands on the line before."""
_HEADING = re.compile(r"\d+ validation errors? for ")
_ROW = re.compile(r"^\| *(\S+) *\|[^|]*\| *(UNAVAILABLE: .*?) *\|$")
"""A model that Triton could not load, in its table of all models."""


def telling_line(said: str) -> str:
    """Give the line of a log that says why: the last that sounds like it, else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for place in range(len(lines) - 1, -1, -1):
        told = _of_field(lines, place) or _of_row(lines[place])
        if told:
            return told
        if _TELLING.search(lines[place]) and not _SUMMARY.search(lines[place]) and lines[place][0] != "|":
            return unstamped(lines[place])
    return unstamped(next((line for line in reversed(lines) if _TELLING.search(line)), last_line(said)))


def _of_field(lines: Sequence[str], place: int) -> str:
    """Give what pydantic says of a field, with its name; what a model's own check says has none."""
    found = _FIELD.match(lines[place])
    if found is None:
        return ""
    said = found.group(1).removeprefix("Value error, ")
    before = lines[place - 1] if place else ""
    return said if not before or _HEADING.search(before) else f"{before}: {said}"


def _of_row(line: str) -> str:
    found = _ROW.match(line)
    return f"{found.group(1)} is {found.group(2)}" if found is not None else ""
