"""Lines of logs without what terminals obey, and as they are written into a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kmon_tui.domain.logs import LogLine, LogView

ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, moves; the last one may be cut off
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Give what a terminal would show of a line: no escape sequences, and of what a progress bar wrote, the last."""
    if "\x1b" in text or "\x9b" in text or "\x9d" in text:
        text = ESCAPE.sub("", text)
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    return text.expandtabs(8) if "\t" in text else text


def written(line: LogLine) -> str:
    """Give a line as it stands in a file: when, who, what; harmless to print."""
    if line.mark:
        return f"-- {CONTROLS.sub(' ', line.text)}"
    moment = line.time.isoformat().replace("+00:00", "Z") if line.time is not None else "-"
    text = CONTROLS.sub("\N{REPLACEMENT CHARACTER}", ESCAPE.sub("", line.text))
    return f"{moment} {line.pod} {line.container} {text}"


def file_lines(view: LogView) -> Iterator[str]:
    """Give all lines of a file: what is missing first, then what is held."""
    dropped = view.first + view.dropped_at_source
    if dropped:
        yield f"-- {dropped} older lines were dropped\n"
    for chunk in view.chunks:
        for line in chunk:
            yield f"{written(line)}\n"
