"""Sorts the scheduler's message: how many nodes refuse a pod for which reason, and which reason is the cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from kmon_tui.domain.diagnosis.reading import one_line

_PART = re.compile(r"(\d+) (.+?)(?=, \d+ |$)", re.S)
_INSUFFICIENT = re.compile(r"Insufficient ([\w.\-]+(?:/[\w.\-]+)?)")
_NAMELESS = re.compile(r"had untolerated taint\(s\)$")
_UNNAMED = "that the scheduler does not name"
_AFTER = re.compile(
    r"\. (?:still not schedulable|no new claims to deallocate|(?:deallocation|deletion) of ResourceClaim completed)\W*$"
)
"""What the scheduler tried for claims after no node did: nothing of why."""
_DEVICES = "cannot allocate all claims"
_VOLUMES = re.compile(
    r"enough free storage|non-existent pv|no available volume zone|ReadWriteOncePod|had no available disk"
)
_TAINT = re.compile(r"untolerated taint(?:\(s\))? ?\{([^}]*)\}|had taint \{([^}]*)\}, that the pod didn't tolerate")
_LABELS = re.compile(r"node affinity|node selector|nodeSelector", re.I)
_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)"', re.I)
_ACCELERATOR = re.compile(r"gpu|nvidia|amd\.com|habana|accelerator|tpu", re.I)
_UNWELL = "node.kubernetes.io/"
"""Taints that begin so are put by Kubernetes on a node that is full, cut off or closed: none to be tolerated."""


_STATES = frozenset({"not-ready", "unreachable", "unschedulable", "out-of-service"})
"""Of these a node is one, and others, as memory-pressure, it has."""


class Refusal(NamedTuple):
    """Why no node takes a pod."""

    cause: str
    verdict: str
    shared: str = ""
    resource: str = ""
    """What is short, for ``no-gpu`` and ``no-cpu-memory``."""


class Count(NamedTuple):
    """How many nodes refuse for each reason; one node is counted once, for the first reason that it has."""

    short: Mapping[str, int]
    """By resource; a node may be short of several."""
    taints: Mapping[str, int]
    """Taints that somebody put there on purpose."""
    unwell: Mapping[str, int]
    unlabelled: int
    reserved: int
    """Of the control plane."""
    apart: Mapping[str, int]
    """What else is said; those nodes would do but for that."""


def explain(said: str, needs: Mapping[str, str] | None = None, holders: Mapping[str, bool] | None = None) -> Refusal:
    """Sort a message of the scheduler.

    ``needs`` are the pod's requests by resource. ``holders`` tells of taints
    behind which, as the nodes say, are all nodes that have the device at all.
    """
    # What follows tells of other pods that might be thrown out, not of why this one is not placed.
    body = _AFTER.sub("", said.partition("preemption:")[0].strip().rstrip(".")).rstrip(".")
    volume = _volume(body)
    if volume is not None:
        return volume
    count = _count(body)
    devices = [name for name in count.short if "/" in name]
    if devices:
        barred = [taint for taint in count.taints if _ACCELERATOR.search(taint) or (holders or {}).get(taint)]
        return _tainted(count, barred) if barred else _short("no-gpu", devices[:1], count, needs or {})
    if count.short:
        return _short("no-cpu-memory", list(count.short), count, needs or {})
    if count.apart and all(part == _DEVICES for part in count.apart):
        aside = f" ({_others(count)})" if _others(count) else ""
        return Refusal("unschedulable", f"no node has the devices free that its ResourceClaims ask for{aside}")
    if count.apart and all(_VOLUMES.search(part) for part in count.apart):
        return Refusal("pvc", f"no node can use its volume: {one_line(body, 160)}")
    if count.apart:
        aside = _others(count)
        why = ", ".join(f"{nodes} {said}" for said, nodes in count.apart.items())
        return Refusal("unschedulable", f"no node takes it: {one_line(why, 180)}{f' ({aside})' if aside else ''}")
    if count.unwell:
        return _unwell(count)
    if count.taints:
        return _tainted(count, list(count.taints))
    if count.unlabelled:
        used = "no node that it may use" if count.reserved else "no node"
        return Refusal("node-selector", f"{used} has the labels that its nodeSelector or affinity asks for")
    if count.reserved:
        return Refusal(
            "untolerated-taint", "there are only nodes of the control plane, whose taint it does not tolerate"
        )
    return Refusal("unschedulable", f"no node takes it: {one_line(body, 180)}" if body else "no node takes it")


def _count(body: str) -> Count:
    short: dict[str, int] = {}
    taints: dict[str, int] = {}
    unwell: dict[str, int] = {}
    apart: dict[str, int] = {}
    unlabelled = reserved = 0
    told = body.partition("nodes are available:")[2]
    for number, part in _PART.findall(told or body):
        nodes = int(number[:9])
        taint = _TAINT.search(part)
        lacking = _INSUFFICIENT.search(part)
        if lacking is not None:
            short[lacking.group(1)] = short.get(lacking.group(1), 0) + nodes
        elif taint is not None:
            named = (taint.group(1) or taint.group(2) or "").strip().rstrip(":").strip()
            if "node-role.kubernetes.io/" in named:
                reserved += nodes
            else:
                (unwell if named.startswith(_UNWELL) else taints)[named] = nodes
        elif _NAMELESS.search(part):
            taints[_UNNAMED] = nodes
        elif "unschedulable" in part:
            unwell["cordoned"] = nodes
        elif _LABELS.search(part):
            unlabelled += nodes
        elif told:
            apart[part.strip()] = nodes
    return Count(short, taints, unwell, unlabelled, reserved, apart)


def _short(cause: str, names: list[str], count: Count, needs: Mapping[str, str]) -> Refusal:
    asked = " and ".join(f"{needs.get(name, '')} {name}".strip() for name in names)
    others = _others(count)
    used = "no node that it may use" if others else "no node"
    aside = f" ({others})" if others else ""
    return Refusal(cause, f"{used} has {asked} free{aside}", " ".join(names), names[0])


def _others(count: Count) -> str:
    """Tell of the nodes that were not even asked."""
    found = [
        f"{_nodes(nodes)} {'a' if taint == _UNNAMED else 'the'} taint {taint}" for taint, nodes in count.taints.items()
    ]
    found += [_sick(word, nodes) for word, nodes in count.unwell.items()]
    if count.unlabelled:
        found.append(f"{_nodes(count.unlabelled, 'lacks', 'lack')} the labels that it asks for")
    return ", ".join(found)


def _tainted(count: Count, barred: list[str]) -> Refusal:
    if barred == [_UNNAMED]:
        beside = (
            f" ({_nodes(count.unlabelled, 'lacks', 'lack')} the labels that it asks for)" if count.unlabelled else ""
        )
        return Refusal(
            "untolerated-taint", f"the nodes that would do have a taint {_UNNAMED} and it does not tolerate{beside}"
        )
    which = " or ".join(barred)
    beside = f" ({_nodes(count.unlabelled, 'lacks', 'lack')} the labels that it asks for)" if count.unlabelled else ""
    return Refusal(
        "untolerated-taint",
        f"the nodes that would do have the taint {which}, which it does not tolerate{beside}",
        f"taint {which}",
    )


def _unwell(count: Count) -> Refusal:
    sick = ", ".join(_sick(word, nodes) for word, nodes in count.unwell.items())
    beside = _others(count._replace(unwell={}))
    return Refusal(
        "nodes-unwell",
        f"the nodes that would do take no pods: {sick}{f' ({beside})' if beside else ''}",
        f"nodes with {' '.join(count.unwell)}",
    )


def _sick(word: str, nodes: int) -> str:
    if word == "cordoned":
        return "1 is cordoned" if nodes == 1 else f"{nodes} are cordoned"
    said = word.removeprefix(_UNWELL)
    return (
        f"{_nodes(nodes, 'is', 'are') if said in _STATES else _nodes(nodes)} {said.replace('not-ready', 'not ready')}"
    )


def _nodes(nodes: int, one: str = "has", many: str = "have") -> str:
    return f"{nodes} {one if nodes == 1 else many}"


def _volume(body: str) -> Refusal | None:
    claim = _CLAIM.search(body)
    if claim is not None:
        name = claim.group(1)
        rest = one_line(body.partition(claim.group(0))[2], 120)
        said = "does not exist" if "not found" in body else f"cannot be used: {rest}"
        return Refusal("pvc", f"the PersistentVolumeClaim {name} {said}", f"PersistentVolumeClaim {name}")
    if "unbound immediate PersistentVolumeClaims" in body:
        return Refusal("pvc", "a PersistentVolumeClaim that it needs is not bound")
    if "volume node affinity conflict" in body:
        return Refusal("pvc", "its volume is on other nodes than those that would take it")
    if "PersistentVolume's node affinity" in body:
        chosen = " that its selector asks for" if "Pod's node affinity/selector" in body else ""
        return Refusal("pvc", f"its PersistentVolume is on other nodes than those{chosen or ' that would take it'}")
    if (
        "binding volumes:" in body
        or "available persistent volumes to bind" in body
        or "exceed max volume count" in body
    ):
        return Refusal("pvc", f"no node can bind its volume: {one_line(body, 120)}")
    return None
