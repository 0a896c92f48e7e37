"""What a service refers to and does not own: its runtime, volume claims, account, quotas, nodes, gateways."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.models_of import CACHE_JOBS, CACHE_LABEL, CACHE_SPACE_LABEL, TRAINED_LABEL, serves_several
from kmon_tui.domain.peek import at, is_ready, kind_of, label, name_of, of_kind, rows, text
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import Blind, Object, Ref, Why
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import NotReadable
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing
from kmon_tui.live.resource import labelled
from kmon_tui.live.tree_holders import holders
from kmon_tui.live.tree_parts import GATEWAY, KSERVE

COMPONENTS = ("predictor", "transformer", "explainer")
MAY_BE_GONE = ("Node", "ResourceQuota")
"""Kinds of which it tells something that one that is named is not there."""
_QUOTA = re.compile(r"exceeded quota: ([^,:;\s]+)")
MOST = 12
"""So many objects are asked for by name at most."""
MOST_LISTED = 500


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
    label: str = ""
    """Of a list: those with one of ``values`` in this label."""
    values: tuple[str, ...] = ()

    @property
    def ref(self) -> Ref:
        """What is named."""
        return Ref(self.kind, self.name, self.namespace or "")

    @property
    def selector(self) -> str:
        """The labelSelector of the list; empty: everything."""
        return labelled(self.label, *self.values) if self.label else ""


def wishes(key: Key, root: Object | None, objects: tuple[Object, ...]) -> list[Wish]:
    """Give what is referred to, each once."""
    found: dict[Wish, None] = {}
    for wish in (
        *_of_root(key, root),
        *_of_refusals(key, root, objects),
        *_of_pods(key, objects),
        *_of_routes(key, root, objects),
        *_endpoints(key, objects),
        *_of_models(key, root),
    ):
        found.setdefault(wish)
    named = [wish for wish in found if wish.name][:MOST]
    return [*named, *(wish for wish in found if not wish.name)]


class Refs:
    """What was read of them."""

    def __init__(self, client: KubeClient, groups: Groups) -> None:
        self._client, self._groups = client, groups
        self.objects: tuple[Object, ...] = ()
        self.blind: tuple[Blind, ...] = ()
        self.absent: tuple[Ref, ...] = ()
        """Nodes and quotas that are named and do not exist; of other things that are not there, somebody else tells."""

    async def ask(self, namespace: str, asked: list[Wish], objects: tuple[Object, ...]) -> None:
        """Read all of them anew, and who holds what ``objects`` wait for. What is not there is left out."""
        self.absent = ()
        answers = await asyncio.gather(*(self.one(wish) for wish in asked))
        found = tuple(thing.object for things, _ in answers for thing in things)
        self.objects = (*found, *await holders(self._client, namespace, (*objects, *found)))
        self.blind = tuple(dict.fromkeys(blind for _, blind in answers if blind is not None))

    async def one(self, wish: Wish) -> tuple[list[Thing], Blind | None]:
        """Read what one wish asks for, or say why it cannot be read."""
        base = self._groups.base(wish.group, wish.versions)
        if not base:
            return [], None if wish.quiet else Blind(wish.kind, Why.ABSENT, f"{wish.plural} are not installed here")
        place = "" if wish.namespace is None else f"/namespaces/{wish.namespace}"
        query: dict[str, str | int] = {"limit": MOST_LISTED}
        if wish.selector:
            query["labelSelector"] = wish.selector
        path = f"{base}{place}/{wish.plural}" + (f"/{wish.name}" if wish.name else f"?{urlencode(query)}")
        ask = Ask("get" if wish.name else "list", wish.plural, wish.namespace, where=wish.namespace is not None)
        codec = RawCodec(wish.kind, base.removeprefix("/apis/").removeprefix("/api/"))
        try:
            body = await self._client.get_long(path, ask)
            return ([codec.thing(bytes(body))] if wish.name else codec.page(body).items), None
        except NotFound:
            if wish.kind in MAY_BE_GONE:
                self.absent += (wish.ref,)
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
    if key.kind is Kind.ISVC and not rows(root, "spec", "predictor", "containers"):
        # Named or chosen by KServe: which others would do as well is a part of the answer, and there are few.
        named = text(root, "spec", "predictor", "model", "runtime")
        yield Wish("ServingRuntime", KSERVE, runtimes, "servingruntimes", named, key.namespace)
        yield Wish("ClusterServingRuntime", KSERVE, runtimes, "clusterservingruntimes", named)
    if key.kind is Kind.GRAPH:
        for name in _steps(root):
            yield Wish("InferenceService", KSERVE, ("v1beta1",), "inferenceservices", name, key.namespace)
    for ref in rows(root, "spec", "router", "gateway", "refs"):
        yield _gateway(key, ref)


def _of_refusals(key: Key, root: Object | None, objects: tuple[Object, ...]) -> Iterator[Wish]:
    """Give who refuses pods, as a Deployment says, and the accounts without which there are none."""
    for deployment in of_kind(objects, "Deployment"):
        for condition in rows(deployment, "status", "conditions"):
            if found := _QUOTA.search(text(condition, "message")):
                yield Wish("ResourceQuota", "", ("v1",), "resourcequotas", found.group(1), key.namespace, quiet=True)
    for component in COMPONENTS:
        account = text(root, "spec", component, "serviceAccountName")
        if account and account != "default":
            yield Wish("ServiceAccount", "", ("v1",), "serviceaccounts", account, key.namespace, quiet=True)


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
        node = text(pod, "spec", "nodeName")
        if not node or not is_ready(pod):
            # Where it could run, or whether the node that it is on still answers.
            yield Wish("Node", "", ("v1",), "nodes", node, quiet=True)
        account = text(pod, "spec", "serviceAccountName")
        if account and account != "default":
            yield Wish("ServiceAccount", "", ("v1",), "serviceaccounts", account, key.namespace, quiet=True)


def _of_routes(key: Key, root: Object | None, objects: tuple[Object, ...]) -> Iterator[Wish]:
    routes = [one for one in objects if kind_of(one) == "HTTPRoute"]
    for route in routes:
        for parent in rows(route, "spec", "parentRefs"):
            if text(parent, "kind") in ("", "Gateway"):
                yield _gateway(key, parent)
    # Beside the service's own route KServe makes one for each component, without labels (seen with 0.20).
    knative = any(text(one, "apiVersion").startswith("serving.knative.dev/") for one in objects)
    for component in COMPONENTS if key.kind is Kind.ISVC and not knative else ():
        if at(root, "spec", component) is not None:
            name = f"{key.name}-{component}"
            yield Wish("HTTPRoute", GATEWAY, ("v1", "v1beta1"), "httproutes", name, key.namespace, quiet=True)


def _of_models(key: Key, root: Object | None) -> Iterator[Wish]:
    """Models that a server of several is given, and the cache on the nodes that a model is taken from."""
    old = ("v1alpha1",)
    if key.kind is Kind.ISVC and root is not None:
        given, quiet = (key.name,), not serves_several(root)
        yield Wish("TrainedModel", KSERVE, old, "trainedmodels", "", key.namespace, quiet, TRAINED_LABEL, given)
    cache = label(root or {}, CACHE_LABEL)
    if not cache:
        return
    space = label(root or {}, CACHE_SPACE_LABEL)
    if space:
        yield Wish("LocalModelNamespaceCache", KSERVE, old, "localmodelnamespacecaches", cache, space)
    else:
        yield Wish("LocalModelCache", KSERVE, old, "localmodelcaches", cache)
    yield Wish("LocalModelNodeGroup", KSERVE, old, "localmodelnodegroups")
    yield Wish("Pod", "", ("v1",), "pods", "", CACHE_JOBS, quiet=True)


def _endpoints(key: Key, objects: tuple[Object, ...]) -> Iterator[Wish]:
    plain = [one for one in objects if kind_of(one) == "Service" and text(one, "apiVersion") == "v1"]
    names = sorted(name_of(one) for one in plain if text(one, "spec", "type") != "ExternalName")
    if names:
        yield Wish(
            "EndpointSlice",
            "discovery.k8s.io",
            ("v1",),
            "endpointslices",
            "",
            key.namespace,
            quiet=True,
            label="kubernetes.io/service-name",
            values=tuple(names[:MOST]),
        )


def _gateway(key: Key, ref: Mapping[str, object]) -> Wish:
    place = text(ref, "namespace") or key.namespace
    return Wish("Gateway", GATEWAY, ("v1", "v1beta1"), "gateways", text(ref, "name"), place, quiet=True)
