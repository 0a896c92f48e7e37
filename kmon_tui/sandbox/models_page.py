"""Exposition pages: families of lines, each line a text and where its number comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kmon_tui.sandbox.models_meter import Source
from kmon_tui.sandbox.promql.arithmetic import number_text

NumberText = Callable[[float], str]


def go_number(value: float) -> str:
    """Write a number as Go's exporter does: 12, 0.5."""
    return number_text(value)


def python_number(value: float) -> str:
    """Write a number as the Python client does: 12.0, 1.79e+09."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    if abs(value) >= 1e6:
        digits, exponent = f"{value:.16e}".split("e")
        text = f"{float(digits)!r}e+{int(exponent):02d}"
    return text


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that share a source: each shows one of its columns."""

    texts: tuple[str, ...]
    columns: tuple[int, ...]
    source: Source


@dataclass(slots=True)
class Family:
    """One metric: its HELP and TYPE, and its lines."""

    name: str
    kind: str
    help: str
    lines: list[Lines] = field(default_factory=list)
    shy: bool = False
    """Not named before it has a number."""


@dataclass(slots=True)
class Page:
    """Everything at one /metrics."""

    families: list[Family]
    number: NumberText
    _made: tuple[float, str] = (-1.0, "")

    def text(self, now_s: float) -> str:
        """Write the page as it is now; a second reader at the same moment gets the same text."""
        if self._made[0] == now_s:
            return self._made[1]
        parts: list[str] = []
        known: dict[int, Sequence[float] | None] = {}
        for family in self.families:
            lines = self._lines(family, now_s, known)
            if lines or not family.shy:
                parts.append(f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}")
                parts += lines
        self._made = (now_s, "\n".join(parts) + "\n")
        return self._made[1]

    def _lines(self, family: Family, now_s: float, known: dict[int, Sequence[float] | None]) -> list[str]:
        found: list[str] = []
        number = self.number
        for lines in family.lines:
            key = id(lines.source)
            values = known[key] if key in known else known.setdefault(key, lines.source.read(now_s))
            if values is not None:
                shown = zip(lines.texts, lines.columns, strict=True)
                found += [f"{text} {number(values[column])}" for text, column in shown]
        return found


def labelled(name: str, labels: Mapping[str, str], last: tuple[str, str] | None = None) -> str:
    """Write a line without its number; labels in the given order, one more may come last."""
    pairs = [*labels.items(), *([last] if last else [])]
    inner = ",".join(f'{key}="{value}"' for key, value in pairs)
    return f"{name}{{{inner}}}" if pairs else name


def one_line(name: str, labels: Mapping[str, str], source: Source, column: int = 0) -> Lines:
    """Write one line with its labels in the given order."""
    return Lines((labelled(name, labels),), (column,), source)


def histogram_lines(name: str, labels: Mapping[str, str], bounds: Sequence[str], source: Source, *, go: bool) -> Lines:
    """Write the lines of one histogram; Go writes ``le`` last and the sum first, Python sorts and counts first."""
    buckets = tuple(_bucket(name, labels, bound, le_last=go) for bound in (*bounds, "+Inf"))
    count, total = labelled(f"{name}_count", labels), labelled(f"{name}_sum", labels)
    n = len(buckets)
    if go:
        return Lines((*buckets, total, count), (*range(n), n + 1, n), source)
    return Lines((*buckets, count, total), tuple(range(n + 2)), source)


def _bucket(name: str, labels: Mapping[str, str], bound: str, *, le_last: bool) -> str:
    if le_last:
        return labelled(f"{name}_bucket", labels, ("le", bound))
    return labelled(f"{name}_bucket", dict(sorted({**labels, "le": bound}.items())))
