"""The sandbox gives the answers of a real kube-apiserver 1.36, exchange by exchange."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from kmon_tui.sandbox.apiserver import ApiServer
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.sandbox import conformance_ends, conformance_reads, conformance_writes
from tests.sandbox.conformance import EXCHANGES, Conversation

REAL = json.loads((Path(__file__).parents[1] / "data/conformance/real136.json").read_text())

assert conformance_ends and conformance_reads and conformance_writes  # they fill EXCHANGES


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Any]:
    return asyncio.run(_all_outcomes())


async def _all_outcomes() -> dict[str, Any]:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        _put_a_pod(sandbox.api)
        trust = ssl.create_default_context(cadata=sandbox.authority.certificate_pem.decode())
        headers = {"Authorization": f"Bearer {sandbox.api.token}", "User-Agent": "conf/1"}
        async with httpx.AsyncClient(base_url=sandbox.api.url, headers=headers, verify=trust, timeout=10) as client:
            conversation = Conversation(client)
            outcomes = {}
            for name in REAL:  # the order in which the real server was asked
                outcomes[name] = await EXCHANGES[name](conversation)
            return outcomes


def _put_a_pod(api: ApiServer) -> None:
    """The pod that the recorded cluster had; its port-forward and log are asked for."""
    api.store.put(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod-0", "namespace": "default"},
            "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "model:1"}]},
            "status": {"phase": "Running", "podIP": "127.0.0.1"},
        }
    )
    for number in range(3):
        api.pods.logs.write("default", "pod-0", "main", f"line {number}")


@pytest.mark.parametrize("name", REAL)
def test_the_sandbox_answers_as_the_real_server_did(name: str, outcomes: dict[str, Any]) -> None:
    assert outcomes[name] == REAL[name]


def test_every_exchange_was_recorded() -> None:
    assert set(EXCHANGES) == set(REAL)
