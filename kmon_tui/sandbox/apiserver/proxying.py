"""The proxy subresource of pods and services: a request that the API server passes on into the cluster."""

from __future__ import annotations

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from kmon_tui.sandbox.apiserver.errors import ApiError, not_found
from kmon_tui.sandbox.apiserver.exchange import Exchange
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path

_PATIENCE = ClientTimeout(total=30)
_PASSED_ON = ("Accept", "Content-Type", "User-Agent")


async def proxy(store: Store, exchange: Exchange) -> web.StreamResponse:
    """Pass a request on to a pod's port, or to a pod behind a Kubernetes service, and its answer back."""
    address, port = _destination(store, exchange.target)
    request = exchange.request
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    try:
        async with (
            ClientSession(timeout=_PATIENCE, auto_decompress=False) as session,
            session.request(
                request.method,
                f"http://{address}:{port}/{exchange.target.rest}",
                params=request.query,
                data=await exchange.body(),
                headers=headers,
                allow_redirects=False,
            ) as found,
        ):
            kept = {name: found.headers[name] for name in ("Content-Type", "Content-Encoding") if name in found.headers}
            return web.Response(body=await found.read(), status=found.status, headers=kept)
    except (ClientError, TimeoutError) as error:
        raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {error}") from error


def _destination(store: Store, target: Target) -> tuple[str, int]:
    """Find where a name of the form NAME, NAME:PORT or SCHEME:NAME:PORT leads to. Raises ApiError."""
    parts = target.name.split(":")
    name, port = (parts[0], "") if len(parts) == 1 else (parts[-2], parts[-1])
    entry = store.entry(target.kind.group, target.kind.plural, target.namespace, name)
    if entry is None:
        raise not_found(target.kind, name)
    if target.kind.plural == "services":
        return _behind(store, entry.object, port)
    return _in_pod(entry.object, port)


def _behind(store: Store, service: JsonObject, port: str) -> tuple[str, int]:
    metadata, spec = service["metadata"], service.get("spec") or {}
    offered = spec.get("ports") or []
    chosen = next((one for one in offered if port in ("", one.get("name"), str(one.get("port")))), None)
    selector = (spec.get("selector") or {}).items()
    for entry in store.shelf("", "pods").ordered():
        labels = (entry.object["metadata"].get("labels") or {}).items()
        running = at_path(entry.object, "status.phase") == "Running"
        if chosen and selector and entry.namespace == metadata["namespace"] and selector <= labels and running:
            return _in_pod(entry.object, str(chosen.get("targetPort", chosen.get("port"))))
    raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{metadata["name"]}"')


def _in_pod(pod: JsonObject, port: str) -> tuple[str, int]:
    address = str(at_path(pod, "status.podIP") or "")
    ports = [one for container in at_path(pod, "spec.containers") or () for one in container.get("ports") or ()]
    named = next((one["containerPort"] for one in ports if port in ("", one.get("name"))), None)
    number = int(port) if port.isdigit() else named
    if not address.startswith("127.") or number is None:
        raise ApiError(503, "ServiceUnavailable", "error trying to reach service: connection refused")
    return address, number
