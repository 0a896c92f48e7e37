"""Looks for Prometheus in a cluster with a handful of requests, and says why when it finds none to use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

import msgspec

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, Unreachable
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.find_prometheus import NAMESPACES, SELECTORS, Candidate, best, candidates
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pod_route import FindPod, PodPort
from kmon_tui.live.target_shapes import TargetPod
from kmon_tui.live.tunnel import PodTunnel

ANSWER_S = 5.0
_OFFER = "Give its address with --prometheus URL."
_PODS = Codec(TargetPod)


class _ServicePort(msgspec.Struct, frozen=True):
    name: str = ""
    port: int = 0
    target: int | str = msgspec.field(name="targetPort", default=0)


class _ServiceSpec(msgspec.Struct, frozen=True):
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: list[_ServicePort] = msgspec.field(default_factory=list)


class _Service(msgspec.Struct, frozen=True):
    spec: _ServiceSpec = msgspec.field(default_factory=_ServiceSpec)


async def seek(client: KubeClient, own_namespace: str) -> tuple[Candidate, tuple[Candidate, ...]]:
    """Give the Prometheus to use, and the others there are. Raises BackendError that says why there is none."""
    found = await _everywhere(client, own_namespace)
    if not found:
        raise NotFound("no Prometheus was found in the cluster", _OFFER)
    likeliest = best(found)
    if not likeliest[0].ready_pods:
        raise Unreachable(f"Prometheus {likeliest[0]} has no ready pod", f"Is it starting? {_OFFER}")
    if len(likeliest) > 1:
        answering = await asyncio.gather(*(_answers(client, candidate) for candidate in likeliest[:4]))
        likeliest = tuple(one for one, good in zip(likeliest, answering, strict=False) if good) or likeliest
    if len(likeliest) > 1:
        names = ", ".join(map(str, likeliest[:4]))
        several = BackendError(
            f"there are several Prometheus in the cluster: {names}",
            f"Choose one with P, or as --prometheus {likeliest[0].url}",
        )
        several.choices = choices_of(found)
        raise several
    return likeliest[0], tuple(one for one in found if one != likeliest[0])


def choices_of(found: Iterable[Candidate]) -> tuple[Choice, ...]:
    """Give what a person may choose among."""
    return tuple(Choice(one.url, one.how + ("" if one.ready_pods else ", no pod is ready")) for one in found)


async def seek_named(client: KubeClient, url: str) -> Candidate:
    """Give the Prometheus behind a URL that only the cluster resolves, as http://NAME.NAMESPACE.svc[:PORT][/PATH]."""
    parts = urlsplit(url)
    name, namespace = (parts.hostname or "").split(".")[:2]
    for selector in SELECTORS:
        for candidate in candidates(await _pods(client, namespace, selector)):
            if candidate.name == name:
                return candidate
    path = f"/api/v1/namespaces/{quote(namespace)}/services/{quote(name)}"
    try:
        body = await client.get(path, Ask("get", "services", namespace))
    except NotFound as error:
        raise NotFound(f"there is neither a Prometheus nor a service {namespace}/{name}", _OFFER) from error
    try:
        service = msgspec.json.decode(body, type=_Service)
    except msgspec.DecodeError as error:
        raise Unreachable(f"service {namespace}/{name} cannot be read", _OFFER) from error
    if not service.spec.selector:
        raise Unreachable(f"service {namespace}/{name} has no selector: its pods are not known", _OFFER)
    selector = ",".join(f"{key}={value}" for key, value in sorted(service.spec.selector.items()))
    wanted = parts.port or (443 if parts.scheme == "https" else 80)
    port = next((one for one in service.spec.ports if one.port == wanted), None)
    if port is None:
        known = ", ".join(str(one.port) for one in service.spec.ports)
        raise Unreachable(f"service {namespace}/{name} has no port {wanted}", f"It has {known}.")
    pods = await _pods(client, namespace, selector)
    return Candidate(
        namespace,
        name,
        f"service {namespace}/{name}",
        (0, 0, 0),
        _target(port, pods),
        parts.path.rstrip("/"),
        parts.scheme == "https",
        selector,
        tuple(pod.metadata.name for pod in pods if pod.ready),
    )


def finder(client: KubeClient, candidate: Candidate) -> FindPod:
    """Give what finds a ready pod of this Prometheus, now and after each failure."""
    first = list(candidate.ready_pods)

    async def find(before: PodPort | None) -> PodPort:
        ready = first.copy()
        first.clear()
        if before is not None or not ready:
            pods = await _pods(client, candidate.namespace, candidate.selector)
            ready = sorted(pod.metadata.name for pod in pods if pod.ready)
        if not ready:
            raise Unreachable(f"Prometheus {candidate} has no ready pod", "Is it starting anew?")
        pod = before.pod if before is not None and before.pod in ready else ready[0]
        return PodPort(candidate.namespace, pod, candidate.port)

    return find


async def _everywhere(client: KubeClient, own_namespace: str) -> tuple[Candidate, ...]:
    try:
        for selector in SELECTORS:
            if found := candidates(await _pods(client, None, selector)):
                return found
    except Forbidden:
        return await _by_namespace(client, tuple(dict.fromkeys((*NAMESPACES, own_namespace))))
    return ()


async def _by_namespace(client: KubeClient, namespaces: tuple[str, ...]) -> tuple[Candidate, ...]:
    """Look into the usual namespaces one by one, up to the first that has one."""
    refused: list[str] = []
    for namespace in namespaces:
        try:
            for selector in SELECTORS:
                if found := candidates(await _pods(client, namespace, selector)):
                    return found
        except Forbidden:
            refused.append(namespace)
    if refused:
        raise Forbidden(
            f"Prometheus cannot be looked for: may not list pods in namespace {' or '.join(refused[:3])}",
            f"{_OFFER} Or ask for the verb list on pods in the namespace of Prometheus.",
        )
    return ()


async def _pods(client: KubeClient, namespace: str | None, selector: str) -> list[TargetPod]:
    within = f"/namespaces/{quote(namespace)}" if namespace else ""
    path = f"/api/v1{within}/pods?labelSelector={quote(selector)}&limit=200"
    body = await client.get(path, Ask("list", "pods", namespace))
    try:
        return _PODS.page(body).items
    except NotReadable as error:
        raise Unreachable("the list of pods cannot be read") from error


async def _answers(client: KubeClient, candidate: Candidate) -> bool:
    """Whether it answers as Prometheus does."""
    if not candidate.ready_pods or candidate.https:
        return bool(candidate.ready_pods)
    request = f"GET {candidate.path}/api/v1/status/buildinfo HTTP/1.0\r\nHost: {candidate.name}\r\n\r\n"
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            PodTunnel(client, candidate.namespace, candidate.ready_pods[0]) as tunnel,
        ):
            reader, writer = await tunnel.connect(candidate.port)
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n")
            writer.close()
    except (BackendError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False
    return head.split(b" ")[1:2] == [b"200"]


def _target(port: _ServicePort, pods: list[TargetPod]) -> int:
    if isinstance(port.target, int) or port.target.isdecimal():
        return int(port.target) or port.port
    declared = (one for pod in pods for container in pod.containers for one in container.ports or ())
    return next((one.number for one in declared if one.name == port.target), port.port)
