"""The signs of the screens, in Unicode and in ASCII; a sign means one thing everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Readiness


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    readiness: Mapping[Readiness, str]
    blocks: str
    """Eight heights of a sparkline, lowest first."""
    shades: str
    """Eight densities of a heat map, zero first."""
    ellipsis: str
    cursor: str
    branch: str
    """Leads from a row to the line below it that explains it."""
    newest: str
    """Points at the newest column of a chart."""
    marks: str
    """On a time axis: a deploy, another split of traffic, more pods, fewer pods."""
    spot: str
    """The cell of a heat map that is looked at."""
    gap: str
    """A cell of a chart for which nothing is known."""
    axis: str
    corner: str
    rule: str
    marker: str
    """plotext's name of the marker that draws lines."""
    dot: str


UNICODE = Glyphs(
    readiness={
        Readiness.READY: "●",
        Readiness.ROLLING: "◐",
        Readiness.FAILED: "✖",
        Readiness.COLD: "◌",
        Readiness.STOPPED: "■",
        Readiness.UNKNOWN: "?",
    },
    blocks="▁▂▃▄▅▆▇█",
    shades="·░░▒▒▓▓█",
    ellipsis="…",
    cursor="▶",
    branch="└",
    newest="▲",
    marks="◆◇↑↓",
    spot="╳",
    gap=" ",
    axis="│",
    corner="└",
    rule="─",
    marker="braille",
    dot="·",
)

ASCII = Glyphs(
    readiness={
        Readiness.READY: "*",
        Readiness.ROLLING: "~",
        Readiness.FAILED: "!",
        Readiness.COLD: ".",
        Readiness.STOPPED: "#",
        Readiness.UNKNOWN: "?",
    },
    blocks="_.-:=+*#",
    shades=".:-=+*%#",
    ellipsis="~",
    cursor=">",
    branch="`",
    newest="^",
    marks="D%/\\",
    spot="X",
    gap=" ",
    axis="|",
    corner="+",
    rule="-",
    marker="*",
    dot="-",
)
