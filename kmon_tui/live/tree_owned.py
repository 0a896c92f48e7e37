"""Children that no label tells: older KServe, and objects that lost their labels, are found by their owners."""

from __future__ import annotations

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.peek import owner_uids, text
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


async def owned(client: KubeClient, namespace: str, root: Object | None) -> tuple[Object, ...]:
    """Give what the service owns, and what that owns, among the first 500 objects of each kind of its namespace."""
    uids = {text(root, "metadata", "uid")} - {""}
    found: list[Object] = []
    for kind, version, plural in _GENERATIONS if uids else ():
        base = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        try:
            things = await list_things(client, Resource(base, plural), namespace, RawCodec(kind, version), 1)
        except BackendError:
            continue  # a kind that may not be listed is named by the part that is chosen by labels
        own = [thing.object for thing in things if owner_uids(thing.object) & uids]
        uids |= {text(one, "metadata", "uid") for one in own} - {""}
        found += own
    return tuple(found)
