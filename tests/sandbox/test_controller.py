"""The controller: new services become ready, fail as their storageUri says, change, stop and go."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiohttp import ClientSession

from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.promql.values import Vector
from kmon_tui.sandbox.world import World
from kmon_tui.sandbox.world_faults import part
from kmon_tui.sandbox.world_templates import exists, names_in
from tests.sandbox.world_tools import GROUP, a_world, condition, isvc, pods_of, stored, until

IRIS = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
FAULTS = [
    name for name in names_in("faults") if part(name, "about").keys() <= {"cause", "age_s"} and part(name, "events")
]
"""Those that any service may have, whatever its mode and its components; a deletion is none of a service's own."""


async def ready(store: Store, name: str) -> dict[str, Any]:
    """Wait until a service is ready."""
    await until(lambda: condition(stored(store, name), "Ready").get("status") == "True", f"{name} is ready")
    found = stored(store, name)
    assert found is not None
    return found


async def predict(world: World, store: Store, name: str, port: int) -> Any:
    """Send iris to a pod of a service."""
    pod = pods_of(store, name)[0]["status"]
    url = f"http://{pod['podIP']}:{port}/v1/models/{name}:predict"
    async with ClientSession() as client, client.post(url, json=IRIS) as answer:
        return await answer.json()


@pytest.mark.parametrize(("mode", "port"), [("Knative", 8012), ("Standard", 8080)])
async def test_a_new_service_becomes_ready_serves_and_is_counted(mode: str, port: int) -> None:
    async with a_world() as (world, store):
        store.put(isvc("mine", mode=mode))
        found = await ready(store, "mine")

        answer = await predict(world, store, "mine", port)
        await world.prometheus.scrape()

        value = world.prometheus.engine.instant('kserve_request_count{service_name="mine"}', round(time.time() * 1000))
        assert answer == {"predictions": [1, 1]}
        assert isinstance(value, Vector)
        assert [row.values for row in value.rows] == [[1.0]]
        assert found["status"]["deploymentMode"] == mode
        assert found["status"]["clusterServingRuntimeName"] == "kserve-sklearnserver"
        assert found["metadata"]["finalizers"] == ["inferenceservice.finalizers"]


async def test_a_service_goes_through_unknown_before_it_is_ready() -> None:
    async with a_world() as (_, store):
        seen: list[str] = []
        store.listeners.append(
            lambda kind, change: seen.append(condition(change.new.object, "Ready").get("status", ""))
        )

        store.put(isvc("mine"))
        await ready(store, "mine")

        assert seen.index("Unknown") < seen.index("True")


async def test_controllers_sign_what_they_write_and_replica_sets_count_their_own_pods() -> None:
    def replica_sets() -> list[tuple[str, int]]:
        found = store.list("apps", "replicasets", "default")
        return sorted(
            (one["metadata"]["annotations"]["deployment.kubernetes.io/revision"], one["status"]["readyReplicas"])
            for one in found
        )

    async with a_world() as (_, store):
        store.put(isvc("mine", mode="Standard"))
        await ready(store, "mine")
        before = replica_sets()
        crash = {"serving.kserve.io/deploymentMode": "Standard", "sandbox.kmon-tui/fault": "crash"}
        store.put({**isvc("mine", "gs://bucket/other"), "metadata": {**isvc("mine")["metadata"], "annotations": crash}})
        await until(lambda: len(replica_sets()) == 2, "the new version is made")

        deployment = store.get("apps", "deployments", "default", "mine-predictor") or {}
        signed = {(one["manager"], one.get("subresource", "")) for one in deployment["metadata"]["managedFields"]}
        assert (before, replica_sets()) == ([("1", 1)], [("1", 1), ("2", 0)])
        assert signed == {("manager", ""), ("kube-controller-manager", "status")}


async def test_a_predictor_in_the_old_form_is_understood() -> None:
    async with a_world() as (_, store):
        old = isvc("old")
        old["spec"] = {"predictor": {"sklearn": {"storageUri": "gs://bucket/iris"}}}

        store.put(old)

        assert (await ready(store, "old"))["status"]["clusterServingRuntimeName"] == "kserve-sklearnserver"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("mode", ["Knative", "Standard"])
async def test_a_fault_in_the_storage_uri_is_told_by_pods_status_and_events(fault: str, mode: str) -> None:
    async with a_world() as (_, store):
        store.put(isvc("broken", f"fault://{fault}", mode=mode))
        await until(lambda: any(e["type"] == "Warning" for e in store.list("", "events")), "a warning")

        found = stored(store, "broken")
        assert condition(found, "Ready")["status"] != "True"
        assert bool(pods_of(store, "broken")) is exists(f"faults/{fault}/broken/pod.yaml")
        assert "${" not in str(found) + str(pods_of(store, "broken")) + str(store.list("", "events"))


async def test_a_failing_update_leaves_the_old_revision_serving() -> None:
    async with a_world() as (world, store):
        store.put(isvc("mine"))
        found = await ready(store, "mine")

        found["spec"]["predictor"]["model"]["storageUri"] = "fault://crash"
        store.put(found)
        await until(lambda: len(pods_of(store, "mine")) == 2, "a second pod")
        await until(lambda: condition(stored(store, "mine"), "Ready").get("status") != "True", "not ready")

        first = next(pod for pod in pods_of(store, "mine") if "-00001-" in pod["metadata"]["name"])
        assert ("default", first["metadata"]["name"]) in world.models


