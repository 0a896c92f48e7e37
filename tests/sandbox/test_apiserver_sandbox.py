"""The sandbox as a whole: what it leaves on disk, where it listens, what it logs."""

from __future__ import annotations

import stat

import yaml

from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.sandbox.talk import SERVICES, talking


async def test_the_kubeconfig_is_private_and_goes_with_the_sandbox() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        path = sandbox.kubeconfig
        mode = stat.S_IMODE(path.stat().st_mode)
        folder_mode = stat.S_IMODE(path.parent.stat().st_mode)

    assert (path.name, mode, folder_mode) == ("kubeconfig", 0o600, 0o700)
    assert not path.parent.exists()


async def test_the_kubeconfig_leads_to_loopback_and_trusts_the_sandboxs_certificate() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        config = yaml.safe_load(sandbox.kubeconfig.read_text())

    cluster = config["clusters"][0]["cluster"]
    assert cluster["server"].startswith("https://127.0.0.1:")
    assert cluster["certificate-authority-data"]


async def test_no_private_key_stays_on_disk() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        assert [path.name for path in sandbox.folder.iterdir()] == ["kubeconfig"]


async def test_each_sandbox_has_its_own_token() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as one, Sandbox(SandboxOptions(world="empty")) as other:
        assert one.api.token != other.api.token
        assert one.api.url != other.api.url


async def test_without_tls_it_speaks_plain_http() -> None:
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox:
        assert sandbox.api.url.startswith("http://127.0.0.1:")


async def test_each_request_is_in_the_log() -> None:
    async with talking() as talk:
        await talk.client.get(SERVICES, params={"limit": "5"})
        record = talk.api.log[-1]

    assert (record.method, record.verb, record.resource) == ("GET", "list", "inferenceservices")
    assert (record.query, record.status, record.user_agent) == ({"limit": "5"}, 200, "tests/1")


async def test_knative_may_be_left_out() -> None:
    async with talking(knative=False) as talk:
        response = await talk.client.get("/apis/serving.knative.dev/v1")

    assert response.status_code == 404
