"""Reads pages of metrics: only the series of the packs, with only the labels that our questions would ask for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kmon_tui.domain.traffic import Scope
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Dialect, Histogram
from kmon_tui.live.packs.gauges import BY_GAUGE

Series = tuple[tuple[str, str], ...]
"""Labels of a series, sorted, its name among them."""

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|!=|=)"((?:[^"\\]|\\.)*)"')


_OF_PODS = [dialect for dialect in DIALECTS.values() if dialect.scope is Scope.PODS]
COUNTERS: Mapping[str, Dialect] = {name: dialect for dialect in _OF_PODS for name in dialect.counters}
"""What a pod of a model may count; what stands in front of it is never scraped by us."""


def _histograms() -> Iterator[tuple[str, tuple[Dialect, Histogram]]]:
    for dialect in _OF_PODS:
        for histogram in (dialect.latency, dialect.first_token, dialect.next_token):
            if histogram is not None:
                yield from ((name, (dialect, histogram)) for name in (histogram.series, histogram.older) if name)


BY_BUCKETS: Mapping[str, tuple[Dialect, Histogram]] = dict(_histograms())


def read_page(text: str, own: Mapping[str, str]) -> dict[Series, float]:
    """Give the series of a page, summed by the labels that are kept; ``own``: labels of the target, which win."""
    found: dict[Series, float] = {}
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        name = line[: min(_at(line, "{"), _at(line, " "))]
        if name not in COUNTERS and name not in BY_BUCKETS and name not in BY_GAUGE:
            continue
        head, _, rest = line[len(name) :].rpartition("}")
        labels = {key: _ESCAPED.sub(_unescaped, value) for key, value in _LABEL.findall(head)}
        kept = _kept(name, labels)
        value = _number(rest.split())
        if kept is None or value is None:
            continue
        series = tuple(sorted({**kept, **own, "__name__": name}.items()))
        found[series] = found.get(series, 0.0) + value
    return found


def matches(matchers: str, labels: Mapping[str, str]) -> bool:
    """Tell whether labels fit matchers that are written as in PromQL."""
    for name, how, wanted in _MATCHER.findall(matchers):
        value = labels.get(name, "")
        fits = re.fullmatch(wanted, value) is not None if how == "=~" else (value == wanted) is (how == "=")
        if not fits:
            return False
    return True


def _kept(name: str, labels: Mapping[str, str]) -> dict[str, str] | None:
    """Give the labels that count for a series; None: it is another program's."""
    if name in COUNTERS:
        dialect = COUNTERS[name]
        wanted, own = (*dialect.names, *dialect.code_labels), f"{dialect.own},{dialect.counters[name].own}"
    elif name in BY_BUCKETS:
        dialect, histogram = BY_BUCKETS[name]
        wanted, own = (*dialect.names, "le"), f"{dialect.own},{histogram.own}"
    else:
        wanted, own = BY_GAUGE[name].by, BY_GAUGE[name].own
    return {key: labels[key] for key in wanted if key in labels} if matches(own, labels) else None


def _at(line: str, mark: str) -> int:
    place = line.find(mark)
    return place if place >= 0 else len(line)


def _number(words: list[str]) -> float | None:
    """Read the value; a time stamp or an exemplar may stand behind it."""
    try:
        return float(words[0]) if words else None
    except ValueError:
        return None


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
