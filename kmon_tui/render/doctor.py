"""The doctor's report as lines, as a page for one finding, and as text to copy."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.state import Activity
from kmon_tui.render.cells import clean, fit, wrap
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, spread

MARKS = {Status.OK: "✔", Status.WARN: "!", Status.FAIL: "✖", Status.UNKNOWN: "?", Status.SKIPPED: "-"}
PLAIN = {Status.OK: "+", Status.WARN: "!", Status.FAIL: "X", Status.UNKNOWN: "?", Status.SKIPPED: "-"}
LOOKS = {
    Status.OK: "ready",
    Status.WARN: "warn",
    Status.FAIL: "failed",
    Status.UNKNOWN: "unknown",
    Status.SKIPPED: "dim",
}
TITLE_W = 24


def title_line(report: Report | None, activity: Activity | None, width: int) -> Line:
    """Name what is examined, and count what was found; at the right, what is still looked at."""
    left: Line = ((" Doctor  ", "context"),)
    if report is not None:
        name = f"{clean(str(report.key))}  " if report.key is not None else ""
        left = (*left, (name, "bold"), (f"{clean(report.context)}  ", "dim"), (f"{len(report.findings)} checks", ""))
        for status in Status:
            if count := report.count(status):
                left = (*left, (f"  {count} {status}", LOOKS[status]))
    running = activity is not None and activity.done is None
    right: Line = ((f"{clean(activity.text) or 'looking'} ", "rolling"),) if running and activity is not None else ()
    return spread(left, right, width)


def finding_lines(
    findings: Sequence[Finding], selected: str, width: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """Write one line for each check, scrolled so that the selected one is to be seen."""
    at = next((n for n, one in enumerate(findings) if one.id == selected), 0)
    first = max(0, min(at - height // 2, len(findings) - height))
    return tuple(_line(one, one.id == selected, width, glyphs) for one in findings[first : first + height])


def first_shown(findings: Sequence[Finding], selected: str, height: int) -> int:
    """Give the number of the finding in the first line."""
    at = next((n for n, one in enumerate(findings) if one.id == selected), 0)
    return max(0, min(at - height // 2, len(findings) - height))


def nothing_lines(activity: Activity | None, width: int) -> tuple[Line, ...]:
    """Say why there are no findings: not yet, or because it could not be looked at."""
    if activity is None or activity.done is None:
        return ((), ((" looking at cluster, Prometheus, rights and local ports", "dim"),))
    lines: list[Line] = [()]
    lines.extend(((f" {line}", "failed"),) for line in wrap(clean(activity.text), width - 2))
    lines.extend(((f" {line}", ""),) for line in wrap(clean(activity.hint), width - 2))
    return tuple(lines)


def fix_title(finding: Finding | None) -> str:
    """Name the box below the list."""
    return "" if finding is None else f"{clean(finding.title)}: fix" if finding.fix else clean(finding.title)


def fix_lines(finding: Finding | None, width: int, height: int) -> tuple[Line, ...]:
    """Write what was found and what mends it; where that has no room, ``enter`` shows the rest."""
    if finding is None:
        return ()
    lines = page_lines(finding, width)
    if len(lines) > height > 1:
        lines = (*lines[: height - 1], (("enter shows all", "dim"),))
    return lines


def page_lines(finding: Finding, width: int = 74) -> tuple[Line, ...]:
    """Write all of one finding: text, fix, evidence."""
    lines: list[Line] = [
        ((line, LOOKS[finding.status] if finding.is_bad else ""),) for line in _wrapped(finding, width)
    ]
    lines.extend(piece for line in finding.fix.splitlines() for piece in _fix(line, width))
    lines.extend(((piece, "dim"),) for line in finding.evidence for piece in wrap(clean(line), width, most_lines=4))
    return tuple(lines)


def report_text(report: Report, *, ascii_only: bool = False) -> str:
    """Write a report as text: for a terminal, a ticket, the clipboard."""
    marks = PLAIN if ascii_only else MARKS
    width = max((len(one.title) for one in report.findings), default=0)
    lines = [line for one in report.findings for line in _text(one, marks[one.status], width)]
    counts = ", ".join(f"{report.count(status)} {status}" for status in Status if report.count(status))
    return "".join(f"{line}\n" for line in (*lines, "", counts))


def _line(finding: Finding, selected: bool, width: int, glyphs: Glyphs) -> Line:
    marks = PLAIN if glyphs.cursor == ">" else MARKS
    title_w = TITLE_W if width < 100 else TITLE_W + 10
    mark = f"{glyphs.cursor if selected else ' '}{marks[finding.status]} "
    title = fit(clean(finding.title), title_w, ellipsis=glyphs.ellipsis) + " "
    words = fit(clean(finding.text), max(0, width - title_w - 4), ellipsis=glyphs.ellipsis)
    if selected:
        return ((f"{mark}{title}{words}", "selected"),)
    return (
        (mark, LOOKS[finding.status]),
        (title, "bold" if finding.is_bad else ""),
        (words, "" if finding.is_bad else "dim"),
    )


def _wrapped(finding: Finding, width: int) -> list[str]:
    return list(wrap(clean(finding.text), max(10, width), most_lines=12))


def _fix(line: str, width: int) -> list[Line]:
    """Colour a line of a diff; commands stand out, comments do not. A long one goes on in the next line."""
    text = clean(line)
    look = {"+": "ready", "-": "failed", "#": "dim"}.get(text[:1], "key")
    return [((piece, look),) for piece in _broken(text, max(10, width))]


def _broken(text: str, width: int) -> list[str]:
    """Break a line at blanks where there are any; what stands before the first word stays."""
    pieces: list[str] = []
    while cell_len(text) > width:
        head = chop_cells(text, width)[0]
        at = head.rfind(" ", len(head) // 2)
        head = head[: at + 1] if at > 0 else head
        pieces.append(head)
        text = text[len(head) :]
    return [*pieces, text]


def _text(finding: Finding, mark: str, width: int) -> list[str]:
    lines = [f"{mark:<2} {finding.title:<{width}}  {clean(finding.text)}".rstrip()]
    if finding.is_bad or finding.status is Status.UNKNOWN:
        lines.extend(f"     {clean(one)}" for one in finding.evidence)
        fix = finding.fix.splitlines()
        lines.extend(f"     {'     ' if n else 'fix: '}{clean(one)}" for n, one in enumerate(fix))
    return lines
