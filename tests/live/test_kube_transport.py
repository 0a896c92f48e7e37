"""The way to the API server: TLS, proofs, proxies, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, TimedOut, Unauthorized, Unreachable
from kmon_tui.live import kube_errors
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import retry_after_s, translate
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Secret

EMPTY = SandboxOptions(world="empty")
VERSION = Ask("get", "the version", where=False)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def client_of(kubeconfig: Path, **settings: Any) -> AsyncGenerator[KubeClient]:
    access = find_access(KubeSettings(kubeconfig=str(kubeconfig), **settings))
    client = KubeClient(access, answer_s=1.0)
    try:
        yield client
    finally:
        await client.close()


async def ask(kubeconfig: Path, path: str = "/api/v1/namespaces", **settings: Any) -> bytes:
    async with client_of(kubeconfig, **settings) as client:
        return await client.get(path, VERSION)


async def failure(kubeconfig: Path, **settings: Any) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await ask(kubeconfig, **settings)
    return caught.value


def changed(sandbox: Sandbox, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> Path:
    """Give the sandbox's kubeconfig with other fields; None takes one away."""
    content = yaml.safe_load(sandbox.kubeconfig.read_text())
    content["clusters"][0]["cluster"].update(cluster or {})
    if user is not None:
        content["users"][0]["user"] = user
    path = sandbox.folder / "changed"
    path.write_text(yaml.safe_dump(content))
    return path


@asynccontextmanager
async def server(serve: Serve) -> AsyncGenerator[int]:
    """Serve something on loopback."""
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def plain(folder: Path, url: str, **cluster: Any) -> Path:
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": url, **cluster}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return path


async def test_a_known_authority_is_trusted() -> None:
    async with Sandbox(EMPTY) as sandbox:
        assert b'"items"' in await ask(sandbox.kubeconfig)


async def test_an_unknown_authority_names_both_ways_out() -> None:
    async with Sandbox(EMPTY) as sandbox:
        error = await failure(changed(sandbox, {"certificate-authority-data": ""}))

    assert isinstance(error, Unreachable)
    assert "is not trusted" in error.message
    assert "--certificate-authority" in error.hint
    assert "--insecure-skip-tls-verify" in error.hint


async def test_trusting_nothing_works_when_asked_for() -> None:
    async with Sandbox(EMPTY) as sandbox:
        assert b'"items"' in await ask(sandbox.kubeconfig, insecure_skip_tls_verify=True)


async def test_an_authority_by_flag_works(tmp_path: Path) -> None:
    async with Sandbox(EMPTY) as sandbox:
        (tmp_path / "ca.pem").write_bytes(sandbox.authority.certificate_pem)
        kubeconfig = changed(sandbox, {"certificate-authority-data": ""})

        assert b'"items"' in await ask(kubeconfig, certificate_authority=str(tmp_path / "ca.pem"))


async def test_a_certificate_for_another_name_leads_to_tls_server_name() -> None:
    async with Sandbox(EMPTY) as sandbox:
        error = await failure(changed(sandbox, {"tls-server-name": "else.example"}))

    assert "another name" in error.message
    assert "tls-server-name" in error.hint


async def test_tls_server_name_is_what_the_certificate_is_held_to() -> None:
    async with Sandbox(EMPTY) as sandbox:
        assert b'"items"' in await ask(changed(sandbox, {"tls-server-name": "localhost"}))


@pytest.mark.parametrize("as_files", [True, False])
async def test_a_client_certificate_logs_in(as_files: bool) -> None:
    async with Sandbox(EMPTY) as sandbox:
        both = sandbox.authority.client_pem("jane", ("system:masters",))
        key, certificate = _split(both)
        if as_files:
            (sandbox.folder / "jane.pem").write_text(certificate)
            (sandbox.folder / "jane.key").write_text(key)
            user = {"client-certificate": "jane.pem", "client-key": "jane.key"}
        else:
            user = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}

        await ask(changed(sandbox, user=user))

        assert sandbox.api.log[-1].user == "jane"


