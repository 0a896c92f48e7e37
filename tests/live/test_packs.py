"""The packs say what true pages say, and the page of documentation says what the packs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live.packs import BY_COUNTER, DIALECTS
from kmon_tui.live.packs.dialect import named
from kmon_tui.live.packs.gauges import AUTOSCALER, BY_GAUGE, GAUGES, VLLM_NOW, Gauges
from kmon_tui.live.packs.ingress import ENVOY, ISTIO
from kmon_tui.live.packs.knative import GENERATIONS
from scripts import metrics_page

PAGES = Path(__file__).resolve().parents[1] / "data" / "exposition"
TRUE = {
    "knative-1.18.0": Family.KNATIVE_MS,
    "knative-1.19.0": Family.KNATIVE_S,
    "knative-1.20.1": Family.KNATIVE_S,
    "knative-1.21.1": Family.KNATIVE_S,
    "knative-1.23.0": Family.KNATIVE_S,
    "kserve-sdk": Family.SDK,
    "kserve-sdk-0.10.2": Family.SDK,
    "mlserver": Family.MLSERVER,
    "triton-2.51.0": Family.TRITON,
    "triton-23": Family.TRITON,
    "torchserve-0.12.0": Family.TORCHSERVE,
    "vllm-0.33.0": Family.VLLM,
    "vllm-0.8.5": Family.VLLM,
    "vllm-0.6.6": Family.VLLM,
    "constructed-istio": Family.ISTIO,
    "envoy-1.40.0": Family.ENVOY,
    "activator-1.18.1": Family.ACTIVATOR,
    "activator-1.23.0": Family.ACTIVATOR_S,
    "activator-1.20.1": Family.ACTIVATOR_S,
}
OLDER_BOUNDS = ("vllm-0.6.6",)
"""They end at 60 s; what is read is what the page says, never the pack."""


def text_of(page: str) -> str:
    return (PAGES / f"{page}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", sorted(set(TRUE.values())))
def test_the_names_of_a_pack_are_on_its_pages(family: Family) -> None:
    dialect, text = DIALECTS[family], "".join(text_of(page) for page, its in TRUE.items() if its is family)

    for name in dialect.counters:
        assert f"\n{name}{{" in text, name
    for histogram in filter(None, (dialect.latency, dialect.first_token, dialect.next_token)):
        for series in filter(None, (histogram.series, histogram.older)):
            assert f"\n{series}{{" in text


@pytest.mark.parametrize("page", TRUE)
def test_each_page_has_what_its_family_counts_requests_and_latency_by(page: str) -> None:
    dialect, text = DIALECTS[TRUE[page]], text_of(page)

    assert all(f"\n{name}{{" in text for name in dialect.requests)
    assert dialect.latency is None or f"\n{dialect.latency.series}{{" in text


@pytest.mark.parametrize("page", [page for page in TRUE if DIALECTS[TRUE[page]].latency and page not in OLDER_BOUNDS])
def test_the_bounds_of_a_pack_are_on_its_page(page: str) -> None:
    latency = DIALECTS[TRUE[page]].latency
    assert latency is not None
    found = set()
    for line in text_of(page).splitlines():
        if line.startswith(f"{latency.series}{{") and (bound := line.partition('le="')[2].partition('"')[0]) != "+Inf":
            found.add(round(float(bound) * latency.to_ms, 6))

    assert tuple(sorted(found)) == latency.bounds_ms


@pytest.mark.parametrize(
    ("version", "page"),
    [
        ("1.19 before 1.19.4", "knative-1.19.0"),
        ("1.20.1 and newer", "knative-1.20.1"),
        ("1.20.1 and newer", "knative-1.21.1"),
        ("1.20.1 and newer", "knative-1.23.0"),
    ],
)
def test_versions_of_queue_proxy_differ_as_it_is_said(version: str, page: str) -> None:
    inside, depth, _ = GENERATIONS[version]

    assert f"\n{inside}_bucket{{" in text_of(page)
    assert page == "knative-1.19.0" or f"\n{depth}{{" in text_of(page), "that one was written without a limit"


@pytest.mark.parametrize(
    ("version", "page"),
    [("1.19 before 1.19.4", "1.19.0"), ("1.20.1 and newer", "1.20.1"), ("1.20.1 and newer", "1.23.0")],
)
def test_versions_of_the_activator_differ_as_it_is_said(version: str, page: str) -> None:
    _, _, by_revision = GENERATIONS[version]
    counted = [
        line
        for line in text_of(f"activator-{page}").splitlines()
        if line.startswith("http_server_request_duration_seconds_count{") and 'code="404"' not in line
    ]

    assert counted
    assert all(("kn_revision_name=" in line) is by_revision for line in counted)


def test_what_vllm_shows_of_now_is_on_its_pages() -> None:
    text = "".join(text_of(page) for page, family in TRUE.items() if family is Family.VLLM)

    assert all(f"\n{name}{{" in text for pack in VLLM_NOW for name in pack.levels)


@pytest.mark.parametrize("pack", AUTOSCALER, ids=lambda pack: next(iter(pack.levels)))
def test_what_the_autoscaler_and_the_activator_show_is_on_their_pages(pack: Gauges) -> None:
    text = "".join(file.read_text(encoding="utf-8") for app in ("autoscaler", "activator") for file in of(app))

    for name in pack.levels:
        line = next((line for line in text.splitlines() if line.startswith(f"{name}{{")), None)
        assert line is not None, name
        assert any(f"{label}=" in line for label in pack.names)
        assert any(f"{label}=" in line for label in pack.namespaces)


def of(app: str) -> list[Path]:
    """Give the pages of some versions of Knative's own programs."""
    return sorted(PAGES.glob(f"*{app}-*.txt"))


