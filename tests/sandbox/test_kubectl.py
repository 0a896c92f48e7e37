"""A real kubectl takes the sandbox for a cluster."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import tools
from tests.sandbox.talk import GROUP, Talk, isvc, talking

pytestmark = pytest.mark.e2e
READY = {"conditions": [{"type": "Ready", "status": "True"}], "url": "http://a.default.example.com"}


@dataclass
class Kubectl:
    """kubectl with the sandbox's kubeconfig."""

    talk: Talk
    environment: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it in the background; ended when the block is."""
        process = await asyncio.create_subprocess_exec(
            *(str(tools.kubectl()), "--kubeconfig", str(self.talk.sandbox.kubeconfig), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(self.talk.sandbox.folder), **self.environment},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run it to its end and return its words."""
        async with self.running(*arguments) as process:
            out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == code, out.decode()
        return out.decode()

    def manifest(self, name: str = "a", **changes: Any) -> str:
        """Write a manifest into the sandbox's folder; its path."""
        path = Path(self.talk.sandbox.folder) / f"{name}.json"
        path.write_text(json.dumps(isvc(name, **changes)))
        return str(path)


@asynccontextmanager
async def kubectl() -> AsyncIterator[Kubectl]:
    tools.kubectl()  # fetched before the sandbox starts
    async with talking() as talk:
        yield Kubectl(talk)


async def line(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout is not None
    text = await asyncio.wait_for(process.stdout.readline(), 30)
    return text.decode().split()


async def test_get_prints_the_columns_of_the_definition() -> None:
    async with kubectl() as run:
        run.talk.api.store.put(isvc(status=READY))
        head, row = (text.split() for text in (await run("get", "isvc", "-A")).splitlines())

    assert head[:4] == ["NAMESPACE", "NAME", "URL", "READY"]
    assert head[4:] == ["PREV", "LATEST", "PREVROLLEDOUTREVISION", "LATESTREADYREVISION", "AGE"]
    assert row[:4] == ["default", "a", "http://a.default.example.com", "True"]


async def test_get_w_follows_changes() -> None:
    async with kubectl() as run:
        run.talk.api.store.put(isvc())
        async with run.running("get", "isvc", "-w", "--no-headers") as process:
            first = await line(process)
            run.talk.api.store.put(isvc(status=READY))
            second = await line(process)

    assert (first[0], second[:3]) == ("a", ["a", "http://a.default.example.com", "True"])


async def test_apply_server_side_creates_and_then_changes_nothing() -> None:
    async with kubectl() as run:
        path = run.manifest()
        said = await run("apply", "--server-side", "-f", path)
        before = run.talk.api.store.revision
        await run("apply", "--server-side", "-f", path)

        assert said == "inferenceservice.serving.kserve.io/a serverside-applied\n"
        assert run.talk.api.store.revision == before


async def test_apply_server_side_names_who_owns_what_it_would_change() -> None:
    async with kubectl() as run:
        await run("apply", "--server-side", "--field-manager=gitops", "-f", run.manifest())
        path = run.manifest(spec={"predictor": {"model": {"modelFormat": {"name": "xgboost"}}}})
        said = await run("apply", "--server-side", "-f", path, code=1)

    assert 'Apply failed with 1 conflict: conflict with "gitops": .spec.predictor.model.modelFormat.name' in said


async def test_apply_from_the_clients_side_merges_three_ways() -> None:
    async with kubectl() as run:
        await run("apply", "-f", run.manifest(spec={"predictor": {"minReplicas": 1, "maxReplicas": 2}}))
        said = await run("apply", "-f", run.manifest(spec={"predictor": {"minReplicas": 3}}))
        found = run.talk.api.store.get(GROUP, "inferenceservices", "default", "a")

    assert said == "inferenceservice.serving.kserve.io/a configured\n"
    assert found is not None and found["spec"]["predictor"] == {"minReplicas": 3}


async def test_diff_shows_what_apply_would_change() -> None:
    async with kubectl() as run:
        await run("apply", "--server-side", "-f", run.manifest())
        path = run.manifest(spec={"predictor": {"minReplicas": 7}})
        said = await run("diff", "--server-side", "--force-conflicts", "-f", path, code=1)

    assert "+    minReplicas: 7" in said


async def test_an_unknown_field_is_refused_by_a_strict_apply() -> None:
    async with kubectl() as run:
        path = run.manifest(spec={"predictor": {"replicaz": 7}})
        said = await run("apply", "--validate=strict", "-f", path, code=1)

    assert 'unknown field "spec.predictor.replicaz"' in said


async def test_wait_ends_when_the_condition_is_met() -> None:
    async with kubectl() as run:
        run.talk.api.store.put(isvc())
        async with run.running("wait", "--for=condition=Ready", "isvc/a", "--timeout=30s") as process:
            run.talk.api.store.put(isvc(status=READY))
            words = await line(process)

    assert words == ["inferenceservice.serving.kserve.io/a", "condition", "met"]


async def test_wait_gives_up_in_time() -> None:
    async with kubectl() as run:
        run.talk.api.store.put(isvc())
        said = await run("wait", "--for=condition=Ready", "isvc/a", "--timeout=1s", code=1)

    assert "timed out waiting for the condition" in said


async def test_delete_waits_until_the_object_has_gone() -> None:
    async with kubectl() as run:
        run.talk.api.store.put(isvc(namespace="old"))
        await run("delete", "namespace", "old")

        assert run.talk.api.store.list(GROUP, "inferenceservices") == []


async def test_explain_knows_the_fields() -> None:
    async with kubectl() as run:
        said = await run("explain", "isvc.spec.predictor.minReplicas")

    assert "FIELD: minReplicas <integer>" in said


async def test_typed_commands_that_speak_protobuf_are_understood() -> None:
    async with kubectl() as run:
        await run("create", "namespace", "team")
        await run("create", "configmap", "c", "-n", "team", "--from-literal=key=value")
        await run("create", "deployment", "d", "-n", "team", "--image=web:1", "--port=8080", "--replicas=2")
        may = await run("auth", "can-i", "list", "isvc")
        store = run.talk.api.store
        config_map, deployment = store.list("", "configmaps", "team")[0], store.list("apps", "deployments", "team")[0]

    assert config_map["data"] == {"key": "value"}
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] == 8080
    assert may == "yes\n"


@pytest.mark.parametrize("websockets", ["true", "false"])
async def test_port_forward_reaches_the_pod(websockets: str) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, kubectl() as run:
        _put_pod(run.talk)
        run.environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = websockets
        async with run.running("port-forward", "--address", "127.0.0.1", "pod/p", f":{port}") as process:
            words = " ".join(await line(process))
            found = re.search(r"127\.0\.0\.1:(\d+)", words)
            assert found, words
            reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
            writer.write(b"hello\n")
            answer = await asyncio.wait_for(reader.readline(), 10)
            writer.close()

    assert answer == b"HELLO\n"


async def test_logs_are_followed() -> None:
    async with kubectl() as run:
        _put_pod(run.talk)
        run.talk.api.pods.logs.write("default", "p", "main", "first line")
        async with run.running("logs", "-f", "p") as process:
            first = await line(process)
            run.talk.api.pods.logs.write("default", "p", "main", "second line")
            second = await line(process)

    assert (first[0], second[0]) == ("first", "second")


def _put_pod(talk: Talk) -> None:
    talk.api.store.put(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "model:1"}]},
            "status": {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
        }
    )
