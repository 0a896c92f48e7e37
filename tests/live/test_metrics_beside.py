"""What callers saw, pods wanted and ready, tokens, and the choice among families: from the raw samples, or `?`."""

from __future__ import annotations

import pytest

from kmon_tui.domain.service import InferenceService, Key, Kind, Pod, Readiness
from kmon_tui.domain.traffic import Family, Scope, Traffic, TrafficReport
from kmon_tui.live.asked import USERS
from kmon_tui.live.introduction import not_too_many
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.live.rations import MOST_ASKED
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import Serve, serve_by_sandbox
from tests.live.stories import BAD, COUNT, IRIS, OK, POD, Story, rising
from tests.live.test_metrics_numbers import asked, report_of

GATEWAY = {
    "job": "istio", "instance": "10.9.0.1:15020", "pod": "istio-ingressgateway-1", "reporter": "source",
    "destination_service_namespace": "default", "destination_service_name": "iris-predictor-00001",
}  # fmt: skip
ACTIVATOR = {
    "job": "knative", "instance": "10.9.0.2:9090", "pod": "activator-1", "namespace_name": "default",
    "configuration_name": "iris-predictor", "revision_name": "iris-predictor-00001", "service_name": "iris-predictor",
}  # fmt: skip
SCALER = {
    "job": "knative", "instance": "10.9.0.3:9090", "k8s_namespace_name": "default",
    "kn_configuration_name": "iris-predictor", "kn_revision_name": "iris-predictor-00001",
}  # fmt: skip
VLLM = {"job": "kserve-model-metrics", "instance": "10.0.0.9:8080", "namespace": "default", "service_name": "iris"}
COLD = IRIS._replace(readiness=Readiness.COLD)


@pytest.fixture
def serve() -> Serve:
    return serve_by_sandbox


def of_iris(report: TrafficReport) -> Traffic:
    return report.traffic[IRIS.key]


def istio(story: Story, code: str, speed: float, **more: str) -> None:
    story.tell("istio_requests_total", {**GATEWAY, "response_code": code, **more}, rising(speed))


def pods(story: Story, good: float, bad: float = 0) -> None:
    story.tell(COUNT, {**POD, **OK}, rising(good))
    if bad:
        story.tell(COUNT, {**POD, **BAD}, rising(bad))


async def test_an_error_ratio_of_pods_alone_says_so(serve: Serve) -> None:
    story = Story()
    pods(story, 30, 10)

    traffic = of_iris(await report_of(story, serve))

    assert (traffic.scope, traffic.error_ratio, traffic.users) == (Scope.PODS, 0.25, None)


async def test_what_a_gateway_refused_is_in_the_ratio_of_users(serve: Serve) -> None:
    story = Story()
    pods(story, 40)
    istio(story, "200", 30)
    istio(story, "503", 10)

    traffic = of_iris(await report_of(story, serve))

    assert traffic.users is not None
    assert (traffic.scope, traffic.error_ratio, traffic.pods_error_ratio) == (Scope.USERS, 0.25, 0)
    assert traffic.users.requests_per_s == pytest.approx(40 / 15)
    assert dict(traffic.users.by_class) == pytest.approx({"2xx": 2, "5xx": 10 / 15})
    assert traffic.family is Family.ALIAS


async def test_two_revisions_behind_one_gateway_are_added(serve: Serve) -> None:
    story = Story()
    pods(story, 40)
    istio(story, "200", 30)
    istio(story, "503", 10, destination_service_name="iris-predictor-00002")

    assert of_iris(await report_of(story, serve)).error_ratio == 0.25


async def test_what_a_gateway_refused_of_a_language_model_is_in_the_ratio_of_users(serve: Serve) -> None:
    qwen = InferenceService(Key(Kind.LLM, "default", "qwen"))
    story = Story()
    istio(story, "200", 30, destination_service_name="qwen-kserve-workload-svc")
    istio(story, "503", 10, destination_service_name="qwen-kserve-workload-svc")

    traffic = (await report_of(story, serve, qwen)).traffic[qwen.key]

    assert (traffic.scope, traffic.error_ratio) == (Scope.USERS, 0.25)


