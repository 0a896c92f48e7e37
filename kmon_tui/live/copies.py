"""Whether counters are there twice under a label whose name nobody here knows. Pure.

``guards.doubled`` reads that from ``up``; a store that is written to from afar, or a federation, may not hold it. Then
the counters themselves tell: each series of a process has a twin, apart in labels that say nothing of what is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kmon_tui.live.guards import BY, Several
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import NAMES, TARGET

_COUNTED = frozenset(
    {
        *TARGET, *NAMES, *BY, "__name__", "le", "quantile", "pod_uid", "metrics_path", "scheme", "endpoint", "port",
        *(label for dialect in DIALECTS.values() for label in dialect.code_labels),
        *("method", "handler", "path", "route", "uri", "reason", "status", "status_code", "code", "app_name"),
        *("model", "model_name", "model_version", "version", "finished_reason", "engine"),
        *("container", "container_name", "protocol"),
    }
)  # fmt: skip
"""Labels that say who counted, or what."""
_PARTS = re.compile(r"gpu|device|worker|thread|process|pid$|rank|engine|lane|queue|stage|type|kind")
"""In names of labels that divide the work of one process: their counters may be alike, and are to be added up."""
_CLUSTER = re.compile(r"(?:^|[a-z0-9]_)(?:kube_?)?(?:cluster|context)(?:_?(?:name|id|uid))?$", re.IGNORECASE)
"""Names of labels that tell one cluster from another, beyond those that are known."""
_TELLING = re.compile(r"replica(?!_?set)|cluster|prom|scrap|(?:^|_)ha(?:_|$)|agent|collector|monitor", re.IGNORECASE)
"""In names of labels that tell one scraper from another."""
_ALIKE, _FIRST_ALIKE = 0.01, 0.5
"""How far two scrapes of one counter may be apart, as a share: where the label's name tells nothing, and where it does.
"""
_SURE = 2
"""Processes that must look so where the label's name tells nothing."""

Rows = Iterable[tuple[Mapping[str, str], float]]


class _Twins(NamedTuple):
    """What is apart in the series of one process."""

    label: str
    values: frozenset[str]
    alike: float
    """The share by which the most different pair differs."""


def copied(rows: Rows) -> dict[str, Several]:
    """Find, by job, the label that tells apart two copies of each counter; of some processes all series are needed."""
    processes: dict[tuple[str, ...], list[tuple[Mapping[str, str], float]]] = {}
    for labels, value in rows:
        processes.setdefault(tuple([labels.get(name, "") for name in (*TARGET, *BY)]), []).append((labels, value))
    found: dict[str, list[_Twins]] = {}
    clean: set[str] = set()
    for who, series in processes.items():
        if twins := _twins(series):
            found.setdefault(who[0], []).append(twins)
        elif len(series) > 1:
            clean.add(who[0])
    return {job: _several(all_of) for job, all_of in found.items() if job not in clean and _are_copies(all_of)}


def clusters(rows: Rows) -> dict[tuple[str, str], set[str]]:
    """Give, by job and label, the values of labels that tell clusters apart, under names that nobody here knows."""
    found: dict[tuple[str, str], set[str]] = {}
    for labels, _ in rows:
        for name, value in labels.items():
            if value and name not in _COUNTED and _CLUSTER.search(name):
                found.setdefault((labels.get("job", ""), name), set()).add(value)
    return found


def _twins(series: list[tuple[Mapping[str, str], float]]) -> _Twins | None:
    """Find what is apart where each series has a twin."""
    told: dict[str, set[str]] = {}
    for name in {name for labels, _ in series for name in labels} - _COUNTED:
        told[name] = {labels.get(name, "") for labels, _ in series}
    apart = sorted(name for name, values in told.items() if len(values) > 1 and not _PARTS.search(name))
    if not apart:
        return None
    groups: dict[tuple[tuple[str, str], ...], dict[tuple[str, ...], float]] = {}
    for labels, value in series:
        rest = tuple(sorted((name, text) for name, text in labels.items() if name not in apart))
        groups.setdefault(rest, {})[tuple([labels.get(name, "") for name in apart])] = value
    copies = {frozenset(group) for group in groups.values()}
    if len(copies) > 1 or len(next(iter(copies))) < 2:
        return None
    label = next((name for name in apart if _TELLING.search(name)), apart[0])
    most = [max(group.values()) for group in groups.values()]
    differ = [max(group.values()) - min(group.values()) for group in groups.values()]
    alike = max((much / one for much, one in zip(differ, most, strict=True) if one > 0), default=1.0)
    return _Twins(label, frozenset(told[label]), alike)


def _are_copies(found: list[_Twins]) -> bool:
    telling = [one for one in found if _TELLING.search(one.label) and one.alike <= _FIRST_ALIKE]
    return bool(telling) or (len(found) >= _SURE and all(one.alike <= _ALIKE for one in found))


def _several(found: list[_Twins]) -> Several:
    label = found[0].label
    return Several(label, tuple(sorted({value for one in found if one.label == label for value in one.values})))
