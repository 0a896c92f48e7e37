"""Lines of logs made fit for the screen: nothing in them is obeyed, and long ones are cut before anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache

from rich.cells import cell_len

from kmon_tui.domain.log_text import plain
from kmon_tui.domain.logs import LogLine
from kmon_tui.render.cells import clean, fit
from kmon_tui.render.glyphs import UNICODE, Glyphs
from kmon_tui.render.lines import Line, shortened

MOST_SHOWN = 4000
"""Characters of a line that are drawn; what is searched, filtered and saved is more."""
POD_LOOKS = 6
SHORT = {
    "kserve-container": "kserve",
    "storage-initializer": "init",
    "queue-proxy": "queue",
    "transformer-container": "trans",
    "istio-proxy": "istio",
}
"""Names of containers that everybody has."""
NAME_WIDTH, CONTAINER_WIDTH = 14, 8
BAD = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|Traceback|panic:|Exception|E\d{4})\b|\w+Error:")
DOUBTFUL = re.compile(r"\b(?:WARN|WARNING|W\d{4})\b")


@dataclass(frozen=True, slots=True)
class LogLook:
    """How lines are drawn."""

    width: int = 80
    wrap: bool = False
    time: bool = False
    names: Mapping[str, tuple[str, str]] | None = None
    """Short name and look of each pod; None: all lines are of one pod, so it needs no name."""
    containers: bool = False
    """Whether each line says its container."""
    zone: tzinfo | None = None
    glyphs: Glyphs = UNICODE


@lru_cache(maxsize=4096)
def shown(text: str) -> str:
    """Give the text of a line as it is drawn."""
    cut = plain(text[: MOST_SHOWN * 2])[:MOST_SHOWN]
    rest = f"  ({len(text):,} characters; S saves all)" if len(text) > MOST_SHOWN else ""
    return clean(cut) + rest


def rows_of(line: LogLine, look: LogLook) -> list[Line]:
    """Draw one line: on one row, uncut, or on as many rows as it takes."""
    if line.mark:
        who = short_pod(line.pod) if look.names is None or line.pod not in look.names else look.names[line.pod][0]
        named = " ".join(part for part in (who, SHORT.get(line.container, clean(line.container))) if part)
        words = f"{look.glyphs.rule * 2} {named}{': ' if named else ''}{shown(line.text)} "
        return [shortened(((words + look.glyphs.rule * max(0, look.width - cell_len(words)), "dim"),), look.width)]
    lead = prefix(line, look)
    width = sum(cell_len(text) for text, _ in lead)
    text = shown(line.text)
    own = "reason" if BAD.search(text) else "warn" if DOUBTFUL.search(text) else ""
    if not look.wrap:
        return [(*lead, (text, own))]
    room = max(10, look.width - width)
    first, *rest = _chopped(text, room)
    return [(*lead, (first, own)), *((((" " * width), ""), (part, own)) for part in rest)]


def prefix(line: LogLine, look: LogLook) -> Line:
    """Say when and who, as far as it is wanted."""
    out: Line = ()
    if look.time:
        moment = line.time.astimezone(look.zone).strftime("%H:%M:%S") if line.time is not None else "?"
        out = ((f"{moment:<8} ", "dim"),)
    if look.names is not None:
        name, own = look.names.get(line.pod, (line.pod, ""))
        out = (*out, (f"{fit(name, _name_width(look.names), ellipsis=look.glyphs.ellipsis)} ", own))
    if look.containers:
        name = SHORT.get(line.container, clean(line.container))
        out = (*out, (f"{fit(name, CONTAINER_WIDTH, ellipsis=look.glyphs.ellipsis)} ", "dim"))
    return out


def pod_names(pods: list[str]) -> dict[str, tuple[str, str]]:
    """Give each pod the shortest end of its name that tells it apart, and a look."""
    found: dict[str, tuple[str, str]] = {}
    for parts in (1, 2, 3, 4, 99):
        ends = {pod: "-".join(clean(pod).split("-")[-parts:]) for pod in pods}
        if len(set(ends.values())) == len(set(pods)):
            break
    for place, pod in enumerate(dict.fromkeys(pods)):
        found[pod] = (ends[pod], f"pod-{place % POD_LOOKS}")
    return found


def short_pod(name: str) -> str:
    """Give the end of a pod's name, which its controller made up."""
    return clean(name).rpartition("-")[2]


def _name_width(names: Mapping[str, tuple[str, str]]) -> int:
    return min(NAME_WIDTH, max((cell_len(name) for name, _ in names.values()), default=0))


def _chopped(text: str, width: int) -> list[str]:
    """Cut a text into rows; spaces stay as they are, for they say something in logs."""
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)] or [""]
    rows: list[str] = []
    row, used = "", 0
    for char in text:
        cells = cell_len(char)
        if used + cells > width and row:
            rows.append(row)
            row, used = "", 0
        row += char
        used += cells
    return [*rows, row]
