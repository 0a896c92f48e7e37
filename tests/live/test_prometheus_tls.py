"""Prometheus behind TLS and a login: the CA, user and password, token and headers as flags and files give them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kmon_tui.domain.errors import BackendError, SettingsError
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.sandbox.tls import Authority
from kmon_tui.settings import PrometheusSettings, Secret
from tests.e2e.sandbox import plain_environment
from tests.live.test_prometheus_client import EMPTY


@dataclass
class Guarded:
    """A server with a certificate of a CA that no machine knows, and what it was sent."""

    url: str
    ca: Path
    seen: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[Guarded]:
    authority = Authority()
    ca = folder / "ca.pem"
    ca.write_bytes(authority.certificate_pem)
    found = Guarded("", ca)

    async def handler(request: web.Request) -> web.Response:
        found.seen.append(dict(request.headers))
        return web.json_response(EMPTY)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server_context(folder)).start()
        port = runner.addresses[0][1]
        await web.TCPSite(runner, "127.0.0.2", port, ssl_context=authority.server_context(folder)).start()
        found.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        yield found
    finally:
        await runner.cleanup()


async def asked(url: str, **settings: Any) -> list[Any]:
    client = PrometheusClient(PrometheusSettings(url=url, **settings))
    try:
        return await client.run(lambda api: api.query("up"))
    finally:
        await client.aclose()


async def test_a_server_of_a_known_ca_is_believed(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        await asked(server.url, certificate_authority=str(server.ca))

    assert len(server.seen) == 1


async def test_a_server_of_an_unknown_ca_is_sent_nothing_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        with pytest.raises(BackendError, match="certificate") as raised:
            await asked(server.url, username="ann", password=Secret("hunter2"))

    assert not server.seen
    assert "CA" in raised.value.hint or "ca-file" in raised.value.hint
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


async def test_a_server_whose_name_is_another_is_not_believed(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        with pytest.raises(BackendError, match="certificate"):
            await asked(server.url.replace("127.0.0.1", "127.0.0.2"), certificate_authority=str(server.ca))
        with pytest.raises(BackendError):
            await asked(server.url.replace("https", "http"))

    assert not server.seen


async def test_checking_can_be_switched_off(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        await asked(server.url, insecure_skip_tls_verify=True)

    assert len(server.seen) == 1


def test_a_ca_file_that_is_not_there_is_said_before_anything_is_sent() -> None:
    with pytest.raises(SettingsError, match=r"cannot read /nowhere/ca\.pem"):
        PrometheusClient(PrometheusSettings(url="https://127.0.0.1", certificate_authority="/nowhere/ca.pem"))


async def test_a_ca_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("hello")
    async with guarded(tmp_path) as server:
        with pytest.raises(BackendError):
            await asked(server.url, certificate_authority=str(tmp_path / "none.pem"))


@pytest.mark.parametrize(
    ("flags", "files", "header", "value"),
    [
        (("--prometheus-token-file", "token"), {"token": "t0ken\n"}, "Authorization", "Bearer t0ken"),
        (
            ("--prometheus-username", "ann", "--prometheus-password-file", "password"),
            {"password": "s@cret\n"},
            "Authorization",
            "Basic YW5uOnNAY3JldA==",
        ),
        (
            ("--prometheus-headers-file", "headers"),
            {"headers": "# a tenant\nX-Scope-OrgID: team-a\n"},
            "X-Scope-OrgID",
            "team-a",
        ),
    ],
)
async def test_secrets_of_files_are_sent_and_stand_in_no_argument_and_no_output(
    tmp_path: Path, flags: tuple[str, ...], files: dict[str, str], header: str, value: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given = [str(tmp_path / flag) if flag in files else flag for flag in flags]
    from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions

    async with guarded(tmp_path) as server, Sandbox(SandboxOptions(services=1, world="empty")) as sandbox:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kmon_tui", "metrics", "model-00000", "-n", "team-00", "-o", "json"),
            *("--kubeconfig", str(sandbox.kubeconfig)),
            *("--prometheus", server.url, "--prometheus-ca-file", str(server.ca), *given),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=plain_environment(),
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0, err.decode()
    json.loads(out)
    assert {one.get(header) for one in server.seen} == {value}
    secret = next(iter(files.values())).split(" ")[-1].strip()
    assert secret not in (out + err).decode()
