"""Metrics of a Prometheus in the cluster: found when first asked for, reached through a tunnel without a listener."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kmon_tui.backend import Interest, Stream
from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family, TrafficReport
from kmon_tui.live.dialer import Dialer
from kmon_tui.live.find_prometheus import Candidate
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.pod_route import PodRoute
from kmon_tui.live.pod_tunnels import PodTunnels
from kmon_tui.live.prometheus_address import parse_matchers
from kmon_tui.live.seek_prometheus import choices_of, finder, seek, seek_named
from kmon_tui.settings import PrometheusSettings

if TYPE_CHECKING:
    from kmon_tui.domain.tree import Peak

if TYPE_CHECKING:
    from kmon_tui.domain.doctor.facts import PrometheusFacts, Suspects

LOOK_AGAIN_S = 300.0
"""A search that found nothing, or that was forbidden, is not repeated for so long."""
RESOLVE_S = 2.0


def names_a_service(url: str | None) -> bool:
    """Whether only a cluster's own DNS knows the host of this URL."""
    host = (urlsplit(url).hostname or "") if url else ""
    return host.endswith((".svc", ".svc.cluster.local")) and host.count(".") >= 2


class InClusterMetrics:
    """Both protocols of metrics, over a PrometheusMetrics that is made once Prometheus has been found.

    An async context: its tunnels live in it.
    """

    def __init__(self, client: KubeClient, own_namespace: str, settings: PrometheusSettings) -> None:
        """Check the settings; nothing is sent. Raises SettingsError."""
        parse_matchers(settings.matchers)
        self._client = client
        self._own_namespace = own_namespace
        self._settings = settings
        self._tasks = asyncio.TaskGroup()
        self._route: PodRoute | None = None
        self._turn = asyncio.Lock()
        self._metrics: PrometheusMetrics | None = None
        self._where = ""
        self._others: tuple[Candidate, ...] = ()
        self._failure: tuple[float, BackendError] | None = None

    async def __aenter__(self) -> InClusterMetrics:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # The tunnel first: a question that is on its way through it then ends at once, and the thread with it.
        if self._route is not None:
            self._route.close()
        if self._metrics is not None:
            await self._metrics.aclose()
        # Not with the error: it would come out wrapped in a group, and callers look for BackendErrors.
        await self._tasks.__aexit__(None, None, None)

    async def poll(self, interest: Interest) -> Stream[TrafficReport]:
        """Stream reports; see ``backend.Metrics``. Looks for Prometheus first, and says why there is none."""
        metrics = await self._found()
        try:
            async with aclosing(metrics.poll(interest)) as reports:
                async for report in reports:
                    yield self._with_others(report)
        except Forbidden as error:
            explained = self._explained(error)
            explained.choices = choices_of(self._others)
            raise explained from error
        except BackendError as error:
            error.choices = choices_of(self._others)
            raise

    async def measure(
        self, services: tuple[InferenceService, ...], key: Key, window_s: int, family: Family | None = None
    ) -> Measurement:
        """Measure one service; see ``backend.Measures``."""
        metrics = await self._found()
        try:
            return await metrics.measure(services, key, window_s, family)
        except Forbidden as error:
            raise self._explained(error) from error

    async def examined(self, suspects: Suspects) -> PrometheusFacts:
        """Tell what it scrapes, keeps and holds; see ``backend.Patient``."""
        metrics = await self._found()
        try:
            return await metrics.examined(suspects)
        except Forbidden as error:
            raise self._explained(error) from error

    async def memory_peaks(self, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        """Give the most memory of the last hour; see ``backend.Memory``."""
        return await (await self._found()).memory_peaks(namespace, pods)

    async def _found(self) -> PrometheusMetrics:
        async with self._turn:
            if self._metrics is None:
                if self._failure is not None and time.monotonic() < self._failure[0]:
                    raise self._failure[1]
                try:
                    self._metrics = await self._find()
                except BackendError as error:
                    lasting = isinstance(error, Forbidden | NotFound) or type(error) is BackendError
                    self._failure = (time.monotonic() + (LOOK_AGAIN_S if lasting else 0.0), error)
                    raise
            return self._metrics

    async def _find(self) -> PrometheusMetrics:
        url = self._settings.url
        if url is None:
            candidate, self._others = await seek(self._client, self._own_namespace)
            found_by = f"found in the cluster: {candidate.how}"
        elif await _resolves(url):
            return PrometheusMetrics(self._settings)
        else:
            candidate = await seek_named(self._client, url)
            found_by = f"{self._settings.found_by}, through a tunnel: {candidate.how}"
        self._where = f"Prometheus {candidate}"
        self._route = PodRoute(PodTunnels(self._client), finder(self._client, candidate), self._tasks)
        dialer = Dialer(self._route)
        bearer = candidate.https and await self._bearer()
        settings = replace(
            self._settings,
            url=candidate.url,
            found_by=found_by,
            # The tunnel ends in the pod that the API server named: a certificate would prove nothing more.
            insecure_skip_tls_verify=candidate.https or self._settings.insecure_skip_tls_verify,
        )

        def adapter() -> object:
            from kmon_tui.live.tunnel_adapter import TunnelAdapter

            return TunnelAdapter(dialer, (lambda: dialer.ask(self._bearer())) if bearer else None)

        return PrometheusMetrics(settings, adapter)

    async def _bearer(self) -> Mapping[str, str]:
        """Give the token of whoever asks the API, for OpenShift's Thanos; nothing where there is none."""
        own = (await self._client.proof()).headers.get("Authorization", "")
        return {"Authorization": own} if own.startswith("Bearer ") else {}

    def _explained(self, error: Forbidden) -> BackendError:
        if "portforward" not in error.message:
            return error
        return Forbidden(
            f"{self._where} is there, but its tunnel is not allowed: {error.message}",
            f"Give its address with --prometheus URL. {error.hint}",
        )

    def _with_others(self, report: TrafficReport) -> TrafficReport:
        if not self._others:
            return report
        names = ", ".join(str(other) for other in self._others[:3])
        note = f"also in the cluster: {names}; choose with P, or as --prometheus {self._others[0].url}"
        told = report.prometheus
        choices = (*told.choices, *choices_of(self._others))
        return replace(report, prometheus=replace(told, notes=(*told.notes, note), choices=choices))


async def _resolves(url: str) -> bool:
    """Whether this machine knows the host: it may be a pod of the cluster itself, or have its DNS by VPN."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            await asyncio.get_running_loop().getaddrinfo(urlsplit(url).hostname, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        return False
    return True
