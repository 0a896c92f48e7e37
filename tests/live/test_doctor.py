"""The doctor against a whole sandbox: healthy, without rights, and with a Prometheus that is away, odd or slow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kmon_tui.backend import Backend
from kmon_tui.domain.doctor.facts import Case, PortFact
from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.service import Key, Kind
from kmon_tui.live import open_backend
from kmon_tui.live.doctor_prometheus import jobs_of
from kmon_tui.oneshot.metrics import complete_fleet
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings

IRIS = Key(Kind.ISVC, "default", "sklearn-iris")
QUICK = SandboxOptions(history_s=60)
MOST_REQUESTS = 30


def settings(sandbox: Sandbox, url: str | None = "", kubeconfig: Path | None = None) -> Settings:
    """Point at the sandbox; an empty URL means its own Prometheus."""
    prometheus = PrometheusSettings(url=sandbox.prometheus_url if url == "" else url, found_by="--prometheus")
    return Settings(kube=KubeSettings(kubeconfig=str(kubeconfig or sandbox.kubeconfig)), prometheus=prometheus)


@asynccontextmanager
async def opened(chosen: Settings) -> AsyncIterator[tuple[Backend, Case]]:
    """Open the backend, with the case of sklearn-iris."""
    async with open_backend(chosen) as backend:
        fleet = await complete_fleet(backend, chosen)
        yield backend, Case(fleet.services, fleet.namespace, IRIS)


async def examined(backend: Backend, case: Case) -> Report:
    """Examine once."""
    assert backend.doctor is not None
    return await backend.doctor.examine(case, backend.metrics, lambda _: None)


def found(report: Report, id_: str) -> Finding:
    """Give the finding of one check."""
    return next(one for one in report.findings if one.id == id_)


async def test_a_healthy_service_has_a_whole_chain_for_few_requests() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        before = len(sandbox.api.log)
        report = await examined(backend, case)
        asked = sandbox.api.log[before:]

    chain = {one.id: one.status for one in report.findings if one.id.startswith("chain.")}
    assert chain == dict.fromkeys(
        ["chain.service", "chain.pods", "chain.ports", "chain.target", "chain.series"], Status.OK
    )
    assert found(report, "kserve.version").text == "0.20.0"
    assert found(report, "prometheus.release").text.endswith("Helm release prometheus, chart prometheus 27.11.0")
    assert len(asked) <= MOST_REQUESTS
    assert not report.running


async def test_what_is_known_so_far_is_told_while_the_rest_is_asked() -> None:
    told: list[Report] = []
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        assert backend.doctor is not None
        await backend.doctor.examine(case, backend.metrics, told.append)

    assert [one.running for one in told] == [("prometheus", "rights"), ("rights",)]
    assert len(told[0].findings) < len(told[1].findings)


async def test_knatives_metrics_that_are_off_are_the_first_failure() -> None:
    async with Sandbox(QUICK) as sandbox:
        shelf = sandbox.api.store.shelf("", "configmaps")
        off = dict(next(iter(shelf.entries.values())).object)
        sandbox.api.store.put(off | {"data": {"request-metrics-protocol": "none"}})
        async with opened(settings(sandbox)) as (backend, case):
            report = await examined(backend, case)

    assert report.first_failing is not None
    assert report.first_failing.id == "knative.protocol"
    # The pods are older than the change, and still count.
    assert found(report, "chain.queue-proxy").status is Status.WARN


@pytest.mark.parametrize(
    ("resource", "id_", "words"),
    [
        ("configmaps", "knative.protocol", "may not get configmap config-observability in namespace knative-serving"),
        ("deployments", "kserve.version", "may not list deployments in all namespaces"),
        ("deployments", "prometheus.release", "may not list deployments in all namespaces"),
    ],
)
async def test_a_missing_right_costs_that_check_only_and_is_named(resource: str, id_: str, words: str) -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.api.access.forbid(Rule(resource=resource))
        report = await examined(backend, case)

    finding = found(report, id_)
    assert finding.status is Status.UNKNOWN
    assert words in finding.text
    assert found(report, "chain.series").status is Status.OK


async def test_the_release_is_known_without_the_right_to_the_other_kind_of_workload() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.api.access.forbid(Rule(resource="statefulsets"))
        report = await examined(backend, case)

    assert found(report, "prometheus.release").status is Status.OK


async def test_a_right_that_was_granted_meanwhile_is_seen_by_the_next_examination() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.api.access.forbid(Rule(resource="configmaps"))
        before = await examined(backend, case)
        sandbox.api.access.permit_all_again()
        after = await examined(backend, case)

    assert found(before, "knative.protocol").status is Status.UNKNOWN
    assert found(after, "knative.protocol").status is Status.OK


async def test_rights_are_those_that_the_server_grants() -> None:
    async with Sandbox(QUICK) as sandbox:
        reads = [Rule(verb, resource) for verb in ("get", "list", "watch") for resource in ("*",)]
        token = sandbox.api.access.add_user("jane", [*reads])
        async with opened(settings(sandbox, kubeconfig=sandbox.write_kubeconfig("jane", token))) as (backend, case):
            report = await examined(backend, case)

    forward, deploy = found(report, "rights.forward"), found(report, "rights.deploy")
    assert forward.text.startswith("may not create pods/portforward in default")
    assert "--user=jane" in forward.fix
    assert deploy.status is Status.SKIPPED
    assert found(report, "rights.logs").status is Status.OK


async def test_a_review_that_is_forbidden_leaves_rights_unknown() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.api.access.forbid(Rule(group="authorization.k8s.io"))
        report = await examined(backend, case)

    assert found(report, "rights.services").status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"html": True}, "answers with a web page"),
        ({"status": 403}, "does not allow it (403)"),
        ({"drop": True}, "no answer from"),
        ({"delay_s": 30.0}, "too slow"),
    ],
)
async def test_a_prometheus_that_does_not_answer_as_one_is_the_first_failure(
    fault: dict[str, float], words: str
) -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        for name, value in fault.items():
            setattr(sandbox.prometheus.faults, name, value)
        report = await examined(backend, case)

    assert report.first_failing is not None
    assert report.first_failing.id == "prometheus.answer"
    assert words in report.first_failing.text
    assert found(report, "rights.services").status is Status.OK


async def test_a_prometheus_behind_a_tunnel_that_is_not_allowed_says_which_right_is_missing() -> None:
    async with Sandbox(QUICK) as sandbox:
        token = sandbox.api.access.add_user("jane", [Rule("list"), Rule("watch"), Rule("get", "services")])
        kubeconfig = sandbox.write_kubeconfig("jane", token)
        async with opened(settings(sandbox, None, kubeconfig)) as (backend, case):
            report = await examined(backend, case)

    assert "portforward" in found(report, "prometheus.answer").text
    assert "-n monitoring" in found(report, "rights.prometheus").fix


async def test_a_service_without_requests_is_told_to_get_one() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.prometheus.faults.empty = True
        report = await examined(backend, case)

    assert found(report, "prometheus.families").status is Status.WARN


async def test_a_server_that_tells_nothing_of_itself_is_judged_by_its_series() -> None:
    async with Sandbox(QUICK) as sandbox, opened(settings(sandbox)) as (backend, case):
        sandbox.prometheus.faults.reserved = True
        report = await examined(backend, case)

    assert report.first_failing is None
    assert found(report, "prometheus.retention").text == "this server does not tell it"
    assert found(report, "prometheus.job").status is Status.OK


async def test_a_port_that_is_taken_is_known_with_its_owner() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with Sandbox(SandboxOptions(world="quiet", history_s=0)) as sandbox:
            chosen = settings(sandbox)
            async with open_backend(chosen) as backend:
                report = await examined(backend, Case((), "default", ports=(PortFact(port, "the walk"),)))

    # It is this very process that listens: ours is no fault.
    assert found(report, "local.ports").status is Status.OK


def test_jobs_are_read_from_any_configuration() -> None:
    text = """
global: {scrape_interval: 1m}
scrape_configs:
- job_name: kubernetes-pods
  kubernetes_sd_configs: [{role: pod}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: "true"}
- {job_name: kserve-metrics, scrape_interval: 15s, kubernetes_sd_configs: [{role: pod}]}
- {job_name: odd, relabel_configs: nonsense}
- not even a job
"""

    annotated, ours, odd = jobs_of(text)

    assert (annotated.interval, annotated.annotated_only) == ("1m", True)
    assert (ours.name, ours.interval, ours.annotated_only) == ("kserve-metrics", "15s", False)
    assert odd.name == "odd"


@pytest.mark.parametrize("text", ["", "[", "- 1", "scrape_configs: 7", "global: x", "\x00", "a: &a [*a]"])
def test_a_configuration_that_is_none_has_no_jobs(text: str) -> None:
    assert jobs_of(text) == ()
