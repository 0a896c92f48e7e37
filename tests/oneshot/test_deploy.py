"""diff and deploy as a script calls them, against the sandbox whose controller makes services ready."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.errors import ReadOnly
from kmon_tui.domain.manifest import Bundle
from kmon_tui.live.audit import Audit
from kmon_tui.live.cluster import KubeCluster
from kmon_tui.live.deployer import KubeDeployer
from kmon_tui.live.inside import LateTrees
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.manifest_files import parse_manifests
from kmon_tui.oneshot import diff
from kmon_tui.oneshot.deploy import Wish, deploy
from kmon_tui.oneshot.get import Answer
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Settings
from tests.live.deploys import IRIS

FAULTY = IRIS.replace("gs://models/iris", "fault://storage-403")


@dataclass(slots=True)
class Somebody:
    """Answers as a test wants it, and remembers what was asked."""

    answers: list[bool] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.heard.append(text)

    def agrees(self, question: str, name: str = "") -> bool:
        self.asked.append((question, name))
        return self.answers.pop(0)


@asynccontextmanager
async def a_cluster(folder: Path, **place: object) -> AsyncGenerator[tuple[Sandbox, OpenBackend]]:
    """Start a sandbox with a controller and no services; ``place`` changes what is known of it."""
    async with Sandbox(SandboxOptions(world="quiet", speed=5.0, history_s=0)) as sandbox:

        @asynccontextmanager
        async def opened(settings: Settings) -> AsyncGenerator[Backend]:
            access = find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig)))
            client = KubeClient(access)
            here = replace(access.place, **place)  # type: ignore[arg-type]  # of tests
            deployer = KubeDeployer(client, here, "default", Audit(folder / "audit.jsonl", here))
            try:
                trees = LateTrees(client)
                yield Backend(here, KubeCluster(client, access), None, deployer=deployer, trees=trees)
            finally:
                await client.close()

        yield sandbox, opened


async def deployed(opened: OpenBackend, person: Somebody, text: str = IRIS, **wish: object) -> Answer:
    """Deploy a text."""
    asked = Wish(Bundle(parse_manifests(text, "iris.yaml")), **wish)  # type: ignore[arg-type]  # of tests
    return await deploy(opened, Settings(), asked, person, lambda: datetime.now(UTC))


def exists(sandbox: Sandbox) -> bool:
    return sandbox.api.store.get("serving.kserve.io", "inferenceservices", "default", "iris") is not None


async def test_a_deploy_waits_until_the_service_is_ready(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (_, opened):
        answer = await deployed(opened, Somebody(), yes=True, form="json")

    document = json.loads(answer.text)
    assert answer.code == 0
    assert document["outcome"] == "ready"
    assert document["services"][0]["readiness"] == "ready"


async def test_a_deploy_that_fails_ends_with_its_reason(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (_, opened):
        answer = await deployed(opened, Somebody(), FAULTY, yes=True, form="json")

    document = json.loads(answer.text)
    assert answer.code == 1
    assert document["outcome"] == "failed"
    assert document["services"][0]["reason"] == "ModelLoadFailed"
    assert document["services"][0]["cause"] == "storage-denied"
    assert "may not read fault://storage-403" in answer.words[0]
    assert "kubectl -n default" in answer.words[1]


async def test_a_wait_that_is_too_short_ends_with_the_code_of_time(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (_, opened):
        answer = await deployed(opened, Somebody(), yes=True, wait_s=0.1)

    assert answer.code == 5


async def test_an_answer_of_no_writes_nothing(tmp_path: Path) -> None:
    person = Somebody([False])
    async with a_cluster(tmp_path) as (sandbox, opened):
        answer = await deployed(opened, person)

        assert answer.code == 1
        assert not exists(sandbox)
        assert "storageUri: gs://models/iris" in person.heard[0]


async def test_a_dry_run_asks_and_writes_nothing(tmp_path: Path) -> None:
    person = Somebody()
    async with a_cluster(tmp_path) as (sandbox, opened):
        answer = await deployed(opened, person, dry_run=True)

        assert answer.code == 0
        assert not exists(sandbox)
        assert person.asked == []


async def test_a_protected_context_wants_its_name(tmp_path: Path) -> None:
    person = Somebody([False])
    async with a_cluster(tmp_path, protected=True) as (_, opened):
        await deployed(opened, person)

    assert person.asked[0][1] == "sandbox"


async def test_a_read_only_place_is_not_written_to_even_with_yes(tmp_path: Path) -> None:
    async with a_cluster(tmp_path, read_only="/etc says so") as (sandbox, opened):
        with pytest.raises(ReadOnly):
            await deployed(opened, Somebody(), yes=True)

        assert not exists(sandbox)


async def test_one_refused_document_keeps_all_from_being_written(tmp_path: Path) -> None:
    bad = IRIS.replace("name: iris", "name: other").replace("minReplicas: 1", "minReplicas: five")
    async with a_cluster(tmp_path) as (sandbox, opened):
        answer = await deployed(opened, Somebody(), f"{IRIS}---\n{bad}", yes=True)

        assert answer.code == 2
        assert not exists(sandbox)
        assert answer.words[0].startswith("iris.yaml line 18: InferenceService default/other")


async def test_diff_is_one_before_and_zero_after(tmp_path: Path) -> None:
    wish = diff.Wish(Bundle(parse_manifests(IRIS, "iris.yaml")))
    async with a_cluster(tmp_path) as (_, opened):
        before = await diff.diff(opened, Settings(), wish)
        await deployed(opened, Somebody(), yes=True, wait_s=0.0)
        after = await diff.diff(opened, Settings(), wish)

    assert (before.code, after.code) == (1, 0)
    assert after.text == ""


async def test_diff_as_json_tells_each_field(tmp_path: Path) -> None:
    wish = diff.Wish(Bundle(parse_manifests(IRIS, "iris.yaml")), form="json")
    async with a_cluster(tmp_path) as (_, opened):
        answer = await diff.diff(opened, Settings(), wish)

    item = json.loads(answer.text)["items"][0]
    assert item["verdict"] == "new"
    assert {"field": "spec.predictor.minReplicas", "said": True, "new": 1} in item["changes"]


RULE = """
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: kserve}
spec: {groups: []}
"""


async def test_a_kind_that_the_cluster_does_not_know_stops_all_and_says_how_to_go_on(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (sandbox, opened):
        answer = await deployed(opened, Somebody(), IRIS + RULE, yes=True)

        assert answer.code == 2
        assert "iris.yaml line" in answer.words[0]
        assert "knows no monitoring.coreos.com/v1 (kind PrometheusRule)" in answer.words[0]
        assert answer.words[1] == "--skip-unknown leaves it out and goes on with the other"
        assert not exists(sandbox)


async def test_what_the_cluster_does_not_know_is_left_out_when_asked(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (sandbox, opened):
        answer = await deployed(opened, Somebody(), IRIS + RULE, yes=True, skip_unknown=True, form="json", wait_s=0)

        document = json.loads(answer.text)
        assert answer.code == 0
        assert exists(sandbox)
        assert [item["verdict"] for item in document["items"]] == ["new", "left out"]
        assert [step["done"] for step in document["applied"]] == ["created", "left out"]


async def test_a_kind_whose_definition_comes_along_says_what_to_deploy_first(tmp_path: Path) -> None:
    definition = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: toys, singular: toy, kind: Toy}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
---
apiVersion: example.com/v1
kind: Toy
metadata: {name: bear}
"""
    async with a_cluster(tmp_path) as (_, opened):
        answer = await deployed(opened, Somebody(), definition, yes=True)

    assert answer.code == 2
    assert "comes with the same manifests: deploy that first" in answer.words[0]


async def test_a_dry_run_that_would_take_fields_of_others_is_a_finding(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (sandbox, opened):
        await deployed(opened, Somebody(), yes=True, wait_s=0)
        iris = sandbox.api.store.get("serving.kserve.io", "inferenceservices", "default", "iris")
        assert iris is not None
        fields = [{**entry, "manager": "gitops"} for entry in iris["metadata"]["managedFields"]]
        sandbox.api.store.put({**iris, "metadata": {**iris["metadata"], "managedFields": fields}})

        other = IRIS.replace("gs://models/iris", "gs://models/other")
        looked = await deployed(opened, Somebody(), other, dry_run=True)
        taken = await deployed(opened, Somebody(), other, dry_run=True, force=True)

    assert (looked.code, taken.code) == (1, 0)
    assert "gitops owns spec.predictor.model.storageUri" in looked.words[1]


async def test_there_is_nothing_to_go_on_with_when_all_is_unknown(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as (_, opened):
        answer = await deployed(opened, Somebody(), RULE, yes=True)

    assert len(answer.words) == 1