def test_no_counter_means_two_things() -> None:
    names = [name for dialect in DIALECTS.values() for name in dialect.counters]

    assert len(names) == len(set(names)) == len(BY_COUNTER)
    assert not set(names) & set(BY_GAUGE)


def test_each_family_has_a_pack_that_says_what_it_counts() -> None:
    assert set(DIALECTS) == set(Family)
    for dialect in DIALECTS.values():
        assert dialect.means
        assert dialect.requests
        assert bool(dialect.patterns) is (dialect.scope is Scope.USERS)
    assert all(pack.over in ("max", "sum", "avg") for pack in GAUGES)


@pytest.mark.parametrize(
    ("cluster", "namespace", "name"),
    [
        ("default/iris-predictor-00001", "default", "iris-predictor"),
        ("httproute/models/iris/rule/0", "models", "iris"),
        ("outbound|80||iris-predictor.models.svc.cluster.local", "models", "iris-predictor"),
        ("kube_models_iris-predictor_80", "models", "iris-predictor"),
        ("models_iris-predictor_80", "models", "iris-predictor"),
        ("httproute/llm/qwen-kserve-route/rule/0", "llm", "qwen"),
        ("outbound|8000||qwen-kserve-workload-svc.llm.svc.cluster.local", "llm", "qwen"),
        ("outbound|54321||qwen-inference-pool-ip-1a2b3c4d.llm.svc.cluster.local", "llm", "qwen"),
    ],
)
def test_clusters_of_envoy_tell_whose_they_are(cluster: str, namespace: str, name: str) -> None:
    assert ENVOY.whose({"envoy_cluster_name": cluster}) == named(namespace, name)


def test_a_gateway_in_front_of_a_language_model_tells_whose_it_is() -> None:
    labels = {"destination_service_namespace": "llm", "destination_service_name": "qwen-kserve-workload-svc"}

    assert ISTIO.whose(labels) == named("llm", "qwen")


def test_what_goes_from_the_activator_to_a_pod_is_no_caller() -> None:
    labels = {"destination_service_namespace": "default", "destination_service_name": "iris-predictor-00001-private"}

    assert ISTIO.whose(labels) == {}


def test_the_page_is_the_one_that_the_script_writes() -> None:
    assert metrics_page.FILE.read_text(encoding="utf-8") == metrics_page.page()
