"""Pods are scraped directly: the same numbers as from Prometheus, within a budget, by whichever way is allowed."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, Unreachable
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness
from kmon_tui.domain.traffic import Family, Prometheus, TrafficReport
from kmon_tui.live import open_backend
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.scrape.exposition import read_page
from kmon_tui.live.scrape.pages import MOST_BYTES, MOST_PODS, Pages, Place, ScrapePod, places_of, proxied
from kmon_tui.live.scrape.scraper import BYTES_A_MINUTE, Scraper
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from tests.live.interests import Interested

DATA = Path(__file__).resolve().parents[1] / "data" / "exposition"
IRIS = InferenceService(Key(Kind.ISVC, "default", "iris"), readiness=Readiness.READY, mode=Mode.STANDARD)
PAGE = """\
# TYPE revision_request_count counter
revision_request_count{{response_code="200",response_code_class="2xx",namespace_name="default"}} {good}
revision_request_count{{response_code="503",response_code_class="5xx",namespace_name="default"}} {bad}
# TYPE revision_request_latencies histogram
revision_request_latencies_bucket{{response_code_class="2xx",namespace_name="default",le="100"}} {good}
revision_request_latencies_bucket{{response_code_class="2xx",namespace_name="default",le="+Inf"}} {good}
revision_request_latencies_bucket{{response_code_class="5xx",namespace_name="default",le="100"}} 0
revision_request_latencies_bucket{{response_code_class="5xx",namespace_name="default",le="+Inf"}} {bad}
other_requests_total{{namespace_name="default"}} 9999
"""


class Told:
    """Pages that a test tells, by pod; None: the pod does not answer."""

    def __init__(self, **pages: str | None) -> None:
        self.pages = pages
        self.asked = 0

    async def places(self, isvc: InferenceService) -> list[Place]:
        """Give one page a pod."""
        return [Place("default", pod, f"10.0.0.{n}", 9091, "/metrics", "iris") for n, pod in enumerate(self.pages)]

    async def page(self, place: Place) -> bytes:
        """Give the page. Raises BackendError for a pod without one."""
        self.asked += 1
        page = self.pages[place.pod]
        if page is None:
            raise Unreachable(f"pod {place.pod} does not answer")
        return page.encode()


class Bytes(Told):
    """The page of one pod as it comes over the wire."""

    def __init__(self, body: bytes) -> None:
        super().__init__(a="")
        self.body = body

    async def page(self, _place: Place) -> bytes:
        """Give it."""
        return self.body


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now_s


def page(good: int, bad: int = 0) -> str:
    return PAGE.format(good=good, bad=bad)


async def test_two_scrapes_give_a_rate_errors_and_quantiles() -> None:
    clock, told = Clock(), Told(a=page(100, 10), b=page(50, 0))
    scraper = Scraper(told, clock)
    await scraper.scrape(IRIS, None)
    clock.now_s += 30
    told.pages = {"a": page(190, 20), "b": page(100, 0)}

    seen = await scraper.scrape(IRIS, None)

    assert seen.traffic is not None
    assert seen.buckets is not None
    assert seen.traffic.family is Family.KNATIVE_MS
    assert seen.traffic.requests_per_s == pytest.approx((100 + 50) / 30)
    assert seen.traffic.error_ratio == pytest.approx(10 / 150)
    assert seen.traffic.counter_sum == 310
    assert seen.traffic.p50_ms == pytest.approx(100 * 75 / 140)
    assert seen.buckets.le_ms == (100.0, float("inf"))
    assert [row[-1] for row in seen.buckets.counts] == [140, 10]
    assert seen.words.startswith("scraped, 2 pods, since ")


async def test_the_first_scrape_knows_no_rate() -> None:
    seen = await Scraper(Told(a=page(100)), Clock()).scrape(IRIS, None)

    assert seen.traffic is not None
    assert (seen.traffic.requests_per_s, seen.traffic.new_requests) == (None, 100)


async def test_a_restart_is_no_negative_rate() -> None:
    clock, told = Clock(), Told(a=page(100))
    scraper = Scraper(told, clock)
    for good in (100, 130, 12):
        told.pages["a"] = page(good)
        seen = await scraper.scrape(IRIS, None)
        clock.now_s += 30

    assert seen.traffic is not None
    assert seen.traffic.requests_per_s == pytest.approx((30 + 12) / 60)


async def test_a_pod_that_does_not_answer_is_said() -> None:
    seen = await Scraper(Told(a=page(100), b=None), Clock()).scrape(IRIS, None)

    assert seen.words.startswith("scraped, 1 of 2 pods, since ")
    assert seen.problem == "pod b does not answer"


async def test_a_page_without_anything_known_says_so() -> None:
    seen = await Scraper(Told(a="up 1\n"), Clock()).scrape(IRIS, None)

    assert (seen.traffic, seen.problem) == (None, "its pods have no metrics that are known here")


async def test_a_page_that_a_server_packs_unasked_is_read() -> None:
    seen = await Scraper(Bytes(gzip.compress(page(100).encode())), Clock()).scrape(IRIS, None)

    assert seen.traffic is not None
    assert (seen.traffic.counter_sum, seen.problem) == (100, "")


async def test_what_is_left_of_a_page_too_long_is_said() -> None:
    long = page(100).encode() + b"# padding\n" * (MOST_BYTES // 10)
    seen = await Scraper(Bytes(long[:MOST_BYTES]), Clock()).scrape(IRIS, None)

    assert seen.traffic is not None
    assert seen.traffic.counter_sum == 100
    assert seen.problem == "the page of pod a is too long: only its first 512 kB are read"


@pytest.mark.parametrize("body", [b"<!doctype html><html>login</html>", b"\x1f\x8bnot packed at all"])
async def test_what_is_no_page_of_metrics_is_said_with_its_place(body: bytes) -> None:
    with pytest.raises(Unreachable, match="pod a has no page of metrics at 9091/metrics"):
        await Scraper(Bytes(body), Clock()).scrape(IRIS, None)


async def test_without_a_pod_there_is_nothing_to_scrape() -> None:
    with pytest.raises(NotFound):
        await Scraper(Told(), Clock()).scrape(IRIS, None)


async def test_scrapes_are_thirty_seconds_apart() -> None:
    clock = Clock()
    scraper = Scraper(Told(a=page(1)), clock)
    await scraper.scrape(IRIS, None)

    assert scraper.wait_s(IRIS.key) == 30


def test_eight_pods_with_two_pages_each_stay_within_the_budget_of_a_minute() -> None:
    talking = IRIS._replace(format="huggingface")
    pods = [ready_pod(f"p{n}", "kserve-container", "queue-proxy") for n in range(8)]

    places = places_of(talking, pods)

    assert len(places) == 16
    assert sum(place.most_bytes for place in places) <= BYTES_A_MINUTE


async def test_large_pages_make_scrapes_rarer() -> None:
    clock = Clock()
    large = page(1) + "# padding\n" * (BYTES_A_MINUTE // 10 // 4)
    scraper = Scraper(Told(a=large, b=large, c=large), clock)
    await scraper.scrape(IRIS, None)
    clock.now_s += 30

    assert scraper.wait_s(IRIS.key) == pytest.approx(30), "twice three quarters of the budget do not fit a minute"


def ready_pod(name: str, *containers: str, annotations: dict[str, str] | None = None) -> ScrapePod:
    told = {
        "metadata": {"name": name, "labels": {"component": "predictor"}, "annotations": annotations or {}},
        "spec": {"containers": [dict(zip(("name", "image"), c.split("="), strict=False)) for c in containers]},
        "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    return msgspec.convert(told, ScrapePod)


def test_at_most_eight_pods_are_scraped() -> None:
    pods = [ready_pod(f"p{n}", "kserve-container") for n in range(20)]

    assert len(places_of(IRIS, pods)) == MOST_PODS == 8


@pytest.mark.parametrize(
    ("port", "scheme", "way"),
    [("https", "", "https:p:8000"), ("http", "https", "https:p:8000"), ("https", "http", "p:8000"), ("", "", "p:8000")],
)
def test_the_page_of_a_language_model_is_behind_tls_where_its_pod_says_so(port: str, scheme: str, way: str) -> None:
    told = {
        "metadata": {"name": "p", "annotations": {"prometheus.io/scheme": scheme} if scheme else {}},
        "spec": {"containers": [{"name": "main", "ports": [{"name": port, "containerPort": 8000}]}]},
        "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    llm = IRIS._replace(key=Key(Kind.LLM, "default", "iris"))

    (place,) = places_of(llm, [msgspec.convert(told, ScrapePod)])

    assert proxied(place) == f"/api/v1/namespaces/default/pods/{way}/proxy/metrics"


async def test_pods_that_are_left_out_are_said() -> None:
    class Many(Told):
        async def places(self, isvc: InferenceService) -> list[Place]:
            return places_of(isvc, [ready_pod(f"p{n}", "kserve-container") for n in range(12)])

    many = Many(**{f"p{n}": page(1) for n in range(12)})

    assert (await Scraper(many, Clock()).scrape(IRIS, None)).words.startswith("scraped, 8 of 12 pods, since ")


@pytest.mark.parametrize(
    ("pod", "port"),
    [
        (ready_pod("p", "kserve-container", "queue-proxy"), 9091),
        (ready_pod("p", "kserve-container"), 8080),
        (
            ready_pod("p", "kserve-container=seldonio/mlserver:1", annotations={"prometheus.kserve.io/port": "8080"}),
            8082,
        ),
        (ready_pod("p", "kserve-container=nvidia/tritonserver:23.05"), 8002),
        (ready_pod("p", "kserve-container", annotations={"prometheus.kserve.io/port": "9999"}), 9999),
        (ready_pod("p", "main"), 8000),
    ],
)
def test_a_page_is_where_the_scrape_jobs_would_find_it(pod: ScrapePod, port: int) -> None:
    assert [place.port for place in places_of(IRIS, [pod])] == [port]


OF_PODS = [file for file in sorted(DATA.glob("*.txt")) if not re.search("istio|envoy|activator", file.stem)]


@pytest.mark.parametrize("file", OF_PODS, ids=lambda file: file.stem)
def test_true_pages_are_read(file: Path) -> None:
    series = read_page(file.read_text(encoding="utf-8"), {"pod": "p"})

    assert series
    assert all(value >= 0 for value in series.values())


@pytest.fixture
async def demo() -> AsyncGenerator[Sandbox]:
    async with Sandbox(SandboxOptions(world="demo")) as sandbox:
        yield sandbox


@asynccontextmanager
async def pages_of(sandbox: Sandbox) -> AsyncGenerator[Pages]:
    """Reach the pods of a cluster."""
    client = KubeClient(find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig))))
    try:
        yield Pages(client)
    finally:
        await client.close()


KNATIVE_IRIS = InferenceService(Key(Kind.ISVC, "default", "sklearn-iris"), mode=Mode.KNATIVE)


async def test_pages_come_through_the_api_servers_pod_proxy(demo: Sandbox) -> None:
    async with pages_of(demo) as pages:
        places = await pages.places(KNATIVE_IRIS)
        found = await pages.page(places[0])

    assert {place.port for place in places} == {9091}
    assert b"http_server_request_duration_seconds_count" in found


async def test_where_the_proxy_is_forbidden_pages_come_through_a_tunnel() -> None:
    async with Sandbox(SandboxOptions(world="demo")) as sandbox, pages_of(sandbox) as pages:
        sandbox.api.access.forbid(Rule(resource="pods/proxy"))
        places = await pages.places(KNATIVE_IRIS)

        found = await pages.page(places[0])

    assert b"http_server_request_duration_seconds_count" in found
    assert b"HTTP/1" not in found


async def test_where_both_ways_are_forbidden_it_is_said() -> None:
    async with Sandbox(SandboxOptions(world="demo")) as sandbox, pages_of(sandbox) as pages:
        for resource in ("pods/proxy", "pods/portforward"):
            sandbox.api.access.forbid(Rule(resource=resource))
        places = await pages.places(KNATIVE_IRIS)

        with pytest.raises(Forbidden):
            await pages.page(places[0])


async def reports(sandbox: Sandbox, interest: Interested, *, scrape_pods: bool) -> AsyncGenerator[TrafficReport]:
    """Stream the reports of a backend whose Prometheus does not answer."""
    settings = Settings(
        kube=KubeSettings(kubeconfig=str(sandbox.kubeconfig)),
        prometheus=PrometheusSettings(url="http://127.0.0.1:1", found_by="--prometheus"),
        scrape_pods=scrape_pods,
    )
    async with open_backend(settings) as backend:
        assert backend.metrics is not None
        async with aclosing(backend.metrics.poll(interest)) as stream:
            async for report in stream:
                yield report


async def scraped_report(stream: AsyncGenerator[TrafficReport]) -> TrafficReport:
    """Give the first report with numbers."""
    async with asyncio.timeout(30):
        async for report in stream:
            if report.traffic:
                return report
    raise AssertionError("the stream ended")


async def test_without_prometheus_the_selected_service_is_scraped_where_the_configuration_says_so(
    demo: Sandbox,
) -> None:
    async with aclosing(reports(demo, Interested((KNATIVE_IRIS,)), scrape_pods=True)) as stream:
        report = await scraped_report(stream)

    traffic = report.traffic[KNATIVE_IRIS.key]
    assert report.prometheus.scraped.startswith("scraped, 2 pods, since ")
    assert any("Prometheus" in note for note in report.prometheus.notes)
    assert traffic.family is Family.KNATIVE_S
    assert traffic.new_requests is not None
    assert not report.prometheus.is_stale(traffic)


async def test_no_pod_is_scraped_unless_somebody_wants_it(demo: Sandbox) -> None:
    async with aclosing(reports(demo, Interested((KNATIVE_IRIS,)), scrape_pods=False)) as stream:
        with pytest.raises(BackendError):
            await anext(stream)


async def test_a_person_can_ask_for_it(demo: Sandbox) -> None:
    interest = Interested((KNATIVE_IRIS,))
    interest.scrape_pods = True

    async with aclosing(reports(demo, interest, scrape_pods=False)) as stream:
        report = await scraped_report(stream)

    assert report.prometheus.scraped


async def test_pods_that_may_not_be_scraped_are_said_with_the_right_that_is_missing() -> None:
    async with Sandbox(SandboxOptions(world="demo")) as sandbox:
        for resource in ("pods/proxy", "pods/portforward"):
            sandbox.api.access.forbid(Rule(resource=resource))
        async with aclosing(reports(sandbox, Interested((KNATIVE_IRIS,)), scrape_pods=True)) as stream:
            async with asyncio.timeout(30):
                report = await anext(one async for one in stream if one.prometheus.unscraped)

    assert report.prometheus.unscraped.startswith("pods are not scraped: may not create pods/portforward")
    assert report.prometheus.unscraped in report.prometheus.notes


async def test_a_pod_is_asked_for_text_and_not_for_json() -> None:
    async with Sandbox(SandboxOptions(world="demo")) as sandbox, pages_of(sandbox) as pages:
        places = await pages.places(KNATIVE_IRIS)
        await pages.page(places[0])

        (asked,) = [one for one in sandbox.api.log if "/proxy/" in one.path]

    assert asked.accept.startswith("text/plain")


def test_what_is_scraped_is_no_prometheus() -> None:
    assert Prometheus().scraped == ""