async def test_a_hop_is_not_counted_at_both_of_its_ends(serve: Serve) -> None:
    story = Story()
    pods(story, 40)
    istio(story, "200", 40)
    istio(story, "503", 40, reporter="destination")

    assert of_iris(await report_of(story, serve)).error_ratio == 0


async def test_a_hop_behind_the_entry_is_not_what_callers_saw(serve: Serve) -> None:
    story = Story()
    pods(story, 40)
    istio(story, "503", 40, destination_service_name="iris-explainer-00001")

    assert of_iris(await report_of(story, serve)).users is None


@pytest.mark.parametrize(
    ("front", "behind", "ratio"),
    [
        ((95, 5), (95, 0), 5 / 100),  # all went through the activator
        ((5, 5), (95, 0), 5 / 100),  # most went past it
        ((90, 10), (90, 5), 10 / 100),  # half of the failures are those of the pods
        ((0, 0), (95, 5), 5 / 100),  # nothing went through it
    ],
)
async def test_the_activators_refusals_come_on_top_of_what_pods_saw(
    serve: Serve, front: tuple[int, int], behind: tuple[int, int], ratio: float
) -> None:
    story = Story()
    pods(story, *behind)
    for (code, kind), speed in zip((("200", "2xx"), ("503", "5xx")), front, strict=True):
        labels = {**ACTIVATOR, "response_code": code, "response_code_class": kind}
        story.tell("activator_request_count", labels, rising(speed))

    traffic = of_iris(await report_of(story, serve))

    assert traffic.scope is Scope.USERS
    assert traffic.error_ratio == pytest.approx(ratio, abs=1e-3)


async def test_a_chosen_gateway_has_no_other_callers_beside_it(serve: Serve) -> None:
    story = Story()
    pods(story, 40)
    istio(story, "200", 30)
    istio(story, "503", 10)
    labels = {**ACTIVATOR, "response_code": "503", "response_code_class": "5xx"}
    story.tell("activator_request_count", labels, rising(20))
    interest = Interested((IRIS,))
    interest.family = Family.ISTIO

    async with asked(story, serve) as metrics:
        stream = metrics.poll(interest)
        report = await anext(stream)
        await stream.aclose()

    traffic, buckets = of_iris(report), report.buckets[IRIS.key]
    assert (traffic.family, traffic.scope, traffic.error_ratio) == (Family.ISTIO, Scope.USERS, 0.25)
    assert set(traffic.families) >= {Family.ALIAS, Family.ACTIVATOR}
    assert set(buckets.by_code) == {"2xx", "5xx"}
    assert (dict(buckets.users_by_code), USERS in buckets.queries) == ({}, False)


async def test_without_a_pod_and_without_a_gateway_nothing_is_known(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 30 * n if n < 76 else None)

    traffic = of_iris(await report_of(story, serve, COLD))

    assert (traffic.error_ratio, traffic.requests_per_s) == (None, None)


async def test_a_pod_that_is_not_ready_says_nothing_of_what_callers_get(serve: Serve) -> None:
    story = Story()
    pods(story, 30)
    unready = IRIS._replace(pods=(Pod("default", POD["pod"], "u", "iris", ready=False),))

    traffic = of_iris(await report_of(story, serve, unready))

    assert (traffic.error_ratio, traffic.requests_per_s) == (None, 2)


async def test_without_a_pod_a_gateway_still_knows(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 30 * n if n < 76 else None)
    istio(story, "503", 10)

    traffic = of_iris(await report_of(story, serve, COLD))

    assert (traffic.scope, traffic.error_ratio) == (Scope.USERS, 1)