def _split(pem: bytes) -> tuple[str, str]:
    blocks = re.findall(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----\n", pem.decode(), re.DOTALL)
    keys = [block for block in blocks if "PRIVATE KEY" in block]
    return keys[0], "".join(block for block in blocks if block not in keys)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_a_broken_certificate_is_named() -> None:
    async with Sandbox(EMPTY) as sandbox:
        data = _base64("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        error = await failure(changed(sandbox, user={"client-certificate-data": data, "client-key-data": data}))

    assert "cannot be used" in error.message


async def test_a_token_by_flag_logs_in() -> None:
    async with Sandbox(EMPTY) as sandbox:
        assert b'"items"' in await ask(changed(sandbox, user={}), token=Secret(sandbox.api.token))


async def test_nobody_is_told_to_log_in() -> None:
    async with Sandbox(EMPTY) as sandbox:
        error = await failure(changed(sandbox, user={"token": "wrong"}))

    assert isinstance(error, Unauthorized)
    assert "token" in error.hint
    assert "wrong" not in f"{error.message} {error.hint}"


async def test_nobody_listens(tmp_path: Path) -> None:
    async with server(_close) as port:
        pass

    error = await failure(plain(tmp_path, f"http://127.0.0.1:{port}"))

    assert error.message == f"nobody listens at http://127.0.0.1:{port}"
    assert error.hint


async def test_a_server_that_hangs_times_out(tmp_path: Path) -> None:
    async with server(_hang) as port:
        error = await failure(plain(tmp_path, f"http://127.0.0.1:{port}"))

    assert isinstance(error, TimedOut)


async def test_a_server_that_hangs_in_the_handshake_times_out(tmp_path: Path) -> None:
    async with server(_hang) as port:
        error = await failure(plain(tmp_path, f"https://127.0.0.1:{port}"))

    assert isinstance(error, TimedOut)


async def test_a_server_without_tls_is_named(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox:
        error = await failure(plain(tmp_path, sandbox.api.url.replace("http://", "https://")))

    assert "does not speak TLS" in error.message


async def test_a_tls_port_that_is_asked_in_the_clear_is_named_with_the_address_to_write(tmp_path: Path) -> None:
    async with server(_tls_port) as port:
        error = await failure(plain(tmp_path, f"127.0.0.1:{port}"))

    assert error.message == f"http://127.0.0.1:{port} speaks TLS alone"
    assert error.hint == f"Write https://127.0.0.1:{port}."


async def test_another_program_is_not_taken_for_an_api_server(tmp_path: Path) -> None:
    async with server(_ssh) as port:
        error = await failure(plain(tmp_path, f"http://127.0.0.1:{port}"))

    assert isinstance(error, BadAnswer | Unreachable)


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.read()
    finally:
        writer.close()


async def _tls_port(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as Go's http server does on a TLS port."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
    await writer.drain()
    writer.close()


async def _ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()
    await reader.read(1)
    writer.close()


async def test_a_proxy_is_used(tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))

    async with Sandbox(EMPTY) as sandbox, server(proxy) as port:
        answer = await ask(changed(sandbox, {"proxy-url": f"http://jane:pw@127.0.0.1:{port}"}))

    assert b'"items"' in answer
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic" in heads[0]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass  # either side may go first
    finally:
        writer.close()


async def test_a_proxy_that_refuses_is_named() -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with Sandbox(EMPTY) as sandbox, server(proxy) as port:
        error = await failure(changed(sandbox, {"proxy-url": f"http://127.0.0.1:{port}"}))

    assert "the proxy refuses" in error.message


async def test_a_proxy_that_is_away_is_named() -> None:
    async with server(_close) as port:
        pass
    async with Sandbox(EMPTY) as sandbox:
        error = await failure(changed(sandbox, {"proxy-url": f"http://127.0.0.1:{port}"}))

    assert "proxy" in error.message


async def test_a_line_that_never_ends_is_an_error(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async with server(endless) as port, client_of(plain(tmp_path, f"http://127.0.0.1:{port}")) as client:
        with pytest.raises(BackendError):
            async with client.lines("/watch", VERSION, 5.0) as lines:
                await lines.next_line()


async def test_a_refusal_is_remembered_without_asking() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.faults.add("*:403")
        async with client_of(sandbox.kubeconfig) as client:
            for _ in range(3):
                with pytest.raises(BackendError):
                    await client.get("/api/v1/pods", Ask("list", "pods"))

    assert len(sandbox.api.log) == 1


def test_a_name_that_nobody_knows_is_said() -> None:
    import aiohttp
    from aiohttp.client_reqrep import ConnectionKey

    key = ConnectionKey("a.example", 443, True, True, None, None, None)

    error = translate(aiohttp.ClientConnectorDNSError(key, OSError("no such name")), "https://a.example")

    assert error.message == "the name of https://a.example is not known"


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("0", 0.0), ("", None), ("x", None), ("1e9", 300.0)])
def test_retry_after_is_read(value: str, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


async def test_without_credentials_one_is_told_to_log_in_and_not_to_ask_for_rights() -> None:
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox:
        error = await failure(changed(sandbox, user={}))

    assert isinstance(error, Unauthorized)
    assert "no credentials" in error.message
    assert "https" in error.hint


@pytest.mark.parametrize(
    "said",
    [
        'users \\"admin\\" is forbidden: User \\"viewer\\" cannot impersonate resource \\"users\\" in API group \\"\\"',
        # Kubernetes 1.36 (constrained impersonation): it names what the other user would have done.
        'inferenceservices.serving.kserve.io is forbidden: User \\"viewer\\" cannot impersonate-on:user-info:list '
        'resource \\"inferenceservices\\" in API group \\"serving.kserve.io\\" in the namespace \\"cluster\\"',
    ],
)
def test_who_may_not_impersonate_hears_that_and_not_that_a_list_is_forbidden(said: str) -> None:
    body = f'{{"kind": "Status", "message": "{said}", "code": 403}}'.encode()

    error = kube_errors.failure(403, "application/json", body, "https://a", "list pods in all namespaces")

    assert isinstance(error, Forbidden)
    assert "act as somebody else" in error.message and 'User "viewer" cannot impersonate' in error.message
    assert "--as" in error.hint
