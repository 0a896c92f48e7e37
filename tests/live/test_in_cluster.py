"""Prometheus is found in the cluster and asked through a tunnel, or it is said why not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, web

from kmon_tui.backend import Backend, Metrics
from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, Unreachable
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live import open_backend
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from tests.live.interests import Interested
from tests.live.prometheus_pods import of_chart, of_openshift, of_operator, pod
from tests.live.served import Serve, sandboxed, serve_by_sandbox
from tests.live.stories import IRIS, steady

EMPTY = SandboxOptions(world="empty")


@asynccontextmanager
async def cluster(*pods: dict[str, Any], serve: Serve = serve_by_sandbox) -> AsyncGenerator[Sandbox, None]:
    """Give a cluster of these pods; port 9090 of each is one Prometheus that scraped iris."""
    async with serve(steady()) as url, Sandbox(EMPTY) as sandbox, asyncio.timeout(30):

        async def dial(pod: dict[str, Any], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            if port != 9090:
                raise ConnectionRefusedError(111, "Connection refused")
            return await asyncio.open_connection("127.0.0.1", urlsplit(url).port)

        sandbox.api.pods.dial = dial
        for one in pods:
            sandbox.api.store.put(one)
        yield sandbox


@asynccontextmanager
async def backend_of(kubeconfig: Path, url: str | None = None) -> AsyncGenerator[Backend, None]:
    """Open the backend as the program does, without --prometheus unless a URL is given."""
    prometheus = PrometheusSettings(url=url, found_by="--prometheus" if url else "")
    async with open_backend(Settings(kube=KubeSettings(kubeconfig=str(kubeconfig)), prometheus=prometheus)) as backend:
        yield backend


async def first_report(metrics: Metrics | None) -> TrafficReport:
    """Give the report of one tick."""
    assert metrics is not None
    stream = metrics.poll(Interested((IRIS,)))
    try:
        return await anext(stream)
    finally:
        await stream.aclose()


def forwards(sandbox: Sandbox) -> list[str]:
    """Give the pods that were forwarded to, in order."""
    return [record.path.split("/")[-2] for record in sandbox.api.log if record.path.endswith("/portforward")]


def listening() -> set[str]:
    """Give the TCP ports on which this process listens."""
    inodes = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()]
    return {row[1] for row in rows if row[3] == "0A" and row[9] in inodes}


async def test_the_numbers_come_through_a_tunnel_and_it_is_said_how_it_was_found() -> None:
    async with cluster(of_chart()) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        report = await first_report(backend.metrics)

    assert report.prometheus.url == "http://prometheus-server.monitoring.svc:9090"
    assert report.prometheus.found_by == "found in the cluster: the prometheus chart (release prometheus)"
    assert report.prometheus.version == "2.53.4"
    assert report.traffic[IRIS.key].requests_per_s == pytest.approx(2.0, rel=0.2)


async def test_no_tcp_port_is_opened_for_it() -> None:
    async with cluster(of_chart()) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        before = listening()
        await first_report(backend.metrics)

        assert listening() == before


async def test_finding_it_costs_one_list_and_one_forward() -> None:
    async with cluster(of_chart()) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        await first_report(backend.metrics)
        await first_report(backend.metrics)

    assert [(record.method, record.path.split("/")[-1]) for record in sandbox.api.log] == [
        ("GET", "pods"),
        ("GET", "portforward"),
    ]


async def test_a_one_shot_measures_through_the_tunnel() -> None:
    async with cluster(of_operator()) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        assert backend.measures is not None
        measured = await backend.measures.measure((IRIS,), IRIS.key, 300)

    assert measured.prometheus.found_by == "found in the cluster: the Prometheus operator (kps-prometheus)"


async def test_when_its_pod_is_replaced_the_next_question_goes_to_the_new_one() -> None:
    async with cluster(of_chart(suffix="a")) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        assert backend.measures is not None
        await backend.measures.measure((IRIS,), IRIS.key, 300)
        sandbox.api.store.delete("", "pods", "monitoring", "prometheus-server-6f9d8b7c4d-a")
        sandbox.api.store.put(of_chart(suffix="b"))

        measured = await backend.measures.measure((IRIS,), IRIS.key, 300)

    assert measured.traffic
    assert forwards(sandbox) == ["prometheus-server-6f9d8b7c4d-a", "prometheus-server-6f9d8b7c4d-b"]


async def test_none_at_all_is_said_and_not_looked_for_again_and_again() -> None:
    async with cluster(pod("default", "iris", {"app": "iris"})) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        for _ in range(5):
            with pytest.raises(NotFound, match="no Prometheus was found in the cluster") as error:
                await first_report(backend.metrics)

    assert "--prometheus URL" in error.value.hint
    assert len(sandbox.api.log) == 2


async def test_without_the_right_to_forward_it_is_said_which_and_prometheus_is_offered() -> None:
    async with cluster(of_chart()) as sandbox:
        sandbox.api.access.forbid(Rule(resource="pods/portforward"))
        async with backend_of(sandbox.kubeconfig) as backend:
            for _ in range(5):
                with pytest.raises(Forbidden) as error:
                    await first_report(backend.metrics)

    assert "Prometheus monitoring/prometheus-server is there" in error.value.message
    assert "may not create pods/portforward in namespace monitoring" in error.value.message
    assert error.value.hint.startswith("Give its address with --prometheus URL.")
    assert len(forwards(sandbox)) == 2


async def test_where_pods_of_all_namespaces_are_hidden_the_usual_namespaces_are_looked_into() -> None:
    async with cluster(of_chart()) as sandbox:
        token = sandbox.api.access.add_user("dev", [Rule(namespace="monitoring"), Rule(namespace="default")])
        async with backend_of(sandbox.write_kubeconfig("dev", token)) as backend:
            report = await first_report(backend.metrics)

    assert report.prometheus.version == "2.53.4"


async def test_where_no_namespace_may_be_looked_into_it_is_forbidden_and_asked_once() -> None:
    async with cluster(of_chart()) as sandbox:
        token = sandbox.api.access.add_user("dev", [])
        async with backend_of(sandbox.write_kubeconfig("dev", token)) as backend:
            for _ in range(3):
                with pytest.raises(Forbidden, match="Prometheus cannot be looked for: may not list pods") as error:
                    await first_report(backend.metrics)

    assert "--prometheus URL" in error.value.hint
    assert len(sandbox.api.log) <= 8


async def test_of_two_that_look_alike_the_one_that_answers_is_taken() -> None:
    mute = of_chart("team-a", args=("--web.route-prefix=/elsewhere",))

    async with cluster(mute, of_chart("team-b")) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        report = await first_report(backend.metrics)

    assert report.prometheus.url == "http://prometheus-server.team-b.svc:9090"
    assert "also in the cluster: team-a/prometheus-server" in report.prometheus.notes[0]


async def test_of_two_that_both_answer_a_person_must_choose() -> None:
    async with cluster(of_chart("team-a"), of_chart("team-b")) as sandbox:
        async with backend_of(sandbox.kubeconfig) as backend:
            with pytest.raises(BackendError, match=r"several .*: team-a/prometheus-server, team-b/") as error:
                await first_report(backend.metrics)
        url = error.value.hint.split()[-1]

        async with backend_of(sandbox.kubeconfig, url) as backend:
            report = await first_report(backend.metrics)

    assert url == "http://prometheus-server.team-a.svc:9090"
    assert report.prometheus.found_by == "--prometheus, through a tunnel: the prometheus chart (release prometheus)"


async def test_what_was_found_can_be_chosen_while_the_program_runs() -> None:
    pods = (of_chart("team-a"), of_chart("team-b"))
    async with cluster(*pods) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        with pytest.raises(BackendError) as error:
            await first_report(backend.metrics)
        found = [choice.text for choice in error.value.choices]
        assert backend.metrics_at is not None
        async with backend.metrics_at(PrometheusSettings(url=found[1], found_by=":prom")) as metrics:
            report = await first_report(metrics)

    assert found == ["http://prometheus-server.team-a.svc:9090", "http://prometheus-server.team-b.svc:9090"]
    assert (report.prometheus.url, set(report.traffic)) == (found[1], {IRIS.key})


async def test_a_service_of_any_name_can_be_named_by_its_address_in_the_cluster() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics", "namespace": "ml"},
        "spec": {"selector": {"app": "tsdb"}, "ports": [{"port": 80, "targetPort": "web"}]},
    }
    tsdb = pod("ml", "tsdb-0", {"app": "tsdb"}, ports={"web": 9090})

    async with cluster(service, tsdb) as sandbox, backend_of(sandbox.kubeconfig, "http://metrics.ml.svc") as backend:
        report = await first_report(backend.metrics)

    assert report.prometheus.version == "2.53.4"
    assert report.prometheus.found_by == "--prometheus, through a tunnel: service ml/metrics"


async def test_one_that_is_not_ready_is_waited_for() -> None:
    async with cluster(of_chart(ready=False)) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        with pytest.raises(Unreachable, match="monitoring/prometheus-server has no ready pod"):
            await first_report(backend.metrics)
        sandbox.api.store.put(of_chart())

        report = await first_report(backend.metrics)

    assert report.traffic


async def test_a_port_that_refuses_is_said_in_the_pods_words() -> None:
    elsewhere = pod("ml", "prometheus", {"app": "prometheus"}, ports={"web": 9091})

    async with cluster(elsewhere) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        with pytest.raises(Unreachable, match=r"error forwarding port 9091 to pod ml/prometheus.*connection refused"):
            await first_report(backend.metrics)


@asynccontextmanager
async def guarded(sandbox: Sandbox, behind: str, seen: list[str]) -> AsyncGenerator[int, None]:
    """Give the port of a proxy as OpenShift puts it before Thanos: TLS, and only for bearers of a good token."""

    async def pass_on(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        if seen[-1] != f"Bearer {sandbox.api.token}":
            return web.Response(status=401, text="Unauthorized")
        async with ClientSession() as session, session.get(behind + request.path_qs) as answer:
            return web.Response(body=await answer.read(), content_type=answer.content_type, status=answer.status)

    app = web.Application()
    app.router.add_get("/{path:.*}", pass_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = sandbox.authority.server_context(sandbox.folder)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def test_openshifts_thanos_gets_the_token_of_whoever_asks() -> None:
    seen: list[str] = []

    async with (
        cluster(of_openshift()) as sandbox,
        sandboxed(steady()) as behind,
        guarded(sandbox, behind.url, seen) as port,
        backend_of(sandbox.kubeconfig) as backend,
    ):

        async def dial(pod: dict[str, Any], asked: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            assert asked == 9091
            return await asyncio.open_connection("127.0.0.1", port)

        sandbox.api.pods.dial = dial
        report = await first_report(backend.metrics)

    assert report.traffic[IRIS.key].requests_per_s == pytest.approx(2.0, rel=0.2)
    assert report.prometheus.found_by == "found in the cluster: OpenShift's thanos-querier"
    assert set(seen) == {f"Bearer {sandbox.api.token}"}


async def test_no_other_prometheus_gets_that_token() -> None:
    async with cluster(of_chart()) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        heads: list[bytes] = []

        async def overhear(pod: dict[str, Any], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.close()

            server = await asyncio.start_server(hear, "127.0.0.1", 0)
            return await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])

        sandbox.api.pods.dial = overhear
        with pytest.raises(BackendError):
            await first_report(backend.metrics)

    assert heads
    assert not any(b"authorization" in head.lower() for head in heads)
