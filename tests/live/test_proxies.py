"""Proxies before the API server: which one is taken, and that each kind carries requests, watches and tunnels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import SettingsError, Unreachable
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.proxies import check_proxy, proxy_from_environment
from kmon_tui.live.spdy_link import open_link
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.watching import names, sample, watching

EMPTY = SandboxOptions(world="empty")
NAMESPACES = Ask("list", "namespaces")


@pytest.mark.parametrize(
    ("server", "environ", "proxy"),
    [
        ("https://a.example", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://a.example", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://a.example", {"HTTPS_PROXY": "socks5://p:1080"}, "socks5://p:1080"),
        ("https://a.example", {"ALL_PROXY": "socks5://p:1080"}, ""),
        ("http://a.example", {"HTTPS_PROXY": "http://p:3128"}, ""),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p"}, ""),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p"}, ""),
    ],
)
def test_proxies_of_the_environment_are_used_as_kubectl_does(server: str, environ: dict[str, str], proxy: str) -> None:
    assert proxy_from_environment(server, environ) == proxy


@pytest.mark.parametrize(
    ("server", "rules", "excluded"),
    [
        ("https://a.example", "b.example,.example", True),
        ("https://a.example:6443", "a.example", True),
        ("https://a.example:6443", "a.example:6443", True),
        ("https://a.example:6443", "a.example:443", False),
        ("https://a.example", "a.example:443", True),
        ("https://a.example", ".a.example", False),
        ("https://x.a.example", "*.a.example", True),
        ("https://a.example", "*.a.example", False),
        ("https://x.a.example", "a.example", True),
        ("https://notexample", "example", False),
        ("https://A.Example", " a.EXAMPLE ,", True),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", True),
        ("https://110.1.2.3", "10.1.2.3", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", True),
        ("https://a.example", "*", True),
        ("https://a.example", "", False),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(server: str, rules: str, excluded: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p", "NO_PROXY": rules}

    assert proxy_from_environment(server, environ) == ("" if excluded else "http://p")


@pytest.mark.parametrize("url", ["ftp://p:1", "socks4://p:1", "http://", "http://p:0x", "proxy-1"])
def test_what_is_no_proxy_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_proxy(url, "proxy-url")

    assert url not in str(caught.value)


@dataclass
class Socks:
    """A SOCKS5 proxy that takes a user and a password, and carries what it is given to ``port`` whatever was asked."""

    port: int = 0
    secret: bytes = b""
    answer: int = 0
    asked: list[bytes] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self, to_port: int) -> AsyncGenerator[None]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer, to_port)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_port: int) -> None:
        ways = await reader.readexactly((await reader.readexactly(2))[1])
        by_password = bool(self.secret)
        writer.write(b"\x05" + (bytes([2 if 2 in ways else 255]) if by_password else b"\x00"))
        if by_password:
            user = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            good = user + b":" + password == self.secret
            writer.write(b"\x01" + bytes([0 if good else 1]))
            if not good:
                return
        kind = (await reader.readexactly(4))[3]
        size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        self.asked.append(await reader.readexactly(size))
        await reader.readexactly(2)
        writer.write(bytes([5, self.answer, 0, 1, 127, 0, 0, 1, 0, 9]))
        if self.answer:
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.api.url.rpartition(":")[2])


def behind(sandbox: Sandbox, proxy: str, server: str = "") -> Path:
    """Give the sandbox's kubeconfig with a proxy, and with a name that nobody but the proxy can look up."""
    content: dict[str, Any] = yaml.safe_load(sandbox.kubeconfig.read_text())
    cluster = content["clusters"][0]["cluster"]
    cluster.update({"proxy-url": proxy, "tls-server-name": "127.0.0.1"})
    if server:
        cluster["server"] = server
    path = sandbox.folder / "behind"
    path.write_text(yaml.safe_dump(content))
    return path


async def ask(kubeconfig: Path) -> bytes:
    client = KubeClient(find_access(KubeSettings(kubeconfig=str(kubeconfig))), answer_s=2.0)
    try:
        return await client.get("/api/v1/namespaces", NAMESPACES)
    finally:
        await client.close()


async def test_the_fleet_comes_through_a_socks_proxy_which_looks_up_the_name() -> None:
    socks = Socks(secret=b"jane:p w")
    async with Sandbox(EMPTY) as sandbox, socks.listening(port_of(sandbox)):
        kubeconfig = behind(sandbox, f"socks5://jane:p%20w@127.0.0.1:{socks.port}", "https://api.nowhere.example:6443")
        async with watching(kubeconfig) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="a"))

            await seen.until(lambda fleet: names(fleet) == ["a"])

    assert set(socks.asked) == {b"api.nowhere.example"}


async def test_a_tunnel_to_a_pod_goes_through_it_too() -> None:
    socks = Socks()
    async with Sandbox() as sandbox, socks.listening(port_of(sandbox)):
        access = find_access(KubeSettings(kubeconfig=str(behind(sandbox, f"socks5://127.0.0.1:{socks.port}"))))
        client = KubeClient(access)
        pods = sandbox.api.store.shelf("", "pods").ordered()
        pod = next(pod.object["metadata"]["name"] for pod in pods if pod.object["metadata"]["namespace"] == "default")
        try:
            link = await open_link(client, "default", pod)
            await link.close()
        finally:
            await client.close()

    assert socks.asked == [bytes([127, 0, 0, 1])]


@pytest.mark.parametrize(
    ("socks", "user", "words"),
    [
        (Socks(answer=5), "", "nobody listens there"),
        (Socks(answer=2), "", "its rules forbid it"),
        (Socks(secret=b"jane:right"), "jane:wrong@", "refuses user and password"),
        (Socks(secret=b"jane:right"), "", "wants to know who asks"),
    ],
)
async def test_what_a_socks_proxy_refuses_is_said(socks: Socks, user: str, words: str) -> None:
    async with Sandbox(EMPTY) as sandbox, socks.listening(port_of(sandbox)):
        with pytest.raises(Unreachable, match=words) as caught:
            await ask(behind(sandbox, f"socks5://{user}127.0.0.1:{socks.port}"))

    assert "wrong" not in f"{caught.value.message} {caught.value.hint}"


async def test_a_socks_proxy_that_is_away_is_named() -> None:
    socks = Socks()
    async with socks.listening(1):
        pass
    async with Sandbox(EMPTY) as sandbox:
        with pytest.raises(Unreachable, match="the proxy does not answer"):
            await ask(behind(sandbox, f"socks5://127.0.0.1:{socks.port}"))


async def test_a_program_that_is_no_socks_proxy_is_said() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    async with Sandbox(EMPTY) as sandbox, server:
        with pytest.raises(Unreachable, match="does not speak SOCKS5"):
            await ask(behind(sandbox, f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
