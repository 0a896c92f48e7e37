"""The gateway that leads to services: an address outside, or a service of the cluster that a tunnel leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, SettingsError, Unreachable
from kmon_tui.live.find_prometheus import Candidate
from kmon_tui.live.in_cluster import names_a_service
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pod_route import FindPod, PodPort
from kmon_tui.live.seek_prometheus import seek_named

USUAL = ("http://istio-ingressgateway.istio-system.svc", "http://kourier.kourier-system.svc")
"""Where Knative's two gateways are, if nobody moved them."""
_OFFER = "Say --ingress http://ADDRESS, or predict.ingress in the config file for this context."


def is_inside(ingress: str | None) -> bool:
    """Whether the gateway is to be reached through a tunnel: it is a service of the cluster, or nobody named one."""
    return ingress is None or names_a_service(ingress)


async def gateway(client: KubeClient, ingress: str | None) -> str:
    """Give the URL of the gateway inside the cluster: the one that is named, or a usual one. Raises KmonError."""
    if ingress is not None:
        return ingress
    for url in USUAL:
        try:
            await seek_named(client, url)
        except Forbidden as error:
            raise SettingsError(f"no gateway is named, and none may be looked for: {error.message}", _OFFER) from error
        except (NotFound, Unreachable):
            continue
        return url
    raise SettingsError("no gateway is named, and neither Istio's nor Kourier's is there", _OFFER)


def gateway_finder(client: KubeClient, url: str) -> FindPod:
    """Give what finds a ready pod of the gateway."""

    async def find(before: PodPort | None) -> PodPort:
        found = await _found(client, url)
        ready = found.ready_pods
        if not ready:
            raise Unreachable(f"the gateway {found.namespace}/{found.name} has no ready pod", "Is it starting?")
        pod = before.pod if before is not None and before.pod in ready else ready[0]
        return PodPort(found.namespace, pod, found.port)

    return find


async def _found(client: KubeClient, url: str) -> Candidate:
    name, namespace = (urlsplit(url).hostname or "").split(".")[:2]
    try:
        return await seek_named(client, url)
    except NotFound as error:
        raise NotFound(f"there is no gateway {namespace}/{name}", _OFFER) from error
    except Unreachable as error:
        raise BackendError(error.message, _OFFER) from error
