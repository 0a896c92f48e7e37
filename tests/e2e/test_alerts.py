"""The rules of manifests/alerts.yaml under promtool: they fire on what they are for, in every family, and on nothing
that is healthy."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import prometheus_rule
from tests.e2e import scraping, tools
from tests.e2e.alert_series import (
    ACTIVATORS,
    FAMILIES,
    GATEWAYS,
    PLACE,
    Family,
    Series,
    inputs,
    of,
    pods,
    refused,
    traffic,
    turned_away,
)
from tests.e2e.sandbox import running_sandbox

pytestmark = pytest.mark.e2e
ASKED = ("sklearn-iris", "iris-standard", "llama-chat", "query-embedder", "churn")
"""Services of the demo, one of each family, that somebody asks all the time."""
ALERTS = Path(__file__).resolve().parents[2] / "manifests" / "alerts.yaml"
FIRING = "KServeNothingScraped"
"""Fires wherever a test has no series of ``up``: of no service, and so of no interest here."""
RISING = "0+0x120"


def fired(tmp_path: Path, series: Series, at: str = "1h") -> dict[str, set[str]]:
    """Evaluate all rules over these series and give which alerts fire, with their severities."""
    names = [
        rule["alert"]
        for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    found: dict[str, set[str]] = {}
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": list(inputs(series)),
                "alert_rule_test": [{"eval_time": at, "alertname": name, "exp_alerts": []} for name in names],
            }
        ],
    }
    told = _promtool(tmp_path, test)
    for name in names:
        # promtool names an alert that it did not expect, with all its labels.
        for block in told.split("alertname: ")[1:]:
            if block.startswith(f"{name},") and "got:[\n" in block:
                found.setdefault(name, set()).add(block)
    return found


def _promtool(tmp_path: Path, test: dict[str, Any]) -> str:
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(test), encoding="utf-8")
    promtool = tools.promtool()
    assert promtool is not None
    done = subprocess.run([str(promtool), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert "FAILED" in told or "SUCCESS" in told, told
    return told


@pytest.mark.parametrize("version", [None, *tools.RELEASES])
def test_promtool_takes_the_rules(version: str | None) -> None:
    promtool = tools.promtool(version)
    if promtool is None:
        pytest.skip(tools.reason_without_prometheus(version or ""))

    done = subprocess.run([str(promtool), "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_rules_are_the_same() -> None:
    written = prometheus_rule.MANIFESTS / "prometheus-rule.yaml"
    plain = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))

    assert written.read_text(encoding="utf-8") == prometheus_rule.prometheus_rule()
    assert yaml.safe_load(written.read_text(encoding="utf-8"))["spec"] == plain


def test_each_alert_says_how_grave_it_is_and_what_it_means() -> None:
    for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"]["severity"] in {"info", "warning", "critical"}
                assert {"summary", "description"} <= rule["annotations"].keys()


UP = {f'up{{job="kserve-metrics",{PLACE}}}': "1x120"}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_healthy_service_raises_nothing(family: Family, tmp_path: Path) -> None:
    series = {**UP, **traffic(family, failing=0.01), **pods("kube-state-metrics", "2x120", "2x120")}

    assert fired(tmp_path, series) == {}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_failing_requests_raise_an_alert(family: Family, tmp_path: Path) -> None:
    some = fired(tmp_path, {**UP, **traffic(family, failing=0.10)})
    many = fired(tmp_path, {**UP, **traffic(family, failing=0.40)})

    assert set(some) == {"KServeErrorRatioHigh"}
    assert set(many) == {"KServeErrorRatioHigh", "KServeErrorRatioCritical"}
    assert 'service_name="iris"' in "".join(some["KServeErrorRatioHigh"])
    assert 'namespace="default"' in "".join(some["KServeErrorRatioHigh"])


ALL_FAIL = [one for one in FAMILIES if FAMILIES[one].bad or one.startswith("sdk")]


@pytest.mark.parametrize("family", ALL_FAIL)
def test_a_service_that_answers_nothing_but_failures_raises_both_alerts(family: str, tmp_path: Path) -> None:
    series = traffic(FAMILIES[family], failing=1.0)
    if family.startswith("sdk"):  # the first stage refuses: the model is never asked
        series = {name: v for name, v in series.items() if "predict_seconds" not in name and "kserve_" not in name}

    assert set(fired(tmp_path, {**UP, **series})) == {"KServeErrorRatioHigh", "KServeErrorRatioCritical"}


def test_a_request_that_the_transformer_hands_on_is_one_request(tmp_path: Path) -> None:
    alias = FAMILIES["alias"]
    failing, healthy = (of("transformer", traffic(alias, failing=share)) for share in (0.08, 0.0))
    behind = of("predictor", traffic(alias, failing=0.0, per_minute=300))
    broken = of("predictor", traffic(alias, failing=0.4, slow=0.4, per_minute=1))

    assert set(fired(tmp_path, {**UP, **failing, **behind})) == {"KServeErrorRatioHigh"}
    assert fired(tmp_path, {**UP, **healthy, **broken}) == {}, "callers meet the transformer, which copes"


@pytest.mark.parametrize("family", [one for one in FAMILIES if FAMILIES[one].bucket or FAMILIES[one].duration])
def test_slow_requests_raise_an_alert(family: str, tmp_path: Path) -> None:
    share = 0.05 if FAMILIES[family].bucket else 0.8  # without a histogram only the mean is known

    assert set(fired(tmp_path, {**UP, **traffic(FAMILIES[family], slow=share)})) == {"KServeLatencyHigh"}


def test_wrong_requests_that_the_sdk_counts_as_failed_are_none_where_answers_have_a_status(tmp_path: Path) -> None:
    both = {**UP, **traffic(FAMILIES["alias"]), **traffic(FAMILIES["sdk"], failing=0.5)}

    assert fired(tmp_path, both) == {}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_what_a_gateway_refuses_raises_an_alert_although_the_pods_see_nothing(gateway: str, tmp_path: Path) -> None:
    healthy = {**UP, **traffic(FAMILIES["alias"])}

    some = fired(tmp_path, healthy | refused(gateway, 0.10))

    assert set(some) == {"KServeCallersSeeErrors"}
    assert {'service_name="iris"', 'namespace="default"'} <= set(re.findall(r'(?:\w+="[^"]+")', str(some)))


def test_a_gateway_that_refuses_much_is_grave_and_one_that_refuses_little_is_not(tmp_path: Path) -> None:
    healthy = {**UP, **traffic(FAMILIES["alias"])}

    assert set(fired(tmp_path, healthy | refused("istio", 0.40))) == {
        "KServeCallersSeeErrors",
        "KServeCallersSeeErrorsCritical",
    }
    assert fired(tmp_path, healthy | refused("kourier", 0.01)) == {}
    assert fired(tmp_path, healthy | refused("kourier", 0.0)) == {}
    assert fired(tmp_path, healthy | refused("istio", 0.5, per_minute=1.0)) == {}


@pytest.mark.parametrize("activator", ACTIVATORS)
def test_what_the_activator_refuses_comes_on_top_of_what_the_pods_see(activator: str, tmp_path: Path) -> None:
    healthy, failing = ({**UP, **traffic(FAMILIES["alias"], failing=share)} for share in (0.0, 0.10))

    # Ten of seventy; then six, all of which the pods counted, too.
    assert set(fired(tmp_path, healthy | turned_away(activator, 10.0))) == {"KServeCallersSeeErrors"}
    assert fired(tmp_path, healthy | turned_away(activator, 2.0)) == {}
    assert set(fired(tmp_path, failing | turned_away(activator, 6.0))) == {
        "KServeCallersSeeErrors",
        "KServeErrorRatioHigh",
    }
    # Nobody gets as far as a pod: there is no series of them at all.
    assert set(fired(tmp_path, UP | turned_away(activator, 10.0))) == {
        "KServeCallersSeeErrors",
        "KServeCallersSeeErrorsCritical",
    }


def test_a_route_of_something_else_than_a_model_raises_nothing(tmp_path: Path) -> None:
    other = {
        'envoy_cluster_upstream_rq_xx{envoy_cluster_name="httproute/default/shop/rule/0",envoy_response_code_class="5"}',
        'istio_requests_total{reporter="source",destination_service_namespace="default",'
        'destination_service_name="shop",response_code="503"}',
    }

    assert fired(tmp_path, {**UP, **traffic(FAMILIES["alias"]), **dict.fromkeys(other, "0+60x120")}) == {}


def test_a_few_failures_of_few_requests_raise_nothing(tmp_path: Path) -> None:
    assert fired(tmp_path, {**UP, **traffic(FAMILIES["alias"], failing=0.5, per_minute=1.0)}) == {}


def test_whole_answers_of_a_language_model_may_take_long_but_not_its_first_token(tmp_path: Path) -> None:
    place = f'job="kserve-model-metrics",{PLACE}'
    series = {**UP, **traffic(FAMILIES["vllm"]), f"vllm:num_requests_running{{{place}}}": "3x120"}
    whole = {f'kserve_request_duration_milliseconds{{job="kserve-metrics",{PLACE},le="{le}"}}': v for le, v in _SLOW}
    first = {
        f'vllm:time_to_first_token_seconds_bucket{{{place},le="{le}"}}': rises
        for le, rises in (("0.5", "0+30x120"), ("20", "0+60x120"), ("+Inf", "0+60x120"))
    }

    assert fired(tmp_path, {**series, **whole}) == {}
    assert set(fired(tmp_path, {**series, **whole, **first})) == {"KServeFirstTokenSlow"}


_SLOW = (("300", "0+10x120"), ("30000", "0+60x120"), ("+Inf", "0+60x120"))
SOURCES = ["autoscaler 1.18", "autoscaler 1.21", "kube-state-metrics"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_service_without_a_ready_pod_raises_an_alert_and_one_at_zero_does_not(source: str, tmp_path: Path) -> None:
    assert set(fired(tmp_path, {**UP, **pods(source, "2x120", "0x120")})) == {"KServeNotReady"}
    assert set(fired(tmp_path, {**UP, **pods(source, "3x120", "2x120")})) == {"KServePodsMissing"}
    assert fired(tmp_path, {**UP, **pods(source, "0x120", "0x120")}) == {}
    assert fired(tmp_path, {**UP, **pods(source, "0x55 1x65", "0x58 1x65")}) == {}  # a start of three minutes


@pytest.mark.parametrize("source", SOURCES)
def test_a_predictor_without_a_pod_is_no_less_grave_behind_a_transformer_that_has_one(
    source: str, tmp_path: Path
) -> None:
    before = {name.replace("predictor", "transformer"): v for name, v in pods(source, "1x120", "1x120").items()}

    assert set(fired(tmp_path, {**UP, **before, **pods(source, "1x120", "0x120")})) == {"KServeNotReady"}
    assert set(fired(tmp_path, {**UP, **before, **pods(source, "2x120", "1x120")})) == {"KServePodsMissing"}
    assert fired(tmp_path, {**UP, **before, **pods(source, "0x120", "0x120")}) == {}


def test_kube_state_metrics_without_honor_labels_tells_the_namespace_all_the_same(tmp_path: Path) -> None:
    told = {
        name.replace('namespace="default"', 'namespace="monitoring",exported_namespace="default"'): values
        for name, values in pods("kube-state-metrics", "1x120", "0x120").items()
    }

    (alert,) = fired(tmp_path, {**UP, **told}).values()

    assert 'namespace="default"' in str(alert)


@pytest.mark.parametrize("source", SOURCES)
def test_many_cold_starts_raise_an_alert(source: str, tmp_path: Path) -> None:
    often = " ".join(["0x4 1x4"] * 12)
    once = "0x20 1x100"

    assert set(fired(tmp_path, {**UP, **pods(source, often, often)})) == {"KServeColdStartsOften"}
    assert fired(tmp_path, {**UP, **pods(source, once, once)}) == {}


def test_a_target_that_is_down_raises_no_data(tmp_path: Path) -> None:
    down = {f'up{{job="kserve-metrics",{PLACE}}}': "1x40 0x80"}

    assert set(fired(tmp_path, {**down, **pods("kube-state-metrics", "1x120", "1x120")})) == {"KServeNoData"}


def test_a_job_without_any_target_raises_nothing_scraped(tmp_path: Path) -> None:
    assert set(fired(tmp_path, {'up{job="prometheus",instance="localhost:9090"}': "1x120"})) == {FIRING}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("version", [None, "3.5"])
def test_a_real_prometheus_evaluates_every_rule_over_all_families_at_once(version: str | None, tmp_path: Path) -> None:
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(version or ""))
    with (
        running_sandbox() as place,
        scraping.scraping(place, binary, tmp_path, native=version is not None, rules=str(ALERTS)) as url,
    ):
        by_service = "count by (service_name) (kserve:requests:rate5m)"
        of_asked = f'kserve:requests:rate5m{{service_name=~"{"|".join(ASKED)}"}}'
        all_asked = f"count({by_service} and on (service_name) {of_asked}) == {len(ASKED)}"
        enough = f"{by_service} and on () ({all_asked}) and on () (count(kserve:latency_ms:p99_5m) > 3)"
        rates = scraping.wait_for_samples(url, enough)
        with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=10) as answer:
            groups = json.load(answer)["data"]["groups"]

    told = {rule["name"]: (rule["health"], rule.get("lastError", "")) for group in groups for rule in group["rules"]}
    assert {health for health, _ in told.values()} == {"ok"}, told
    assert set(ASKED) <= {row["metric"]["service_name"] for row in rates}
    assert [row["value"][1] for row in rates if row["value"][1] != "1"] == [], "each service has one rate"