async def test_a_change_makes_a_new_revision_and_the_old_pods_go() -> None:
    async with a_world() as (_, store):
        store.put(isvc("mine"))
        found = await ready(store, "mine")

        found["spec"]["predictor"]["model"]["storageUri"] = "gs://bucket/iris-2"
        store.put(found)
        await until(
            lambda: ["-00002-" in pod["metadata"]["name"] for pod in pods_of(store, "mine")] == [True],
            "only the new revision has a pod",
        )

        newest = await ready(store, "mine")
        assert newest["status"]["components"]["predictor"]["latestReadyRevision"] == "mine-predictor-00002"


@pytest.mark.parametrize("mode", ["Knative", "Standard"])
async def test_controllers_have_looked_at_what_they_changed(mode: str) -> None:
    kinds = (("apps", "deployments"), ("apps", "replicasets"), ("serving.knative.dev", "services"))

    async with a_world() as (_, store):
        store.put(isvc("mine", mode=mode))
        found = await ready(store, "mine")
        found["spec"]["predictor"]["model"]["modelFormat"]["name"] = "xgboost"
        store.put(found)
        await until(lambda: len(pods_of(store, "mine")) == 2, "a pod of the new version")

        made = [one for group, plural in kinds for one in store.list(group, plural, "default")]

        assert max(one["metadata"]["generation"] for one in made) > 1
        assert [one["metadata"]["generation"] for one in made] == [
            one["status"]["observedGeneration"] for one in made if "observedGeneration" in one["status"]
        ]


async def test_an_annotation_that_is_handed_down_to_the_pods_makes_new_ones() -> None:
    async with a_world() as (_, store):
        store.put(isvc("mine"))
        found = await ready(store, "mine")

        found["metadata"]["annotations"] = {**found["metadata"].get("annotations", {}), "restarted-at": "1"}
        store.put(found)

        await until(
            lambda: ["-00002-" in pod["metadata"]["name"] for pod in pods_of(store, "mine")] == [True],
            "only the new revision has a pod",
        )


async def test_the_number_of_pods_follows_min_replicas() -> None:
    async with a_world() as (_, store):
        store.put(isvc("many", mode="Standard", minReplicas=3))
        await ready(store, "many")

        assert len(pods_of(store, "many")) == 3


async def test_a_stopped_service_has_no_pods_and_starts_again() -> None:
    async with a_world() as (_, store):
        store.put(isvc("mine"))
        found = await ready(store, "mine")

        found["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"
        store.put(found)
        await until(lambda: condition(stored(store, "mine"), "Stopped").get("status") == "True", "stopped")
        await until(lambda: not pods_of(store, "mine"), "no pods")
        again = stored(store, "mine")
        assert again is not None
        del again["metadata"]["annotations"]["serving.kserve.io/stop"]
        store.put(again)

        await ready(store, "mine")


async def test_a_deleted_service_takes_everything_with_it() -> None:
    async with a_world() as (world, store):
        store.put(isvc("mine"))
        await ready(store, "mine")
        pod = pods_of(store, "mine")[0]["metadata"]["name"]

        store.delete(GROUP, "inferenceservices", "default", "mine")
        await until(lambda: stored(store, "mine") is None, "the service is gone")
        await until(lambda: not pods_of(store, "mine"), "its pods are gone")

        assert ("default", pod) not in world.models
        assert store.list("serving.knative.dev", "services") == []
        assert store.list("apps", "deployments", "default") == []


async def test_a_service_made_anew_is_another_one() -> None:
    async with a_world() as (_, store):
        store.put(isvc("mine"))
        first = await ready(store, "mine")
        store.delete(GROUP, "inferenceservices", "default", "mine")
        await until(lambda: stored(store, "mine") is None, "gone")

        store.put(isvc("mine"))

        assert (await ready(store, "mine"))["metadata"]["uid"] != first["metadata"]["uid"]


async def test_an_llm_inference_service_serves_on_port_8000() -> None:
    async with a_world() as (world, store):
        metadata = {"name": "chat", "namespace": "default"}
        spec = {"model": {"uri": "hf://org/model", "name": "org/model"}, "replicas": 1}
        store.put(
            {"apiVersion": f"{GROUP}/v1alpha2", "kind": "LLMInferenceService", "metadata": metadata, "spec": spec}
        )
        await until(
            lambda: (
                condition(store.get(GROUP, "llminferenceservices", "default", "chat"), "Ready").get("status") == "True"
            ),
            "chat is ready",
        )
        pod = next(iter(world.actor("default", "chat", "LLMInferenceService").state.pods.values()))
        url = f"http://{pod.ip}:8000/v1/chat/completions"
        body = {"model": "org/model", "messages": [{"role": "user", "content": "hi"}]}

        async with ClientSession() as client, client.post(url, json=body) as answer:
            said = await answer.json()

        assert said["choices"][0]["message"]["role"] == "assistant"
