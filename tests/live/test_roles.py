"""manifests/rbac.yaml is complete: with exactly its roles the program meets no refusal, whatever it is asked for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.backend import Backend
from kmon_tui.domain.doctor.facts import Case
from kmon_tui.domain.doctor.finding import Status
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.forward import ForwardSpec, parse_target
from kmon_tui.domain.logs import LogRequest
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.via import Via
from kmon_tui.live import open_backend
from kmon_tui.oneshot.metrics import complete_fleet
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings

pytestmark = pytest.mark.timeout(120)
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
ROLES: dict[str, dict[str, Any]] = {
    role["metadata"]["name"]: role for role in yaml.safe_load_all((MANIFESTS / "rbac.yaml").read_text(encoding="utf-8"))
}
QUICK = (1000.0, 1000)
"""Requests per second and in a burst: what is asked is tried here, not how slowly."""
IRIS = Key(Kind.ISVC, "default", "sklearn-iris")


def rules_of(name: str) -> Iterator[Rule]:
    """Give a role as the sandbox has them; an aggregated one is the sum of those that its selector finds."""
    role = ROLES[name]
    for selector in role.get("aggregationRule", {}).get("clusterRoleSelectors", ()):
        for other, found in ROLES.items():
            if selector["matchLabels"].items() <= found["metadata"]["labels"].items():
                yield from rules_of(other)
    for rule in role.get("rules", ()):
        for verb, resource, group in itertools.product(rule["verbs"], rule["resources"], rule["apiGroups"]):
            yield Rule(verb, resource, group)


@asynccontextmanager
async def playing(role: str, *, direct: bool) -> AsyncIterator[tuple[Sandbox, Backend, Fleet]]:
    """Run a demo cluster for somebody with one role; ``direct``: Prometheus is named, and needs no tunnel."""
    async with Sandbox(SandboxOptions(history_s=60)) as sandbox:
        token = sandbox.api.access.add_user("jane", rules_of(role))
        kube = KubeSettings(kubeconfig=str(sandbox.write_kubeconfig("jane", token)), all_namespaces=True)
        url = sandbox.prometheus_url if direct else None
        settings = Settings(kube=kube, prometheus=PrometheusSettings(url=url))
        async with open_backend(settings, rate=QUICK) as backend:
            yield sandbox, backend, await complete_fleet(backend, settings)


def refused(sandbox: Sandbox) -> list[str]:
    """Give what was refused."""
    return [f"{record.verb} {record.path}" for record in sandbox.api.log if record.status == 403]


def refused_to_read(sandbox: Sandbox) -> list[str]:
    """The same without tunnels: what a model itself answers is asked through one, and not known to a mere viewer."""
    return [one for one in refused(sandbox) if not one.endswith("/portforward")]


async def look_around(backend: Backend, fleet: Fleet) -> None:
    """Do all that only reads: trees and logs of every service, the doctor, events, numbers."""
    assert backend.trees is not None
    assert backend.logs is not None
    assert backend.doctor is not None
    assert backend.measures is not None
    for isvc in fleet.services:
        await backend.trees.look(isvc.key)
    async with asyncio.timeout(20), aclosing(backend.trees.watch(IRIS)) as trees:
        async for _ in trees:
            break
    async with aclosing(backend.logs.read(LogRequest(IRIS, follow=False))) as lines:
        async for _ in lines:
            pass
    case = Case(fleet.services, None, IRIS)
    report = await backend.doctor.examine(case, backend.metrics, lambda _: None)
    await backend.doctor.examine(replace(case, key=None), backend.metrics, lambda _: None)
    await backend.measures.measure(fleet.services, IRIS, 60)
    assert not [one for one in report.findings if one.status is Status.UNKNOWN]


async def test_the_viewer_meets_no_refusal() -> None:
    async with playing("kmon-tui-view", direct=True) as (sandbox, backend, fleet):
        await look_around(backend, fleet)

        assert len(fleet.services) > 10
        assert refused_to_read(sandbox) == []


async def test_the_full_role_meets_none_either_and_may_forward_predict_and_deploy() -> None:
    async with playing("kmon-tui-full", direct=False) as (sandbox, backend, fleet):
        await look_around(backend, fleet)
        await forward_and_predict(backend, fleet)
        await deploy(backend)

        assert refused(sandbox) == []


async def forward_and_predict(backend: Backend, fleet: Fleet) -> None:
    """Open a forward to a model and send it a request."""
    assert backend.tunnels is not None
    assert backend.predictor is not None
    spec = ForwardSpec("iris", parse_target("default/isvc/sklearn-iris"))
    async with aclosing(backend.tunnels.hold(spec)) as forwards:
        async for forward in forwards:
            if forward.pod:
                break
    isvc = next(one for one in fleet.services if one.key == IRIS)
    prepared = await backend.predictor.prepare(isvc, None, Via.FORWARD)
    async with aclosing(backend.predictor.send(isvc, prepared.request)) as answers:
        last = [answer async for answer in answers][-1]
    assert last.status == 200


async def deploy(backend: Backend) -> None:
    """Apply our own first model."""
    assert backend.deployer is not None
    bundle = await backend.deployer.read(str(MANIFESTS / "inference-service.yaml"))
    plan = await backend.deployer.plan(bundle.manifests)
    assert not plan.refused
    for planned in plan.items:
        if planned.writes:
            await backend.deployer.apply(planned, force=True)


async def test_a_viewer_of_one_namespace_sees_it_and_asks_for_little_beside_it() -> None:
    async with Sandbox(SandboxOptions(history_s=60)) as sandbox:
        bound = [replace(rule, namespace="default") for rule in rules_of("kmon-tui-view")]
        token = sandbox.api.access.add_user("jane", bound)
        kube = KubeSettings(kubeconfig=str(sandbox.write_kubeconfig("jane", token)), namespace="default")
        settings = Settings(kube=kube, prometheus=PrometheusSettings(url=sandbox.prometheus_url))
        async with open_backend(settings, rate=QUICK) as backend:
            fleet = await complete_fleet(backend, settings)
            assert backend.trees is not None
            for isvc in fleet.services:
                with suppress(BackendError):
                    await backend.trees.look(isvc.key)

    # Cluster-scoped kinds can be granted by a ClusterRoleBinding only.
    outside = [one for one in refused_to_read(sandbox) if "/namespaces/default/" in one]
    assert len(fleet.services) >= 2
    assert outside == []
