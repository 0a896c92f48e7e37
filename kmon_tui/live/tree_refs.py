"""What a service refers to and does not own: its runtime, volume claims, account, quotas, nodes, gateways."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.peek import at, kind_of, rows, text
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import Blind, Object, Why
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import NotReadable
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing
from kmon_tui.live.tree_parts import GATEWAY, KSERVE

MOST = 12
"""So many objects are asked for by name at most."""
MOST_NODES = 500


class Wish(NamedTuple):
    """One object that is named, or a list (no name)."""

    kind: str
    group: str
    versions: tuple[str, ...]
    plural: str
    name: str = ""
    namespace: str | None = None
    quiet: bool = False
    """Nobody misses it when it may not be read."""


def wishes(key: Key, root: Object | None, objects: tuple[Object, ...]) -> list[Wish]:
    """Give what is referred to, each once."""
    found: dict[Wish, None] = {}
    for wish in (*_of_root(key, root), *_of_pods(key, objects), *_of_routes(key, objects)):
        found.setdefault(wish)
    named = [wish for wish in found if wish.name][:MOST]
    return [*named, *(wish for wish in found if not wish.name)]


class Refs:
    """What was read of them."""

    def __init__(self, client: KubeClient, groups: Groups) -> None:
        self._client, self._groups = client, groups
        self.objects: tuple[Object, ...] = ()
        self.blind: tuple[Blind, ...] = ()

    async def ask(self, asked: list[Wish]) -> None:
        """Read all of them anew. What is not there is left out."""
        answers = await asyncio.gather(*(self._one(wish) for wish in asked))
        self.objects = tuple(thing.object for found, _ in answers for thing in found)
        self.blind = tuple(dict.fromkeys(blind for _, blind in answers if blind is not None))

    async def _one(self, wish: Wish) -> tuple[list[Thing], Blind | None]:
        base = self._groups.base(wish.group, wish.versions)
        if not base:
            return [], Blind(wish.kind, Why.ABSENT, f"{wish.plural} are not installed here")
        place = "" if wish.namespace is None else f"/namespaces/{wish.namespace}"
        path = f"{base}{place}/{wish.plural}" + (f"/{wish.name}" if wish.name else f"?limit={MOST_NODES}")
        ask = Ask("get" if wish.name else "list", wish.plural, wish.namespace, where=wish.namespace is not None)
        codec = RawCodec(wish.kind, base.removeprefix("/apis/").removeprefix("/api/"))
        try:
            body = await self._client.get_long(path, ask)
            return ([codec.thing(bytes(body))] if wish.name else codec.page(body).items), None
        except NotFound:
            return [], None
        except Forbidden as error:
            return [], None if wish.quiet else Blind(wish.kind, Why.FORBIDDEN, error.message)
        except (BackendError, NotReadable) as error:
            return [], Blind(wish.kind, Why.FAILED, str(error))


def _of_root(key: Key, root: Object | None) -> Iterator[Wish]:
    if root is None:
        return
    yield Wish("ResourceQuota", "", ("v1",), "resourcequotas", namespace=key.namespace, quiet=True)
    runtimes = ("v1alpha1",)
    asked = text(root, "spec", "predictor", "model", "runtime")
    own = text(root, "status", "servingRuntimeName") or asked
    shared = text(root, "status", "clusterServingRuntimeName") or asked
    if key.kind is Kind.ISVC and own:
        yield Wish("ServingRuntime", KSERVE, runtimes, "servingruntimes", own, key.namespace)
    if key.kind is Kind.ISVC and shared:
        yield Wish("ClusterServingRuntime", KSERVE, runtimes, "clusterservingruntimes", shared)
    elif key.kind is Kind.ISVC and not own:
        # None was found: which are there, and what they support, is the answer.
        yield Wish("ServingRuntime", KSERVE, runtimes, "servingruntimes", namespace=key.namespace)
        yield Wish("ClusterServingRuntime", KSERVE, runtimes, "clusterservingruntimes")
    if key.kind is Kind.GRAPH:
        for name in _steps(root):
            yield Wish("InferenceService", KSERVE, ("v1beta1",), "inferenceservices", name, key.namespace)
    for ref in rows(root, "spec", "router", "gateway", "refs"):
        yield _gateway(key, ref)


def _steps(graph: Object) -> Iterator[str]:
    nodes = at(graph, "spec", "nodes")
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        for step in rows(node, "steps"):
            if name := text(step, "serviceName"):
                yield name


def _of_pods(key: Key, objects: tuple[Object, ...]) -> Iterator[Wish]:
    for pod in objects:
        if kind_of(pod) != "Pod":
            continue
        for volume in rows(pod, "spec", "volumes"):
            if claim := text(volume, "persistentVolumeClaim", "claimName"):
                yield Wish("PersistentVolumeClaim", "", ("v1",), "persistentvolumeclaims", claim, key.namespace)
        if not text(pod, "spec", "nodeName"):
            yield Wish("Node", "", ("v1",), "nodes", quiet=True)
        account = text(pod, "spec", "serviceAccountName")
        if account and account != "default":
            yield Wish("ServiceAccount", "", ("v1",), "serviceaccounts", account, key.namespace, quiet=True)


def _of_routes(key: Key, objects: tuple[Object, ...]) -> Iterator[Wish]:
    for route in objects:
        if kind_of(route) == "HTTPRoute":
            for parent in rows(route, "spec", "parentRefs"):
                if text(parent, "kind") in ("", "Gateway"):
                    yield _gateway(key, parent)


def _gateway(key: Key, ref: Mapping[str, object]) -> Wish:
    place = text(ref, "namespace") or key.namespace
    return Wish("Gateway", GATEWAY, ("v1", "v1beta1"), "gateways", text(ref, "name"), place, quiet=True)
