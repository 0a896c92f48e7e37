"""The demo world: every state, traffic with a past, pods that come and go."""

from __future__ import annotations

import socket
import time

import pytest

from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_pod import PodPlan
from kmon_tui.sandbox.promql.values import Vector
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.sandbox.world import MONITORING, PROMETHEUS_POD, World
from tests.sandbox.world_tools import GROUP, a_world, busy_pod, condition, pods_of, stored, until


def answers(world: World, query: str, at_ms: int | None = None) -> dict[str, float]:
    """Answer a query at one instant; by service_name."""
    value = world.prometheus.engine.instant(query, at_ms or round(time.time() * 1000))
    assert isinstance(value, Vector)
    return {row.labels.get("service_name", ""): v for row in value.rows if (v := row.values[0]) is not None}


async def test_the_demo_has_services_in_every_state() -> None:
    async with a_world(name="demo", history_s=0) as (_, store):
        ready = {
            found["metadata"]["name"]: condition(found, "Ready").get("status")
            for found in store.list(GROUP, "inferenceservices")
        }
        iris = stored(store, "sklearn-iris")
        canary = stored(store, "ranker", "search")
        oom = pods_of(store, "amount-forecast", "fraud")[0]
        unplaced = pods_of(store, "big-vlm", "vision")[0]

        assert len(ready) >= 15
        assert ready["new-arrival"] is None
        assert (ready["sklearn-iris"], ready["defect-detector"], ready["card-scoring"]) == ("True", "False", "Unknown")
        assert iris is not None
        assert iris["status"]["url"] == "http://sklearn-iris.default.example.com"
        assert canary is not None
        assert [t["percent"] for t in canary["status"]["components"]["predictor"]["traffic"]] == [10, 90]
        assert oom["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] == "OOMKilled"
        assert unplaced["status"]["conditions"][0]["reason"] == "Unschedulable"
        assert store.list(GROUP, "llminferenceservices")[0]["metadata"]["name"] == "qwen2-7b"
        assert store.list(GROUP, "inferencegraphs")[0]["metadata"]["name"] == "fraud-router"


async def test_prometheus_starts_with_an_hour_of_history() -> None:
    async with a_world(name="demo") as (world, _):
        now_ms = round(time.time() * 1000)

        rates = answers(world, "sum by (service_name) (rate(kserve_request_count[5m]))", now_ms - 3_000_000)
        p90_ms = answers(
            world,
            "histogram_quantile(0.9, sum by (service_name, le) (rate(kserve_request_duration_milliseconds[5m])))",
            now_ms - 1_800_000,
        )
        errors = answers(
            world,
            'sum by (service_name) (rate(kserve_request_count{response_code_class="5xx"}[30m]))'
            " / sum by (service_name) (rate(kserve_request_count[30m]))",
        )

        assert {"sklearn-iris", "fraud-xgb", "query-embedder"} <= rates.keys()
        assert 3 < rates["sklearn-iris"] < 30
        assert 500 < p90_ms["rerank-cross-encoder"] < 8000
        assert 0.006 < errors["fraud-xgb"] < 0.018  # 0.012, at any five minutes 0.6 to 1.4 times that


async def test_the_past_joins_the_present_without_a_jump() -> None:
    async with a_world(name="demo") as (world, _):
        await world.prometheus.scrape(round(time.time() * 1000) + 5_000)
        now_ms = round(time.time() * 1000) + 5_000
        resets = answers(world, "sum by (service_name) (resets(kserve_request_count[10m]))", now_ms)
        rate = answers(world, "sum by (service_name) (rate(kserve_request_count[1m]))", now_ms)
        planned = world.kubelet.load_of(world.actor("default", "sklearn-iris").state).rate(time.time() - 30)

        assert set(resets.values()) == {0.0}
        assert rate["sklearn-iris"] == pytest.approx(planned, rel=0.35)


async def test_a_pod_that_was_replaced_in_the_past_has_left_its_series() -> None:
    async with a_world(name="demo") as (world, _):
        now_ms = round(time.time() * 1000)
        query = 'count(count by (pod) (kserve_request_count{service_name="fraud-xgb"}))'

        counts = [answers(world, query, now_ms - minutes * 60_000)[""] for minutes in range(1, 58, 2)]
        everybody = answers(world, 'count(count by (pod) (rate(kserve_request_count{service_name="fraud-xgb"}[55m])))')

        assert max(counts) == 3
        assert everybody[""] == 4


async def test_a_killed_pod_is_replaced_and_prometheus_forgets_it() -> None:
    async with a_world(name="demo", history_s=60) as (world, store):
        before = pods_of(store, "iris-standard")
        gone = before[0]["metadata"]["name"]
        state = world.actor("default", "iris-standard").state
        await world.prometheus.scrape()

        world.kill_pod("default", gone)
        await until(lambda: gone not in state.pods and len(state.ready_pods()) == 2, "two other pods serve")
        await world.prometheus.scrape()

        names = {pod["metadata"]["name"] for pod in pods_of(store, "iris-standard")}
        value = world.prometheus.engine.instant(f'up{{pod="{gone}"}}', round(time.time() * 1000) + 1)
        assert gone not in names
        assert len(names) == 2
        assert isinstance(value, Vector)
        assert value.rows == []


async def test_prometheus_is_found_in_the_cluster_and_can_be_dialled() -> None:
    async with a_world() as (world, store):
        service = store.get("", "services", MONITORING, "prometheus-server")
        reader, writer = await world.dial(MONITORING, PROMETHEUS_POD, 9090)
        writer.write(b"GET /-/ready HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()

        assert service is not None
        assert service["spec"]["ports"][0]["targetPort"] == 9090
        assert b"Prometheus Server is Ready." in answer


async def test_nobody_listens_at_a_port_that_a_pod_has_not() -> None:
    async with a_world(name="demo", history_s=0) as (world, store):
        name = pods_of(store, "sklearn-iris")[0]["metadata"]["name"]

        with pytest.raises(ConnectionRefusedError):
            await world.dial("default", name, 9999)


async def test_older_knative_counts_in_milliseconds() -> None:
    async with a_world(name="demo", milliseconds=True, history_s=120) as (world, _):
        await world.prometheus.scrape()
        names = set(world.prometheus.samples.names())
        bounds = world.prometheus.engine.instant(
            'kserve_request_duration_milliseconds{service_name="sklearn-iris",le="60"}', round(time.time() * 1000)
        )

        assert "revision_request_count" in names
        assert "http_server_request_duration_seconds_count" not in names
        assert isinstance(bounds, Vector)
        assert bounds.rows


async def test_language_models_tell_of_tokens() -> None:
    async with a_world(name="demo", history_s=600) as (world, _):
        value = world.prometheus.engine.instant(
            "sum by (model_name) (rate(vllm:generation_tokens_total[5m]))", round(time.time() * 1000)
        )

        assert isinstance(value, Vector)
        rates = {row.labels["model_name"]: row.values[0] for row in value.rows}
        assert (rates["Qwen/Qwen2.5-7B-Instruct"] or 0) > 50


async def test_a_service_scaled_to_zero_says_that_it_has_no_traffic() -> None:
    async with a_world(name="demo", history_s=0) as (_, store):
        scaler = store.get("autoscaling.internal.knative.dev", "podautoscalers", "vision", "ocr-predictor-00002")

        assert condition(scaler, "Active")["reason"] == "NoTraffic"


async def asked(models: Models) -> bytes:
    """Give what the server of the pod p answers."""
    reader, writer = await models.dial("default", "p", 8080)
    writer.write(b"GET /v1/models HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_system_with_one_loopback_address_maps_the_ports_of_pods() -> None:
    pod = busy_pod(PodPlan("default", "p", "sklearn-iris", knative=False))
    async with Models() as models:
        models.own_addresses = False
        ip = models.new_ip()
        await models.add(pod, ip)

        answer = await asked(models)

        assert answer.endswith(b'{"models":["sklearn-iris"]}')
        assert "request_predict_seconds" in models.page(f"{ip}:8080", "/metrics")


async def test_a_port_that_a_program_of_this_machine_has_everywhere_is_mapped_too() -> None:
    pod = busy_pod(PodPlan("default", "p", "sklearn-iris", knative=False))
    async with Models() as models:
        ip = models.new_ip()
        with socket.create_server((ip, 8080)):
            await models.add(pod, ip)
            answer = await asked(models)

        assert answer.endswith(b'{"models":["sklearn-iris"]}')
        assert "request_predict_seconds" in models.page(f"{ip}:8080", "/metrics")


async def test_synthetic_services_change_all_the_time() -> None:
    options = SandboxOptions(world="empty", services=50, events_per_s=200, tls=False)

    async with Sandbox(options) as sandbox:
        store = sandbox.api.store
        before = store.revision
        await until(lambda: store.revision > before + 20, "changes came")

        assert len(store.list(GROUP, "inferenceservices")) == 50


async def test_a_sandbox_gives_its_parts_to_tests() -> None:
    async with Sandbox(SandboxOptions(world="quiet", tls=False)) as sandbox:
        assert sandbox.prometheus_url == sandbox.prometheus.url
        assert len(sandbox.prometheus.samples) >= 0
        assert sandbox.world is not None
