"""What the numbers of services lack: pods that serve and are not scraped, and pods whose counters say NaN."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kmon_tui.domain.service import Key
from kmon_tui.live.flow import Flow
from kmon_tui.live.owners import Owners
from kmon_tui.live.target import Target

AWAY = "a pod was not scraped for a while"
ALL_NAN = "its counters are NaN in this Prometheus"


def remark(
    flows: Mapping[Key, Flow],
    targets: Collection[Target],
    owners: Owners,
    at_s: int,
    unreadable: Iterable[Target],
    window_s: int,
) -> None:
    """Say of each flow how many pods are missing in its newest step, and why, or were within the rate window."""
    for flow in flows.values():
        flow.remark = AWAY if flow.cut_s is not None and at_s - flow.cut_s < window_s else ""
    odd = _units(flows, unreadable)
    gone = (t for t in targets if t.seen_s not in (at_s, None) and t.owner is not None and owners.serves(t.labels))
    missing = _units(flows, gone)
    if not odd and not missing:
        return
    there = _units(flows, (t for t in targets if t.seen_s == at_s and (t.owner in odd or t.owner in missing)))
    for key in {**odd, **missing}:
        counted = there.get(key, set())
        nan = odd.get(key, set()) - counted
        lost = missing.get(key, set()) - counted - nan
        flows[key].remark = _words(len(counted), len(lost), len(nan))


def _words(counted: int, lost: int, nan: int) -> str:
    if not nan:
        return f"{counted} of {counted + lost} pods scraped" if lost else ""
    return f"{counted} of {counted + lost + nan} pods counted: NaN from {nan}"


def _units(flows: Mapping[Key, Flow], targets: Iterable[Target]) -> dict[Key, set[str]]:
    """Give the processes of each service, those of the family that is shown."""
    found: dict[Key, set[str]] = {}
    for target in targets:
        flow = flows.get(target.owner) if target.owner is not None else None
        if flow is not None and target.owner is not None and target.dialect.family is flow.family:
            found.setdefault(target.owner, set()).add(target.unit)
    return found
