"""Long answers come compressed from API servers that can, and are the same when they are unpacked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.live.asking import Ask
from kmon_tui.live.inflate import inflated
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings

LIST = Ask("list", "configmaps", None)
MAPS = "/api/v1/configmaps"


def client_of(kubeconfig: Path) -> KubeClient:
    return KubeClient(find_access(KubeSettings(kubeconfig=str(kubeconfig))), answer_s=5.0)


def fill(sandbox: Sandbox, maps: int) -> None:
    for number in range(maps):
        meta = {"name": f"map-{number:03d}", "namespace": "default"}
        sandbox.api.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"text": "x" * 1000}})


async def answered(sandbox: Sandbox, kubeconfig: Path) -> tuple[dict[str, Any], str]:
    """Ask for all maps; give what came, and how."""
    client = client_of(kubeconfig)
    try:
        body = await client.get_long(MAPS, LIST)
        response = await client._request(MAPS, LIST, timeout=None, encoding="gzip")  # type: ignore[arg-type]  # none
        response.close()
        return json.loads(body), response.headers.get("Content-Encoding", "plain")
    finally:
        await client.close()


async def test_a_long_list_comes_compressed_and_a_short_one_as_it_is() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        fill(sandbox, 3)
        few, few_came = await answered(sandbox, sandbox.kubeconfig)
        fill(sandbox, 200)
        many, many_came = await answered(sandbox, sandbox.kubeconfig)

    assert (few_came, many_came) == ("plain", "gzip")
    assert [len(few["items"]) < 20, len(many["items"]) >= 200] == [True, True]
    assert all(item["data"]["text"] == "x" * 1000 for item in many["items"] if item["metadata"]["name"][:4] == "map-")


async def test_who_asks_for_no_compression_gets_none() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        fill(sandbox, 200)
        content = yaml.safe_load(sandbox.kubeconfig.read_text())
        content["clusters"][0]["cluster"]["disable-compression"] = True
        plain = sandbox.folder / "plain"
        plain.write_text(yaml.safe_dump(content))

        many, came = await answered(sandbox, plain)

    assert (came, len(many["items"]) >= 200) == ("plain", True)


@pytest.mark.parametrize("parts", [1, 3])
def test_what_was_packed_comes_out_whole(parts: int) -> None:
    assert inflated(b"".join([gzip.compress(b"hello ")] * parts)) == b"hello " * parts


@pytest.mark.parametrize(
    "packed",
    [b"{}", gzip.compress(b"hello " * 900)[:-9], gzip.compress(b"hello") + b"more"],
    ids=["plain", "cut", "with more behind"],
)
def test_what_cannot_be_unpacked_is_an_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"gzip|cut short"):
        inflated(packed)


async def test_a_watch_whose_transport_is_made_anew_is_cut_and_no_bug() -> None:
    path = f"{MAPS}?watch=true&resourceVersion=0"
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        client = client_of(sandbox.kubeconfig)
        async with client.lines(path, Ask("watch", "configmaps", None), 5.0) as lines:
            await client._drop()  # as when a login plugin gives another client certificate

            with pytest.raises(BackendError) as caught:
                for _ in range(1000):
                    await lines.next_line()
        await client.close()

    assert isinstance(caught.value, Unreachable)