async def test_a_service_that_only_a_gateway_counts_is_told_by_it(serve: Serve) -> None:
    story = Story()
    istio(story, "200", 30)

    traffic = of_iris(await report_of(story, serve))

    assert (traffic.family, traffic.scope, traffic.requests_per_s) == (Family.ISTIO, Scope.USERS, 2)


async def test_replicas_of_the_autoscaler_are_not_added_up(serve: Serve) -> None:
    story = Story()
    pods(story, 30)
    for instance in ("10.9.0.3:9090", "10.9.0.4:9090"):
        story.tell("kn_revision_pods_desired", {**SCALER, "instance": instance}, lambda _: 3)
        story.tell("kn_revision_pods_count", {**SCALER, "instance": instance}, lambda _: 2)

    scaling = of_iris(await report_of(story, serve)).scaling

    assert scaling is not None
    assert (scaling.source, scaling.wanted, scaling.ready, scaling.queued) == ("autoscaler", 3, 2, None)
    assert scaling.sampled_at is not None


async def test_pods_of_two_revisions_are_added_up(serve: Serve) -> None:
    story = Story()
    pods(story, 30)
    for revision, count in (("iris-predictor-00001", 2), ("iris-predictor-00002", 1)):
        story.tell("kn_revision_pods_count", {**SCALER, "kn_revision_name": revision}, lambda _, count=count: count)  # type: ignore[misc]  # a default is no argument of a Shape

    scaling = of_iris(await report_of(story, serve)).scaling

    assert scaling is not None
    assert scaling.ready == 3


async def test_pods_of_two_clusters_are_not_known(serve: Serve) -> None:
    story = Story()
    pods(story, 30)
    for cluster in ("eu", "us"):
        story.tell("kn_revision_pods_count", {**SCALER, "cluster": cluster}, lambda _: 2)

    assert of_iris(await report_of(story, serve)).scaling is None


@pytest.mark.parametrize(
    "how", [{"namespace": "default"}, {"namespace": "monitoring", "exported_namespace": "default"}]
)
async def test_kube_state_metrics_tells_deployments(serve: Serve, how: dict[str, str]) -> None:
    story = Story()
    pods(story, 30)
    own = {"job": "ksm", "instance": "10.9.0.5:8080", "deployment": "iris-predictor", **how}
    story.tell("kube_deployment_spec_replicas", own, lambda _: 4)
    story.tell("kube_deployment_status_replicas_ready", own, lambda _: 3)

    scaling = of_iris(await report_of(story, serve)).scaling

    assert scaling is not None
    assert (scaling.source, scaling.wanted, scaling.ready) == ("kube-state-metrics", 4, 3)


async def test_a_cold_start_is_counted(serve: Serve) -> None:
    story = Story()
    pods(story, 30)
    story.tell("kn_revision_pods_count", SCALER, lambda n: 0 if n < 40 or 60 <= n < 66 else 1)

    report = await report_of(story, serve)

    assert report.buckets[IRIS.key].cold_starts == 2


def vllm(story: Story) -> None:
    for reason, speed in (("stop", 9), ("abort", 1)):
        own = {**VLLM, "model_name": "iris", "engine": "0", "finished_reason": reason}
        story.tell("vllm:request_success_total", own, rising(speed))
    own = {**VLLM, "model_name": "iris", "engine": "0"}
    story.tell("vllm:prompt_tokens_total", own, rising(1500))
    story.tell("vllm:generation_tokens_total", own, rising(450))
    story.tell("vllm:prefix_cache_queries_total", own, rising(1500))
    story.tell("vllm:prefix_cache_hits_total", own, rising(600))
    for engine, cache in (("0", 0.4), ("1", 0.6)):
        story.tell("vllm:num_requests_running", {**own, "engine": engine}, lambda _: 2)
        story.tell("vllm:kv_cache_usage_perc", {**own, "engine": engine}, lambda _, cache=cache: cache)  # type: ignore[misc]  # as above
    for le, share in (("0.25", 0.5), ("0.5", 1.0), ("+Inf", 1.0)):
        story.tell("vllm:time_to_first_token_seconds_bucket", {**own, "le": le}, rising(10 * share))


