"""What may have been meant when a target is not there: names like it beside it, and the same name elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

import msgspec

from kmon_tui.domain.alike import like, some
from kmon_tui.domain.errors import BackendError, NotFound
from kmon_tui.domain.forward import Target
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.kube import KubeClient

LOOK_S = 3.0
"""It is a hint, and not waited for longer than that."""
MOST_BESIDE, MOST_ELSEWHERE = 250, 20


class _Meta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""


class _Named(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


_NAMED = Codec(_Named)


async def hint_for(client: KubeClient, target: Target, bases: Sequence[str], plural: str) -> str:
    """Say what there is instead of a target that is not there; what may not be looked at is left out.

    ``bases``: the paths of the versions that the kind may have; the first one that answers counts.
    """
    name, namespace = target.name, target.namespace
    usual = f"If it is in another namespace, write NAMESPACE/{target.aim}/{name}, or start with -n."
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_S):
            query = f"fieldSelector=metadata.name%3D{quote(name)}&limit={MOST_ELSEWHERE}"
            elsewhere = await _listed(client, [f"{base}/{plural}?{query}" for base in bases], Ask("list", plural))
            places = sorted({one.namespace for one in elsewhere})
            if places:
                one = f"{places[0]}/{target.aim}/{name}"
                return f"It is in namespace{'s' if len(places) > 1 else ''} {some(places)}: write {one}."
            if await _no_namespace(client, namespace):
                return f"There is no namespace {namespace}."
            paths = [f"{base}/namespaces/{quote(namespace)}/{plural}?limit={MOST_BESIDE}" for base in bases]
            beside = await _listed(client, paths, Ask("list", plural, namespace))
            if near := like(name, (one.name for one in beside)):
                return f"There is {some(near)}."
    return usual


async def _listed(client: KubeClient, paths: Sequence[str], ask: Ask) -> list[_Meta]:
    for path in paths:
        with suppress(BackendError, NotReadable):
            return [one.metadata for one in _NAMED.page(await client.get(path, ask)).items]
    return []


async def _no_namespace(client: KubeClient, namespace: str) -> bool:
    try:
        await client.get(f"/api/v1/namespaces/{quote(namespace)}", Ask("get", "namespaces"))
    except NotFound:
        return True
    except BackendError:
        return False
    return False
