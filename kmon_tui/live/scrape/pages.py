"""Fetches metrics pages of pods: through the API server's pod proxy, or where that is forbidden through a tunnel."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

import msgspec

from kmon_tui.domain.errors import BadAnswer, Forbidden, NotFound, TimedOut, Unreachable
from kmon_tui.domain.service import InferenceService, Kind
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.resource import labelled
from kmon_tui.live.tunnel import PodTunnel

MOST_PODS = 8
MOST_BYTES = 512 * 1024
"""Of one page: eight of them are 4 MB."""
MOST_UNPACKED = 8 * MOST_BYTES
ANSWER_S = 5.0
_GZIP = b"\x1f\x8b"
ACCEPT = "text/plain, */*;q=0.1"
"""The API server says no in JSON all the same."""
_PORT, _PATH = "prometheus.kserve.io/port", "prometheus.kserve.io/path"
_SCHEME = "prometheus.io/scheme"
_IMAGES = {"tritonserver": 8002, "mlserver": 8082}
_SELECTORS = {
    Kind.ISVC: ("", "serving.kserve.io/inferenceservice"),
    Kind.LLM: ("app.kubernetes.io/part-of=llminferenceservice,", "app.kubernetes.io/name"),
    Kind.GRAPH: ("", "serving.kserve.io/inferencegraph"),
}


class _Meta(msgspec.Struct, frozen=True):
    name: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    deleted: str | None = msgspec.field(name="deletionTimestamp", default=None)


class _Port(msgspec.Struct, frozen=True):
    name: str = ""


class _Container(msgspec.Struct, frozen=True):
    name: str = ""
    image: str = ""
    ports: list[_Port] = []


class _Spec(msgspec.Struct, frozen=True):
    containers: list[_Container] = []


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    ip: str = msgspec.field(name="podIP", default="")
    conditions: list[_Condition] = []


class ScrapePod(msgspec.Struct, frozen=True):
    """A pod as far as it matters here."""

    metadata: _Meta = _Meta()
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        told = {condition.type: condition.status for condition in self.status.conditions}
        return told.get("Ready") == "True" and not self.metadata.deleted


class _Pods(msgspec.Struct, frozen=True):
    items: list[ScrapePod] = []


_PODS = msgspec.json.Decoder(_Pods)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is."""

    namespace: str
    pod: str
    ip: str
    port: int
    path: str
    isvc: str
    most_bytes: int = MOST_BYTES
    of_pods: int = 0
    """How many pods are ready in all; not each of them is read."""
    tls: bool = False
    """Whether the page is behind TLS."""

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the target, as a scrape job would set them."""
        instance = f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"
        owner = {"namespace": self.namespace, "serving_kserve_io_inferenceservice": self.isvc}
        return {"job": "pod", "instance": instance, "pod": self.pod, **owner}


def places_of(isvc: InferenceService, pods: Iterable[ScrapePod]) -> list[Place]:
    """Give the pages of the ready pods that callers meet, as the scrape jobs of manifests/ would choose them."""
    ready = sorted((pod for pod in pods if pod.ready and _is_entry(pod, isvc)), key=lambda pod: pod.metadata.name)
    places = [place for pod in ready[:MOST_PODS] for place in _places(pod, isvc)]
    # A pod that talks has two pages behind a queue-proxy: all of them together stay what eight are.
    most_bytes = MOST_BYTES * MOST_PODS // max(MOST_PODS, len(places))
    return [replace(place, most_bytes=most_bytes, of_pods=len(ready)) for place in places]


def _is_entry(pod: ScrapePod, isvc: InferenceService) -> bool:
    if isvc.key.kind is Kind.LLM:
        return pod.metadata.labels.get("kserve.io/component", "workload") == "workload"
    component = pod.metadata.labels.get("component", "")
    return isvc.key.kind is not Kind.ISVC or component in ("", isvc.entry or "predictor")


def _places(pod: ScrapePod, isvc: InferenceService) -> list[Place]:
    images = {container.name: container.image for container in pod.spec.containers}
    found = []
    if "queue-proxy" in images:
        found.append((9091, "/metrics"))
    talks = isvc.key.kind is Kind.LLM or isvc.format == "huggingface" or isvc.protocol.startswith("openai")
    if "queue-proxy" not in images or talks:
        image = images.get("kserve-container", "")
        port = next((port for mark, port in _IMAGES.items() if mark in image), 8000 if "main" in images else 8080)
        told = pod.metadata.annotations.get(_PORT, "")
        if told.isdigit() and not (port == 8082 and told == "8080"):  # KServe's runtime for MLServer says 8080
            port = int(told)
        found.append((port, pod.metadata.annotations.get(_PATH) or "/metrics"))
    namespace, name, ip, tls = isvc.key.namespace, pod.metadata.name, pod.status.ip, _has_tls(pod)
    return [Place(namespace, name, ip, port, path, isvc.key.name, tls=tls) for port, path in found]


def _has_tls(pod: ScrapePod) -> bool:
    """Whether a pod of an LLMInferenceService says that its page is behind TLS, or names a port so."""
    main = [container for container in pod.spec.containers if container.name == "main"]
    named = any(port.name == "https" for container in main for port in container.ports)
    return bool(main) and (pod.metadata.annotations.get(_SCHEME) or ("https" if named else "")) == "https"


class Pages:
    """Fetches them; remembers which way is allowed."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._by_tunnel: set[str] = set()
        """Namespaces in which the proxy is forbidden."""

    async def places(self, isvc: InferenceService) -> list[Place]:
        """Look which pods a service has now. Raises BackendError."""
        namespace = isvc.key.namespace
        fixed, label = _SELECTORS[isvc.key.kind]
        selector = fixed + labelled(label, isvc.key.name)
        path = f"/api/v1/namespaces/{quote(namespace)}/pods?labelSelector={quote(selector)}&limit=100"
        body = await self._client.get(path, Ask("list", "pods", namespace))
        try:
            return places_of(isvc, _PODS.decode(body).items)
        except msgspec.DecodeError as error:
            raise Unreachable("the list of pods cannot be read") from error

    async def page(self, place: Place) -> bytes:
        """Fetch one page, as it came, its first ``most_bytes`` at most. Raises BackendError."""
        try:
            async with asyncio.timeout(ANSWER_S):
                if place.namespace not in self._by_tunnel:
                    try:
                        return await self._by_proxy(place)
                    except Forbidden:
                        self._by_tunnel.add(place.namespace)
                return await self._through_tunnel(place)
        except TimeoutError as error:
            raise TimedOut(f"pod {place.pod} does not answer on port {place.port} within {ANSWER_S:g} s") from error

    async def _by_proxy(self, place: Place) -> bytes:
        path = proxied(place)
        ask = Ask("get", "pods/proxy", place.namespace)
        body = bytearray()
        try:
            async with self._client.pieces(path, ask, ANSWER_S, ACCEPT) as next_piece:
                while len(body) < place.most_bytes and (piece := await next_piece()):
                    body += piece
        except (BadAnswer, NotFound) as error:
            # The pods were listed by the same API server, so it is the pod that answers so.
            raise _no_metrics(place) from error
        return bytes(body[: place.most_bytes])

    async def _through_tunnel(self, place: Place) -> bytes:
        if place.tls:
            raise Unreachable(
                f"pod {place.pod} has its metrics behind TLS", "The pod proxy reads them: ask for get on pods/proxy."
            )
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MOST_BYTES, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        where = PodPort(place.namespace, place.pod, place.port)
        async with PodTunnel(self._client, where.namespace, where.pod) as tunnel:
            stream = await tunnel.open(where.port, protocol)
            try:
                # HTTP/1.0: the answer comes in one piece and ends with the connection.
                stream.write(f"GET {place.path} HTTP/1.0\r\nHost: {place.pod}\r\nAccept: text/plain\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                status = head.split(b" ", 2)[1:2]
                if status != [b"200"]:
                    raise _no_metrics(place)
                body = bytearray()
                while len(body) < place.most_bytes and (piece := await reader.read(65536)):
                    body += piece
                return bytes(body[: place.most_bytes])
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
                raise Unreachable(f"pod {place.pod} answers no page on port {place.port}") from error
            finally:
                stream.close()


def proxied(place: Place) -> str:
    """Give the path under which the API server passes a page on; it takes any certificate of a pod."""
    pod = f"{'https:' if place.tls else ''}{quote(place.pod)}:{place.port}"
    return f"/api/v1/namespaces/{quote(place.namespace)}/pods/{pod}/proxy{quote(place.path)}"


def _no_metrics(place: Place) -> Unreachable:
    return Unreachable(f"pod {place.pod} has no page of metrics at {place.port}{place.path}")


def text_of(body: bytes, place: Place) -> tuple[str, bool]:
    """Give the lines of a page that came whole, and whether it is longer. Raises Unreachable when it is none.

    Some servers pack it although nobody asks them to.
    """
    cut = len(body) >= place.most_bytes
    if body.startswith(_GZIP):
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            body = unpack.decompress(body, MOST_UNPACKED)
        except zlib.error as error:
            raise _no_metrics(place) from error
        cut = cut or not unpack.eof
    if body[:512].lstrip()[:1] == b"<":
        raise _no_metrics(place)
    return (body[: body.rfind(b"\n") + 1] if cut else body).decode("utf-8", "replace"), cut
