"""Children that no label tells: older KServe, and objects that lost their labels, are found by their owners."""

from __future__ import annotations

from collections.abc import Iterable

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.peek import owner_uids, table, text
from kmon_tui.domain.tree import Object
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec
from kmon_tui.live.raw_list import list_things
from kmon_tui.live.resource import Resource

_GENERATIONS = (
    ("Deployment", "apps/v1", "deployments"),
    ("ReplicaSet", "apps/v1", "replicasets"),
    ("Pod", "v1", "pods"),
)
"""Who may own whom, from the top down."""


async def owned(client: KubeClient, namespace: str, roots: Iterable[Object]) -> tuple[tuple[Object, ...], int]:
    """Give what these services own, and what that owns, and how many lists that took.

    Among the first 500 objects of each kind of the namespace; where no Deployment is owned there is nothing below one.
    """
    uids = {uid for root in roots if (uid := text(root, "metadata", "uid"))}
    found: list[Object] = []
    asked = 0
    for kind, version, plural in _GENERATIONS if uids else ():
        base = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        asked += 1
        try:
            things = await list_things(client, Resource(base, plural), namespace, RawCodec(kind, version), 1)
        except BackendError:
            continue  # a kind that may not be listed is named by the part that is chosen by labels
        own = [thing.object for thing in things if owner_uids(thing.object) & uids]
        uids |= {text(one, "metadata", "uid") for one in own} - {""}
        found += own
        if not own:
            break
    return tuple(found), asked


def of_one(root: Object, objects: Iterable[Object]) -> tuple[Object, ...]:
    """Give those of these objects that one service owns; owners come before what they own."""
    uids = {text(root, "metadata", "uid")} - {""}
    own = []
    for one in objects:
        if owner_uids(one) & uids:
            own.append(one)
            uids.add(text(one, "metadata", "uid"))
    return tuple(own)


async def pods_selector(client: KubeClient, namespace: str, uid: str) -> str:
    """Give the labelSelector of the pods of all Deployments that this object owns; empty when there are none.

    What a Deployment selects its pods by cannot be lost: without it they would not be its pods.
    """
    try:
        resource = Resource("/apis/apps/v1", "deployments")
        things = await list_things(client, resource, namespace, RawCodec("Deployment", "apps/v1"), 1)
    except BackendError:
        return ""
    chosen = [table(thing.object, "spec", "selector", "matchLabels") for thing in things if _is_of(thing.object, uid)]
    if len({tuple(one) for one in chosen}) != 1 or len(chosen[0]) != 1:
        return ",".join(f"{name}={value}" for name, value in chosen[0].items()) if chosen else ""
    (name,) = chosen[0]
    return f"{name} in ({','.join(sorted({str(one[name]) for one in chosen}))})"


def _is_of(one: Object, uid: str) -> bool:
    return bool(uid) and uid in owner_uids(one)
