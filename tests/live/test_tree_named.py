"""Whether what a service names exists is looked up, and nothing of what is in it ever comes to us."""

from __future__ import annotations

from typing import Any

import aiohttp

from kmon_tui.domain.diagnosis.named import with_absent
from kmon_tui.domain.tree import Ref, Why
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from kmon_tui.live.kube import AS_LINE
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox
from kmon_tui.settings import KubeSettings
from tests.live.test_trees import EMPTY, IRIS, crashing, trees_of
from tests.live.watching import pod, sample

CREDENTIALS = Ref("Secret", "s3-creds", "default")
FOUND = Diagnosis("crash-loop", "p1 crashes", Ref("Pod", "p1", "default"))


def naming(*, ready: bool = False) -> Any:
    """A pod that names one of each."""
    found = pod("sklearn-iris", "p1", ready=ready) if ready else crashing("p1")
    found["spec"] |= {
        "serviceAccountName": "models",
        "volumes": [
            {"name": "s", "secret": {"secretName": "s3-creds"}},
            {"name": "o", "secret": {"secretName": "nobody-misses-it", "optional": True}},
        ],
        "containers": [
            {
                "name": "kserve-container",
                "image": "a",
                "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}],
            }
        ],
    }
    return found


def secret(name: str) -> Any:
    hidden = {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"key":"hunter2"}}'}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "default", "annotations": hidden},
        "data": {"key": "aHVudGVyMg=="},
    }


async def what_comes(sandbox: Sandbox) -> str:
    """Ask for the secret as the program does, and give all that is answered."""
    access = find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig)))
    assert access.login.token is not None
    url = f"{access.endpoint.server}/api/v1/namespaces/default/secrets/s3-creds?includeObject=None"
    headers = {"Accept": AS_LINE, "Authorization": f"Bearer {access.login.token.reveal()}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        assert response.status == 200
        return await response.text()


async def test_what_is_named_and_not_there_is_known() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(naming())
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)

    assert set(tree.absent) == {
        CREDENTIALS,
        Ref("ConfigMap", "settings", "default"),
        Ref("ServiceAccount", "models", "default"),
    }


async def test_of_a_secret_that_exists_not_even_the_metadata_comes() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(naming())
        sandbox.api.store.put(secret("s3-creds"))
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)
        asked = [record for record in sandbox.api.log if record.resource == "secrets"]
        answer = await what_comes(sandbox)

    assert CREDENTIALS not in tree.absent
    assert [record.verb for record in asked] == ["get"]
    assert all(record.query.get("includeObject") == "None" for record in asked)
    assert "hunter2" not in answer
    assert "aHVudGVyMg" not in answer


async def test_a_service_that_is_well_costs_no_question() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(naming(ready=True))
        async with trees_of(sandbox) as trees:
            await trees.look(IRIS)

        assert not [record for record in sandbox.api.log if record.resource in ("secrets", "configmaps")]


async def test_without_the_right_the_rest_is_known_and_the_right_is_named() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(naming())
        sandbox.api.access.forbid(Rule(resource="secrets"))
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)

    told = [(blind.kind, blind.text) for blind in tree.blind if blind.why is Why.FORBIDDEN]
    assert [kind for kind, _ in told] == ["Secret"]
    assert "get secrets in namespace default" in told[0][1]
    assert Ref("ConfigMap", "settings", "default") in tree.absent


def test_what_is_missing_stands_in_the_evidence_of_a_fault() -> None:
    found = with_absent(FOUND, (CREDENTIALS,))

    assert found.cause == "crash-loop"
    assert [step.text for step in found.evidence] == ["Secret default/s3-creds is named by it and does not exist"]
    assert found.tries[-1].command == "kubectl -n default get secrets"


def test_what_is_told_already_and_what_is_well_gets_no_second_word() -> None:
    told = Diagnosis("config-missing", "the secret s3-creds does not exist", CREDENTIALS)

    assert with_absent(told, (CREDENTIALS,)) is told
    assert with_absent(Diagnosis(HEALTHY, "well"), (CREDENTIALS,)).evidence == ()


async def test_a_node_that_a_pod_is_bound_to_and_that_does_not_exist_is_known() -> None:
    lost = crashing("p1")
    lost["spec"]["nodeName"] = "no-such-node"
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(lost)
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)

    assert tree.absent == (Ref("Node", "no-such-node"),)
