"""The doctor's checks on facts that were written down: what is found, in which order, and what mends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.chain import known_cause
from kmon_tui.domain.doctor.examine import examine
from kmon_tui.domain.doctor.facts import (
    Bounds,
    Case,
    ClusterFacts,
    Container,
    Facts,
    Job,
    PodFacts,
    PortFact,
    PrometheusFacts,
    Right,
    RightsFacts,
    Scraped,
    SeriesFact,
    Told,
    Workload,
)
from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.doctor.local_ports import forward_port, walk_ports
from kmon_tui.domain.forward import ForwardSpec, target_of
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness, Replicas
from tests.oneshot.scripted import NOW

KEY = Key(Kind.ISVC, "default", "sklearn-iris")
ISVC = InferenceService(KEY, readiness=Readiness.READY, mode=Mode.KNATIVE)
KNATIVE_POD = PodFacts(
    "sklearn-iris-predictor-00001-deployment-x",
    ip="10.0.0.7",
    phase="Running",
    ready=True,
    labels={"component": "predictor"},
    containers=(
        Container("kserve-container", "kserve/sklearnserver:v0.20.0", (("user-port", 8080),)),
        Container("queue-proxy", "knative.dev/serving/cmd/queue:v1.21.1", (("http-usermetric", 9091),)),
    ),
)
STANDARD_POD = replace(
    KNATIVE_POD, name="sklearn-iris-predictor-7c9f-abc", containers=(Container("kserve-container", "x/sklearn:1"),)
)
CHART = Workload(
    "Deployment",
    "monitoring",
    "prometheus-server",
    {"helm.sh/chart": "prometheus-27.11.0", "app.kubernetes.io/instance": "prom"},
    images=("quay.io/prometheus/prometheus:v3.5.0",),
    ready=1,
)
KSERVE = Workload(
    "Deployment", "kserve", "kserve-controller-manager", images=("kserve/kserve-controller:v0.20.0",), ready=1
)
KNATIVE = Workload(
    "Deployment",
    "knative-serving",
    "controller",
    {"app.kubernetes.io/version": "1.21.1"},
    images=("c@sha256:1",),
    ready=1,
)
CLUSTER = ClusterFacts(
    version=Told("v1.33.1"),
    skew_s=Told(0.3),
    groups=Told({"serving.kserve.io": ("v1beta1", "v1alpha1"), "serving.knative.dev": ("v1",)}),
    kserve=Told((KSERVE,)),
    knative=Told((KNATIVE,)),
    observability=Told({"request-metrics-protocol": "prometheus", "metrics-protocol": "prometheus"}),
    prometheus=Told((CHART,)),
    pods=Told((KNATIVE_POD,)),
)
TARGET = Scraped("kserve-metrics", "10.0.0.7:9091", "up", pod=KNATIVE_POD.name, namespace="default")
SERIES = SeriesFact("kserve_request_count", "kserve-metrics", "10.0.0.7:9091", "sklearn-iris", "default", owned=True)
PROMETHEUS = PrometheusFacts(
    url="http://prometheus",
    version=Told("3.5.0"),
    retention=Told("15d"),
    skew_s=Told(0.1),
    families=Told(("kserve-alias",)),
    jobs=Told((Job("prometheus"), Job("kserve-metrics", interval="15s"))),
    counts=Told({"kserve-metrics": 1}),
    targets=Told((TARGET,)),
    series=Told((SERIES,)),
    bounds=Told((Bounds("kserve_request_duration_milliseconds", 10000.0),)),
)
RIGHTS = RightsFacts("jane", {"default": ()})
HEALTHY = Facts(Case((ISVC,), "default", KEY), CLUSTER, PROMETHEUS, RIGHTS, (PortFact(8080, "the walk"),))


def found(facts: Facts, id_: str) -> Finding:
    """Give the finding of one check."""
    return next(one for one in examine(facts) if one.id == id_)


def with_cluster(**changes: object) -> Facts:
    """Give healthy facts with another cluster."""
    return replace(HEALTHY, cluster=replace(CLUSTER, **changes))  # type: ignore[arg-type]  # fields by name


def with_prometheus(**changes: object) -> Facts:
    """Give healthy facts with another Prometheus."""
    return replace(HEALTHY, prometheus=replace(PROMETHEUS, **changes))  # type: ignore[arg-type]  # fields by name


def test_a_healthy_chain_has_no_finding() -> None:
    report = Report("prod", KEY, NOW, examine(HEALTHY))

    assert not report.has_finding, [one for one in report.findings if one.is_bad]
    assert report.first_failing is None


def test_what_keeps_no_number_of_now_away_is_no_cause_of_missing_ones() -> None:
    report = Report("prod", KEY, NOW, examine(with_prometheus(retention=Told("2h"))))

    assert report.has_finding
    assert report.first_failing is None


def test_a_controller_that_stands_still_is_not_why_a_model_that_runs_has_no_numbers() -> None:
    down = replace(TARGET, health="down", last_error="connection refused", url="http://10.0.0.7:9091/metrics")
    still = replace(CLUSTER, kserve=Told((replace(KSERVE, desired=0, ready=0),)))
    for_target = replace(with_prometheus(targets=Told((down,)), series=Told(())), cluster=still)
    for_request = replace(with_prometheus(series=Told(())), cluster=still)
    alone = replace(HEALTHY, cluster=still)

    first = [Report("prod", KEY, NOW, examine(facts)).first_failing for facts in (for_target, for_request, alone)]

    assert [one.id for one in first if one is not None] == ["chain.target", "chain.series", "kserve.version"]


def test_a_graph_without_numbers_says_by_itself_who_counts() -> None:
    cause = known_cause(ISVC._replace(key=Key(Kind.GRAPH, "default", "router")))

    assert cause is not None and not cause.is_bad
    assert "the services of its steps do" in cause.text


def test_each_finding_that_is_bad_says_what_mends_it() -> None:
    nothing = PrometheusFacts(
        retention=Told("1h"), jobs=Told(()), counts=Told({}), targets=Told(()), families=Told(()), series=Told(())
    )
    broken = replace(
        with_cluster(groups=Told({}), observability=Told({}), version=Told("v1.19.0"), skew_s=Told(900.0)),
        prometheus=nothing,
    )

    bad = [one for one in examine(broken) if one.is_bad]

    assert len(bad) >= 5
    assert all(one.fix for one in bad), [one.id for one in bad if not one.fix]


def test_kinds_of_knative_without_its_controllers_are_no_knative_that_counts() -> None:
    left = with_cluster(knative=Told(()), observability=Told({}))

    version, protocol = found(left, "knative.version"), found(left, "knative.protocol")

    assert (version.status, protocol.status) == (Status.UNKNOWN, Status.UNKNOWN)
    assert "none of its controllers was found" in version.text
    assert version.fix == "kubectl get deployments -A -l app.kubernetes.io/name=knative-serving"
    assert protocol.fix.startswith("kubectl get configmap config-observability -n knative-serving")


def test_the_proxy_before_the_controller_does_not_tell_kserves_version() -> None:
    images = ("quay.io/brancz/kube-rbac-proxy:v0.18.0", "kserve/kserve-controller:v0.15.2")
    untold = ("quay.io/brancz/kube-rbac-proxy:v0.18.0", "kserve/kserve-controller:latest")

    assert found(with_cluster(kserve=Told((replace(KSERVE, images=images),))), "kserve.version").text == "0.15.2"
    text = found(with_cluster(kserve=Told((replace(KSERVE, images=untold),))), "kserve.version").text
    assert "does not tell its version" in text


def test_kserve_that_helm_installed_is_told_with_its_release_and_is_brought_up_to_date_by_it() -> None:
    by_helm = replace(KSERVE, annotations={"meta.helm.sh/release-name": "kserve"})
    old = replace(by_helm, images=("kserve/kserve-controller:v0.9.0",))

    assert found(with_cluster(kserve=Told((by_helm,))), "kserve.version").text == "0.20.0, Helm release kserve"
    assert "helm upgrade kserve" in found(with_cluster(kserve=Told((old,))), "kserve.version").fix


def test_a_failed_service_is_explained_by_a_command() -> None:
    failed = replace(HEALTHY, case=Case((ISVC._replace(readiness=Readiness.FAILED),), "default", KEY))

    assert found(failed, "chain.service").fix == "kmon-tui why sklearn-iris -n default"


def test_a_failed_service_whose_old_pods_go_on_to_serve_is_not_said_to_count_nothing() -> None:
    isvc = ISVC._replace(readiness=Readiness.FAILED, reason="ModelLoadFailed", replicas=Replicas(1, 2))
    failed = replace(HEALTHY, case=Case((isvc,), "default", KEY))

    told = found(failed, "chain.service")

    assert told.text == f"{KEY} is failed: ModelLoadFailed; what is ready of it counts"
    assert told.status is Status.OK
    assert known_cause(isvc) is None
    assert known_cause(isvc._replace(replicas=Replicas(0, 2))) is not None


NO_RIGHT = "may not list this in namespace x"
NO_ANSWER = "no answer in 10 s"


def unseen(why: str) -> Facts:
    """Nothing could be looked at, each thing for this reason."""
    no: dict[str, object] = dict.fromkeys(
        ("version", "skew_s", "groups", "kserve", "knative", "observability", "prometheus", "pods"), Told(why=why)
    )
    prometheus = PrometheusFacts(
        url="http://prom:9090",
        retention=Told(why=why),
        **dict.fromkeys(("families", "front", "jobs", "counts", "targets", "series"), Told(why=NO_ANSWER)),  # type: ignore[arg-type]  # fields by name
    )
    rights = RightsFacts("jane@example.com", {"default": ()}, unknown={"default": why})
    case = replace(HEALTHY.case, problem=why)
    return replace(with_cluster(**no), case=case, prometheus=prometheus, rights=rights)


@pytest.mark.parametrize("why", [NO_RIGHT, NO_ANSWER])
def test_each_finding_that_is_unknown_says_what_shows_it(why: str) -> None:
    findings = [one for one in examine(unseen(why)) if one.status is Status.UNKNOWN]

    assert len(findings) >= 15
    assert [one.id for one in findings if not one.fix] == []


@pytest.mark.parametrize(
    ("id_", "binding"),
    [
        ("kserve.version", "rolebinding kmon-tui-view-jane-example-com -n kserve"),
        ("knative.protocol", "rolebinding kmon-tui-view-jane-example-com -n knative-serving"),
        ("chain.pods", "rolebinding kmon-tui-view-jane-example-com -n default"),
        ("kubernetes.version", "--clusterrole=system:public-info-viewer --user=jane@example.com"),
    ],
)
def test_what_a_right_is_missing_for_is_granted_where_it_is(id_: str, binding: str) -> None:
    assert binding in found(unseen(NO_RIGHT), id_).fix


@pytest.mark.parametrize(
    ("id_", "command"),
    [
        ("kubernetes.version", "kubectl version"),
        ("kserve.version", "kubectl get deployments -A -l control-plane=kserve-controller-manager"),
        ("prometheus.job", "curl -s http://prom:9090/api/v1/status/config"),
        ("chain.series", "curl -sG http://prom:9090/api/v1/query --data-urlencode 'query=count by"),
        ("rights.logs", "kubectl auth can-i --list -n default"),
    ],
)
def test_what_did_not_answer_is_asked_by_a_command(id_: str, command: str) -> None:
    assert found(unseen(NO_ANSWER), id_).fix.startswith(command)


@pytest.mark.parametrize(
    ("version", "settings", "status", "fix"),
    [
        ("1.21.1", {}, Status.FAIL, '"request-metrics-protocol":"prometheus"'),
        ("1.21.1", {"request-metrics-protocol": "none"}, Status.FAIL, "-n knative-serving"),
        ("1.21.1", {"request-metrics-protocol": "grpc"}, Status.WARN, "config-observability"),
        ("1.19.0", {"request-metrics-protocol": "prometheus"}, Status.FAIL, '"request-metrics-endpoint":":9091"'),
        ("1.19.0", {"request-metrics-protocol": "prometheus", "request-metrics-endpoint": ":9091"}, Status.OK, ""),
        ("1.18.0", {}, Status.OK, ""),
        ("1.18.0", {"metrics.request-metrics-backend-destination": "none"}, Status.FAIL, "backend-destination"),
    ],
)
def test_knatives_metrics_are_judged_by_its_version(
    version: str, settings: dict[str, str], status: Status, fix: str
) -> None:
    knative = replace(KNATIVE, labels={"app.kubernetes.io/version": version})

    finding = found(with_cluster(knative=Told((knative,)), observability=Told(settings)), "knative.protocol")

    assert finding.status is status
    assert fix in finding.fix


def test_activator_and_autoscaler_are_started_anew_where_they_read_the_protocol_only_then() -> None:
    restart = "kubectl rollout restart deployment -n knative-serving activator autoscaler"

    assert restart in found(with_cluster(observability=Told({})), "knative.components").fix
    assert restart not in fixes.switch_on_knative("knative-serving", "1.18.2")


def test_pods_that_are_older_than_the_change_still_count() -> None:
    off = with_cluster(observability=Told({"request-metrics-protocol": "none"}))
    silent = replace(off, prometheus=replace(PROMETHEUS, targets=Told((replace(TARGET, health="down"),))))

    assert found(off, "chain.queue-proxy").status is Status.WARN
    assert found(off, "chain.queue-proxy").text.startswith("its pods count until")
    assert found(silent, "chain.queue-proxy").status is Status.FAIL


def test_an_activator_that_tells_nothing_is_a_finding_after_all_that_hides_requests() -> None:
    cluster = replace(CLUSTER, observability=Told({"request-metrics-protocol": "prometheus"}))
    facts = replace(with_prometheus(series=Told(())), cluster=cluster)

    finding = found(facts, "knative.components")

    assert finding.status is Status.WARN
    assert '"metrics-protocol":"prometheus"' in finding.fix
    first = Report("prod", KEY, NOW, examine(facts)).first_failing
    assert first is not None
    assert first.id == "chain.series", "an empty chart is not explained by what it does not draw"


@pytest.mark.parametrize(
    ("front", "status", "words"),
    [
        (Told(("istio", "activator-s")), Status.OK, "istio, activator-s"),
        (Told(()), Status.SKIPPED, "errors are those of scope pods"),
        (Told(why="may not be asked"), Status.UNKNOWN, "may not be asked"),
    ],
)
def test_who_counts_what_callers_saw_is_said(front: Told[tuple[str, ...]], status: Status, words: str) -> None:
    finding = found(with_prometheus(front=front), "prometheus.users")

    assert (finding.status, words in finding.text) == (status, True)


def test_a_cluster_without_knative_is_not_told_about_it() -> None:
    facts = with_cluster(groups=Told({"serving.kserve.io": ("v1beta1",)}), knative=Told(()), observability=Told({}))

    assert found(facts, "knative.version").status is Status.SKIPPED
    assert not any(one.id == "knative.protocol" for one in examine(facts))


def test_a_controller_that_is_scaled_to_nothing_is_started() -> None:
    finding = found(with_cluster(kserve=Told((replace(KSERVE, ready=0, desired=0),))), "kserve.version")

    assert finding.status is Status.FAIL
    assert "is scaled to 0" in finding.text
    assert finding.fix == "kubectl scale deployment kserve-controller-manager -n kserve --replicas=1"


def test_a_controller_whose_pods_are_not_ready_is_looked_at_and_started_anew() -> None:
    finding = found(with_cluster(kserve=Told((replace(KSERVE, ready=0),))), "kserve.version")
    knative = replace(KSERVE, namespace="knative-serving", name="activator", ready=0)

    assert "has no ready pod" in finding.text
    assert "kubectl logs -n kserve deployment/kserve-controller-manager --all-containers" in finding.fix
    assert "kubectl rollout restart deployment/kserve-controller-manager -n kserve" in finding.fix
    fix = found(with_cluster(knative=Told((knative,))), "knative.version").fix
    assert "kubectl describe pods -n knative-serving -l app=activator" in fix


def test_a_missing_right_costs_its_check_only_and_is_named() -> None:
    facts = with_cluster(
        observability=Told(why="may not get configmap config-observability in namespace knative-serving")
    )

    finding = found(facts, "knative.protocol")

    assert finding.status is Status.UNKNOWN
    assert "may not get configmap" in finding.text
    assert found(facts, "chain.series").status is Status.OK


@pytest.mark.parametrize(
    ("workload", "fix"),
    [
        (CHART, 'helm upgrade prom "$C" --version 27.11.0 -n monitoring --reuse-values'),
        (
            replace(CHART, labels={"chart": "kube-prometheus-stack-88.5.3", "release": "kps"}, kind="StatefulSet"),
            "helm search repo kube-prometheus-stack --version 88.5.3",
        ),
        (
            replace(CHART, kind="StatefulSet", name="prometheus-main", labels={"operator.prometheus.io/name": "main"}),
            "kubectl patch prometheus main -n monitoring",
        ),
        (None, "echo 'scrape_config_files: [kserve.yml]' >> $P/prometheus.yml"),
    ],
)
def test_a_job_that_is_not_loaded_is_loaded_in_the_way_of_its_installation(workload: Workload | None, fix: str) -> None:
    prometheus = replace(
        PROMETHEUS,
        jobs=Told((Job("prometheus"),)),
        counts=Told({}),
        targets=Told(()),
        families=Told(()),
        series=Told(()),
    )
    cluster = replace(CLUSTER, prometheus=Told((workload,) if workload else ()))

    finding = found(replace(HEALTHY, cluster=cluster, prometheus=prometheus), "prometheus.job")

    assert finding.status is Status.FAIL
    assert fix in finding.fix


def test_a_job_without_targets_while_pods_are_ready_may_not_list_them() -> None:
    from kmon_tui.domain.service import Pod

    case = Case((ISVC._replace(pods=(Pod("default", "a", "u", "sklearn-iris", ready=True),)),), "default", None)
    server = replace(CHART, account="prometheus-server")
    facts = replace(
        with_cluster(prometheus=Told((server,))),
        case=case,
        prometheus=replace(PROMETHEUS, counts=Told({}), targets=Told(())),
    )

    finding = found(facts, "prometheus.job")

    assert finding.status is Status.FAIL
    assert "--as=system:serviceaccount:monitoring:prometheus-server" in finding.fix


def test_a_job_that_only_names_targets_finds_no_models() -> None:
    jobs = Told((Job("kserve-metrics", discovers=False),))
    none = with_prometheus(jobs=jobs, families=Told(()), targets=Told(()), series=Told(()))
    other = with_prometheus(jobs=jobs, targets=Told(()), series=Told(()))

    assert found(none, "prometheus.job").status is Status.FAIL
    assert "written by hand" in found(none, "prometheus.job").text
    assert "--set-file extraScrapeConfigs" in found(none, "prometheus.job").fix
    assert "--set-file extraScrapeConfigs" in found(other, "chain.target").fix, "it may list pods: it does not ask"


def test_a_job_that_is_in_no_configuration_and_yet_scraped_is_said_so() -> None:
    finding = found(with_prometheus(jobs=Told((Job("prometheus"),))), "prometheus.job")

    assert finding.status is Status.OK
    assert finding.text.startswith("not in its configuration, 1 target: another server scrapes them")


def test_series_of_a_job_that_was_taken_away_are_not_those_of_another_job() -> None:
    taken = with_prometheus(jobs=Told((Job("prometheus"),)), counts=Told({}))

    assert found(taken, "prometheus.job").status is Status.WARN
    assert found(taken, "prometheus.job").text.endswith("kserve_request_count is another job's, or of minutes ago")


def test_a_server_that_tells_no_configuration_is_judged_by_its_targets() -> None:
    thanos = with_prometheus(jobs=Told(why="has no Prometheus API (404)"), counts=Told({}), families=Told(()))
    loaded = with_prometheus(jobs=Told(why="has no Prometheus API (404)"))

    assert "has no target" in found(thanos, "prometheus.job").text
    assert found(loaded, "prometheus.job").status is Status.OK


def test_a_kserve_without_inferenceservices_that_we_can_read_is_too_old() -> None:
    assert (
        found(with_cluster(groups=Told({"serving.kserve.io": ("v1alpha2",)})), "kserve.version").status is Status.FAIL
    )


def test_the_first_failure_is_the_cause_and_not_what_follows_from_it() -> None:
    prometheus = replace(
        PROMETHEUS, jobs=Told((Job("x"),)), counts=Told({}), targets=Told(()), families=Told(()), series=Told(())
    )

    report = Report("prod", KEY, NOW, examine(replace(HEALTHY, prometheus=prometheus)))

    assert report.first_failing is not None
    assert report.first_failing.id == "prometheus.job"


def test_a_target_that_is_down_is_told_with_its_error() -> None:
    down = replace(TARGET, health="down", last_error="dial tcp 10.0.0.7:9091: connect: connection refused")

    finding = found(with_prometheus(targets=Told((down,)), series=Told(())), "chain.target")

    assert finding.status is Status.FAIL
    assert "connection refused" in finding.text


def test_a_queue_proxy_that_is_silent_although_metrics_are_on_may_be_older_than_the_change() -> None:
    down = replace(TARGET, health="down", last_error="connection refused", url="http://10.0.0.7:9091/metrics")

    on = found(with_prometheus(targets=Told((down,)), series=Told(())), "chain.target")
    off = found(
        replace(with_prometheus(targets=Told((down,))), cluster=replace(CLUSTER, observability=Told({}))),
        "chain.target",
    )

    assert on.fix.startswith("kubectl annotate isvc sklearn-iris -n default --overwrite restarted-at=")
    assert off.fix.startswith("kubectl patch configmap config-observability")


def test_the_target_of_a_pod_that_is_not_ready_is_no_fault_of_the_scraping() -> None:
    from kmon_tui.domain.service import Pod

    pod = Pod("default", KNATIVE_POD.name, "u", "sklearn-iris", ready=False)
    down = replace(TARGET, health="down", last_error="refused")
    case = Case((ISVC._replace(pods=(pod,)),), "default", None)

    finding = found(replace(with_prometheus(targets=Told((down,))), case=case), "prometheus.targets")

    assert finding.status is Status.OK
    assert "1 down with pods that are not ready" in finding.text


def test_no_target_is_another_fault_than_no_series() -> None:
    no_target = found(with_prometheus(targets=Told(()), series=Told(())), "chain.target")
    no_series = found(with_prometheus(series=Told(())), "chain.series")

    assert no_target.status is Status.FAIL
    assert no_series.status is Status.WARN
    assert no_series.fix.startswith("kmon-tui predict sklearn-iris -n default")


def test_labels_that_lead_elsewhere_are_a_mismatch() -> None:
    stranger = replace(SERIES, owned=False, service_name="iris", namespace="")

    finding = found(with_prometheus(series=Told((stranger,))), "chain.series")

    assert finding.status is Status.FAIL
    assert 'service_name="iris"' in finding.text
    assert "+  target_label: service_name" in finding.fix


def test_labels_that_no_pod_gives_are_given_by_jobs_that_look_for_pods() -> None:
    stranger = replace(SERIES, owned=False, service_name="", job="mine")
    jobs = Told((Job("mine", discovers=False),))

    finding = found(with_prometheus(series=Told((stranger,)), jobs=jobs, counts=Told({})), "chain.series")

    assert "--set-file extraScrapeConfigs" in finding.fix


@pytest.mark.parametrize(
    ("name", "largest", "bad"),
    [
        ("kserve_request_duration_milliseconds", 10.0, True),
        ("kserve_request_duration_milliseconds", 10000.0, False),
        ("revision_request_latencies_bucket", 100000.0, False),
        ("http_server_request_duration_seconds_bucket", 10.0, False),
        ("http_server_request_duration_seconds_bucket", 100000.0, True),
        ("vllm:e2e_request_latency_seconds_bucket", 7680.0, False),
    ],
)
def test_bounds_that_do_not_fit_the_unit_of_the_name_are_found(name: str, largest: float, bad: bool) -> None:
    findings = examine(with_prometheus(bounds=Told((Bounds(name, largest),))))
    wrong = [one for one in findings if one.id == "prometheus.units"]

    assert [one.status for one in wrong] == ([Status.FAIL] if bad else [])
    assert all("--set-file extraScrapeConfigs" in one.fix for one in wrong)


def standard(pod: PodFacts, *jobs: str) -> Facts:
    """Give facts of a service in Standard mode with this pod, and a Prometheus that has these jobs."""
    case = Case((ISVC._replace(mode=Mode.STANDARD),), "default", KEY)
    target = replace(TARGET, job="kubernetes-pods", pod=pod.name, instance="10.0.0.7:8080")
    prometheus = replace(PROMETHEUS, targets=Told((target,)), jobs=Told(tuple(map(Job, jobs))), counts=Told({}))
    return replace(with_cluster(pods=Told((pod,))), case=case, prometheus=prometheus)


@pytest.mark.parametrize(
    ("annotations", "image", "words", "fix"),
    [
        ({"prometheus.io/port": "9091"}, "x", "where nobody listens in Standard mode", "prometheus.io/port=8080"),
        (
            {"serving.kserve.io/enable-prometheus-scraping": "true"},
            "x",
            "port and path only",
            "prometheus.io/scrape=true",
        ),
        ({"prometheus.kserve.io/port": "8080"}, "mlserver:1.7.1", "port 8082", "prometheus.kserve.io/port=8082"),
    ],
)
def test_annotations_that_mislead_are_found(annotations: dict[str, str], image: str, words: str, fix: str) -> None:
    pod = replace(STANDARD_POD, annotations=annotations, containers=(Container("kserve-container", image),))

    finding = found(standard(pod), "chain.annotations")

    assert words in finding.text
    assert fix in finding.fix


def test_annotations_do_not_matter_to_our_own_jobs() -> None:
    pod = replace(STANDARD_POD, annotations={"prometheus.io/port": "9091"})

    assert not [one for one in examine(standard(pod, "kserve-metrics")) if one.id == "chain.annotations"]


def test_aggregation_without_qpext_is_found() -> None:
    pod = replace(KNATIVE_POD, annotations={"serving.kserve.io/enable-metric-aggregation": "true"})

    finding = found(standard(pod), "chain.annotations")

    assert "qpext" in finding.text
    assert finding.fix.startswith("kubectl annotate isvc sklearn-iris -n default --overwrite serving.kserve.io/enable-")


@pytest.mark.parametrize(
    ("image", "annotations", "port"),
    [
        ("kserve/sklearnserver:v0.20.0", {}, 8080),
        ("nvcr.io/nvidia/tritonserver:25.01", {}, 8002),
        ("seldonio/mlserver:1.7.1", {"prometheus.kserve.io/port": "8080"}, 8082),
        ("x", {"prometheus.kserve.io/port": "9000"}, 9000),
    ],
)
def test_the_port_is_the_one_that_our_jobs_scrape(image: str, annotations: dict[str, str], port: int) -> None:
    pod = replace(STANDARD_POD, annotations=annotations, containers=(Container("kserve-container", image),))

    assert f"port {port} of" in found(standard(pod, "kserve-metrics"), "chain.ports").text


def test_what_is_stopped_is_started_again() -> None:
    case = Case((ISVC._replace(readiness=Readiness.STOPPED),), "default", KEY)

    finding = found(replace(with_cluster(pods=Told(())), case=case), "chain.service")

    assert finding.status is Status.WARN
    assert finding.fix.startswith("kubectl annotate isvc sklearn-iris -n default --overwrite serving.kserve.io/stop-")


def test_while_no_pod_is_ready_its_targets_are_no_finding() -> None:
    down = replace(TARGET, health="down", last_error="refused")
    facts = replace(
        with_cluster(pods=Told((replace(KNATIVE_POD, ready=False),))),
        prometheus=replace(PROMETHEUS, targets=Told((down,))),
    )

    facts = replace(facts, prometheus=replace(facts.prometheus or PROMETHEUS, series=Told(())))
    assert found(facts, "chain.target").status is Status.SKIPPED
    assert found(facts, "chain.series").status is Status.SKIPPED


def test_a_container_that_the_job_passes_over_is_found() -> None:
    pod = replace(STANDARD_POD, containers=(Container("server", "x"),))

    finding = found(standard(pod), "chain.ports")

    assert "-    - name: server\n+    - name: kserve-container" in finding.fix
    assert finding.status is Status.FAIL
    assert "+    - name: kserve-container" in finding.fix


def test_a_service_at_zero_is_woken_through_the_gateway() -> None:
    case = Case((ISVC._replace(readiness=Readiness.COLD),), "default", KEY)
    facts = replace(
        with_cluster(pods=Told(())), case=case, prometheus=replace(PROMETHEUS, targets=Told(()), series=Told(()))
    )

    assert "--via ingress" in found(facts, "chain.pods").fix
    assert found(facts, "chain.series").status is Status.SKIPPED


@pytest.mark.parametrize(
    ("skew_s", "status"), [(0.4, Status.OK), (-4.0, Status.OK), (9.0, Status.WARN), (-61.0, Status.FAIL)]
)
def test_clocks_that_differ_are_found(skew_s: float, status: Status) -> None:
    assert found(with_prometheus(skew_s=Told(skew_s)), "prometheus.clock").status is status
    assert found(with_cluster(skew_s=Told(skew_s)), "kubernetes.clock").status is status


@pytest.mark.parametrize(
    ("retention", "status"),
    [
        ("2h", Status.WARN),
        ("15d", Status.OK),
        ("15d or 10GB", Status.OK),
        ("", Status.SKIPPED),
        ("6h", Status.OK),
        ("10GB", Status.OK),
    ],
)
def test_retention_is_judged_by_the_longest_chart(retention: str, status: Status) -> None:
    assert found(with_prometheus(retention=Told(retention)), "prometheus.retention").status is status


def test_rights_are_told_by_feature_and_namespace_with_the_binding_that_adds_them() -> None:
    missing = {"default": (), "risk": (Right("create", "pods/portforward"), Right("get", "pods/log"))}
    facts = replace(HEALTHY, rights=RightsFacts("jane@example.com", missing))

    forward, logs = found(facts, "rights.forward"), found(facts, "rights.logs")

    assert "may not create pods/portforward in risk" in forward.text
    assert "rolebinding kmon-tui-port-forward-jane-example-com -n risk" in forward.fix
    assert "--clusterrole=kmon-tui-port-forward --user=jane@example.com" in forward.fix
    assert "-n risk" in logs.fix
    assert found(facts, "rights.services").status is Status.OK


def test_rights_to_kinds_that_are_not_there_are_not_missed() -> None:
    revisions = Right("list", "revisions", "serving.knative.dev")
    without = with_cluster(groups=Told({"serving.kserve.io": ("v1beta1",), "apps": ("v1",)}))
    rights = RightsFacts("jane", {"default": (revisions,)})

    assert found(replace(HEALTHY, rights=rights), "rights.why").status is Status.WARN
    assert found(replace(without, rights=rights), "rights.why").status is Status.OK


def test_a_missing_right_to_write_is_a_role_and_no_fault() -> None:
    facts = replace(
        HEALTHY, rights=RightsFacts("jane", {"default": (Right("create", "inferenceservices", "serving.kserve.io"),)})
    )

    finding = found(facts, "rights.deploy")

    assert finding.status is Status.SKIPPED
    assert "may not create inferenceservices" in finding.text


def test_a_port_that_another_program_holds_is_found_and_kubectls_own_is_not() -> None:
    taken = replace(HEALTHY, ports=(PortFact(9090, "the walk", True, "pid 4411 (node)"),))
    walked = replace(HEALTHY, ports=(PortFact(9090, "the walk", True, "pid 4411 (kubectl)"),))

    assert "9090 is taken by pid 4411 (node)" in found(taken, "local.ports").text
    assert found(walked, "local.ports").status is Status.OK


def test_a_port_that_is_taken_is_told_with_the_command_for_another_one() -> None:
    spec = ForwardSpec("iris here", target_of(KEY), 60000)
    wanted = (*walk_ports(KEY), forward_port(spec, "the saved forward iris here"))
    facts = replace(HEALTHY, ports=tuple(replace(one, taken=True) for one in wanted))

    assert found(facts, "local.ports").fix.splitlines()[:3] == [
        "manifests/port-forward.sh sklearn-iris -n default -p 18080    # or any other port",
        "manifests/port-forward.sh --prometheus -p 19090    # or any other port",
        "kmon-tui forward default/isvc/sklearn-iris 50000    # or any other port",
    ]


def test_a_prometheus_that_is_nowhere_is_installed() -> None:
    prometheus = PrometheusFacts(failure="no Prometheus was found in the cluster", failure_kind="NotFound")

    finding = found(replace(with_cluster(prometheus=Told(())), prometheus=prometheus), "prometheus.answer")

    assert finding.status is Status.FAIL
    assert "helm install prometheus" in finding.fix


def test_a_language_model_that_speaks_tls_gets_the_annotation_that_the_jobs_read() -> None:
    llm = Key(Kind.LLM, "llm", "qwen")
    pod = PodFacts("qwen-kserve-1", ip="10.0.0.9", phase="Running", ready=True, containers=(Container("main"),))
    down = Scraped(
        "kserve-metrics", "10.0.0.9:8000", "down", "EOF", pod.name, "llm", "qwen", "http://10.0.0.9:8000/metrics"
    )
    case = Case((InferenceService(llm, readiness=Readiness.READY),), "llm", llm)
    facts = replace(
        with_prometheus(targets=Told((down,)), series=Told(())), case=case, cluster=replace(CLUSTER, pods=Told((pod,)))
    )

    fix = found(facts, "chain.target").fix

    assert fix.startswith("kubectl patch llmisvc qwen -n llm --type merge -p '")
    assert '"prometheus.io/scheme":"https"' in fix
