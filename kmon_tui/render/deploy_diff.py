"""A plan as lines: YAML with + and -, and beneath each object what stands against it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence

from kmon_tui.domain.diff import ABSENT, Change, Path
from kmon_tui.domain.plan import Plan, Planned, Verdict
from kmon_tui.render.cells import clean
from kmon_tui.render.lines import Line

LOOKS = {
    Verdict.NEW: "ready",
    Verdict.CHANGED: "warn",
    Verdict.SAME: "dim",
    Verdict.REFUSED: "failed",
    Verdict.UNCHECKED: "warn",
    Verdict.LEFT_OUT: "warn",
}
SIGNS = {
    Verdict.NEW: "+",
    Verdict.CHANGED: "~",
    Verdict.SAME: "=",
    Verdict.REFUSED: "!",
    Verdict.UNCHECKED: "?",
    Verdict.LEFT_OUT: "-",
}
WORDS = {
    Verdict.NEW: "new",
    Verdict.CHANGED: "changed",
    Verdict.SAME: "the same",
    Verdict.REFUSED: "refused",
    Verdict.UNCHECKED: "new; not checked, for its namespace comes with it",
    Verdict.LEFT_OUT: "left out",
}
_LOOK_OF_SIGN = {"+": "ready", "-": "failed", " ": "dim"}
_CONTEXT = 2
"""Unchanged lines around a change in a long text."""


def plan_lines(plan: Plan, *, defaults: bool = False) -> tuple[Line, ...]:
    """Write all objects of a plan; ``defaults`` shows what the server adds, too."""
    lines: list[Line] = []
    for item in plan.items:
        if lines:
            lines.append(())
        lines.extend(item_lines(item, defaults=defaults))
    if plan.skipped:
        lines.append(())
    lines.extend(((f"  {clean(name)}  skipped: it holds no Kubernetes object", "dim"),) for name in plan.skipped)
    return tuple(lines)


def item_lines(item: Planned, *, defaults: bool = False) -> Iterator[Line]:
    """Write one object: its name and verdict, the diff, and what is to be said about it."""
    source = item.manifest.origin
    yield (
        (f"{SIGNS[item.verdict]} ", LOOKS[item.verdict]),
        (clean(item.title), "bold"),
        (f"  {WORDS[item.verdict]}", LOOKS[item.verdict]),
        (f"  {clean(source.source)} line {source.line}", "dim"),
    )
    shown = [change for change in item.changes if change.said or defaults]
    yield from diff_lines(shown)
    if hidden := len(item.changes) - len(shown):
        yield ((f"    ({hidden} {'field' if hidden == 1 else 'fields'} that the server adds: hidden)", "dim"),)
    yield from _remarks(item)


def diff_lines(changes: Iterable[Change]) -> Iterator[Line]:
    """Write changes as YAML: the fields above them once, then the lines with - and +."""
    above: Path = ()
    for change in changes:
        path = change.path or ("(the whole object)",)
        shared = 0
        while shared < len(path) - 1 and shared < len(above) and path[shared] == above[shared]:
            shared += 1
        for depth in range(shared, len(path) - 1):
            yield ((f"    {'  ' * depth}{clean(path[depth])}:", "dim"),)
        above = path[:-1]
        yield from _change_lines(change, clean(path[-1]), "  " * (len(path) - 1))


def _change_lines(change: Change, name: str, indent: str) -> Iterator[Line]:
    added = "" if change.said else "   (added by the server)"
    if _is_text(change.old) or _is_text(change.new):
        yield ((f"    {indent}{name}: |{added}", "dim"),)
        for sign, text in _text_lines(change.old, change.new):
            yield ((f"{sign}   {indent}  {clean(text)}", _LOOK_OF_SIGN[sign]),)
        return
    if change.old is not ABSENT:
        yield ((f"-   {indent}{name}: {_scalar(change.old)}", "failed"),)
    if change.new is not ABSENT:
        yield ((f"+   {indent}{name}: {_scalar(change.new)}{added}", "ready" if change.said else "dim"),)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def _text_lines(old: object, new: object) -> Iterator[tuple[str, str]]:
    before = old.splitlines() if isinstance(old, str) else []
    after = new.splitlines() if isinstance(new, str) else []
    for line in list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[3:]:
        yield (" ", "…") if line.startswith("@@") else (line[:1], line[1:])


def _scalar(value: object) -> str:
    if isinstance(value, str):
        text = clean(value)
        plain = text and text == value and not text[0].isspace() and not text[-1].isspace()
        return text if plain and not _looks_otherwise(text) else json.dumps(text, ensure_ascii=False)
    return clean(json.dumps(value, ensure_ascii=False))


def _looks_otherwise(text: str) -> bool:
    """Whether it would be read as something else than a text: "1" is no number, "true" no boolean."""
    if text.lower() in {"true", "false", "null", "yes", "no", "on", "off", "~"}:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _remarks(item: Planned) -> Iterator[Line]:
    for manager, fields in _by_manager(item):
        yield ((f"  ! {clean(manager)} owns {', '.join(map(clean, fields))}", "warn"),)
    if item.owner and item.writes:
        yield ((f"  ! {clean(item.owner)} manages it: what is written here will be reverted", "warn"),)
    for warning in item.warnings:
        yield ((f"  ! {clean(warning)}", "warn"),)
    if (problem := item.problem) is not None:
        place = item.manifest.place_of(problem.field) if problem.field else str(item.manifest.origin)
        yield ((f"  {clean(problem.message)}", "reason"),)
        yield ((f"  at {clean(place)}", ""),)
        if problem.hint:
            yield ((f"  {clean(problem.hint)}", ""),)


def _by_manager(item: Planned) -> Sequence[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for conflict in item.conflicts:
        found.setdefault(conflict.manager, []).append(conflict.field)
    return list(found.items())