async def test_tokens_are_told_also_where_queue_proxy_counts_the_requests(serve: Serve) -> None:
    story = Story()
    pods(story, 10)
    vllm(story)

    traffic = of_iris(await report_of(story, serve))

    llm = traffic.llm
    assert llm is not None
    assert (traffic.family, set(traffic.families)) == (Family.ALIAS, {Family.ALIAS, Family.VLLM})
    assert llm.running == 4
    assert llm.kv_cache_ratio == pytest.approx(0.5)
    assert llm.prompt_tokens_per_s == pytest.approx(100)
    assert llm.generation_tokens_per_s == pytest.approx(30)
    assert llm.prefix_hit_ratio == pytest.approx(0.4)
    assert llm.ttft_p50_ms == pytest.approx(250)
    assert llm.ttft_top_ms == 500
    assert llm.itl_p50_ms is None


async def test_an_alias_without_codes_gives_way_to_the_server_that_knows_more(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, POD, rising(10))
    vllm(story)

    assert of_iris(await report_of(story, serve)).family is Family.VLLM


async def test_other_models_have_no_tokens(serve: Serve) -> None:
    story = Story()
    pods(story, 10)

    assert of_iris(await report_of(story, serve)).llm is None


@pytest.mark.parametrize(
    ("chosen", "shown", "rate"),
    [
        (Family.VLLM, Family.VLLM, 10 / 15),
        (Family.ISTIO, Family.ISTIO, 60 / 15),
        (Family.TRITON, Family.ALIAS, 30 / 15),
    ],
)
async def test_another_family_can_be_chosen_where_it_counts_the_service(
    serve: Serve, chosen: Family, shown: Family, rate: float
) -> None:
    story = Story()
    pods(story, 30)
    vllm(story)
    istio(story, "200", 60)
    interest = Interested((IRIS,))

    async with asked(story, serve) as metrics:
        stream = metrics.poll(interest)
        await anext(stream)
        metrics._poller._rations.left = MOST_ASKED  # as at the next tick
        interest.family = chosen
        interest.select(IRIS.key)
        report = await anext(stream)
        await stream.aclose()

    traffic = of_iris(report)
    assert report.prometheus.family is chosen
    assert traffic.family is shown
    assert traffic.requests_per_s == pytest.approx(rate)


async def test_a_new_pod_and_its_address_are_not_those_of_the_old_one(serve: Serve) -> None:
    story = Story()
    first = {**POD, **OK}
    second = {**POD, **OK, "pod": "iris-predictor-00001-deployment-6d4b-zzzzz"}
    story.tell(COUNT, first, lambda n: 1000 + 30 * n if n < 70 else None)
    story.tell(COUNT, second, lambda n: 30 * (n - 70) if n > 70 else None)
    isvc = IRIS._replace(pods=(Pod("default", second["pod"], "u", "iris", ready=True),))

    traffic = of_iris(await report_of(story, serve, isvc))

    assert traffic.requests_per_s == pytest.approx(2)
    assert traffic.counter_sum == 30 * 9


async def test_a_mesh_with_more_series_than_can_be_asked_is_left_out(serve: Serve) -> None:
    story = Story()
    story.times = story.times[-3:]
    pods(story, 30)
    for number in range(20):
        istio(story, "503", 10, pod=f"proxy-{number}")
    async with serve(story) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        rows = await client.run(lambda api: api.query("count by (__name__) (istio_requests_total)"))
        await client.aclose()
    found, notes = not_too_many(rows, most_series=10)

    assert found == {}
    assert notes == ("istio_requests_total has 20 series: too many to be asked each tick",)
