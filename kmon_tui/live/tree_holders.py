"""Who holds what a pod waits for: pods with the device (a GPU mostly) on the nodes that have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kmon_tui.domain.errors import BackendError, Forbidden
from kmon_tui.domain.peek import conditions_of, kind_of, name_of, rows, table, text
from kmon_tui.domain.tree import Object
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec
from kmon_tui.live.raw_list import list_things
from kmon_tui.live.resource import Resource
from kmon_tui.live.tree_parts import ISVC_LABEL

MOST_NODES = 4
"""Pods of so many nodes are read, those with the most of the device."""
MOST_HOLDERS = 20
_WAITS = re.compile(r"Insufficient ([a-z0-9.-]+/[A-Za-z0-9_-]+)")


Read = dict[tuple[Resource, str | None], list[Object]]
"""Pods by place and namespace (None: of all), as they were read for another service a moment ago."""


async def holders(
    client: KubeClient, namespace: str, objects: Iterable[Object], read: Read | None = None
) -> tuple[Object, ...]:
    """Give the pods that hold what the service's pods wait for; empty when they wait for nothing of the kind.

    Who may not read pods elsewhere sees those of the namespace. What is in ``read`` is not read again.
    """
    known = tuple(objects)
    read = {} if read is None else read
    devices = {found for pod in known if kind_of(pod) == "Pod" for found in _waits_for(pod)}
    if not devices:
        return ()
    own = {text(pod, "metadata", "uid") for pod in known}
    nodes = sorted(
        (node for node in known if kind_of(node) == "Node" and _amount(node, devices)),
        key=lambda node: -_amount(node, devices),
    )
    fields = [f"spec.nodeName={name_of(node)}" for node in nodes[:MOST_NODES]]
    places = [Resource("/api/v1", "pods", "", field) for field in fields] or [Resource("/api/v1", "pods", ISVC_LABEL)]
    found: list[Object] = []
    for place in places:
        found += await _pods(client, namespace, place, read)
    holding = [pod for pod in found if text(pod, "metadata", "uid") not in own and _holds(pod, devices)]
    return tuple(holding[:MOST_HOLDERS])


async def _pods(client: KubeClient, namespace: str, resource: Resource, read: Read) -> list[Object]:
    codec = RawCodec("Pod", "v1")
    for place in (None, namespace):
        if (resource, place) in read:
            return read[resource, place]
        try:
            things = await list_things(client, resource, place, codec, 1)
        except Forbidden:
            continue
        except BackendError:
            things = []  # it only explains: the scheduler's own words are there
        read[resource, place] = [thing.object for thing in things]
        return read[resource, place]
    return []


def _waits_for(pod: Object) -> set[str]:
    for cond in conditions_of(pod):
        if cond.type == "PodScheduled" and cond.status == "False":
            return set(_WAITS.findall(cond.message))
    return set()


def _amount(node: Object, devices: set[str]) -> int:
    allocatable = table(node, "status", "allocatable")
    return sum(_whole(allocatable, device) for device in devices)


def _holds(pod: Object, devices: set[str]) -> bool:
    if text(pod, "status", "phase") in ("Succeeded", "Failed"):
        return False
    containers = (*rows(pod, "spec", "containers"), *rows(pod, "spec", "initContainers"))
    wants = [table(one, "resources", part) for one in containers for part in ("limits", "requests")]
    return any(_whole(want, device) for want in wants for device in devices)


def _whole(amounts: Mapping[str, object], device: str) -> int:
    amount = text(amounts, device)
    return int(amount) if amount.isdecimal() else 0
