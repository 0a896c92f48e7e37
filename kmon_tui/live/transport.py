"""What carries the requests to one API server: connections that notice when they are dead, and the TLS side of them."""

from __future__ import annotations

import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

from kmon_tui.domain.errors import Unreachable
from kmon_tui.live.access import Endpoint
from kmon_tui.live.credentials import Proof
from kmon_tui.live.lean_kubernetes import Configuration, RESTClientObject
from kmon_tui.settings import Secret

READ_BUFFER = 2**21
"""aiohttp takes lines of twice this: more than the largest object that etcd keeps."""


def transport(endpoint: Endpoint, proof: Proof) -> Any:
    """Make the transport; in a thread, for it reads files and builds a TLS context."""
    config = Configuration(
        host=endpoint.server,
        ssl_ca_cert=str(endpoint.ca_file) if endpoint.ca_file else None,
        ca_cert_data=endpoint.ca_data or None,
        verify_ssl=not endpoint.insecure,
        tls_server_name=endpoint.tls_server_name or None,
        proxy=http_proxy(endpoint.proxy.reveal() if endpoint.proxy else None),
    )
    config.disable_strict_ssl_verification = True  # as kubectl: CAs without key usage are common in clusters
    try:
        with tempfile.TemporaryDirectory(prefix="kmon-tui-") as folder:
            if proof.certificate is not None and proof.key is not None:
                # OpenSSL reads certificates from files only; these live for this moment, for us alone.
                config.cert_file, config.key_file = _written(
                    Path(folder), proof.certificate.reveal(), proof.key.reveal()
                )
            return RESTClientObject(config)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise Unreachable(
            f"the certificates for {endpoint.server} cannot be used: {getattr(error, 'reason', None) or error}",
            "Check certificate-authority, client-certificate and client-key in the kubeconfig.",
        ) from error


def session(context: ssl.SSLContext, proxy: Secret | None) -> aiohttp.ClientSession:
    """Open no connection yet; each is made when it is needed."""
    # trust_env stays off: it would read netrc; proxies of the environment are in our Access.
    return aiohttp.ClientSession(
        connector=connector(context, proxy.reveal() if proxy else None),
        read_bufsize=READ_BUFFER,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
    )


def connector(context: ssl.SSLContext, proxy: str | None, *, reused: bool = True) -> aiohttp.TCPConnector:
    """Give what opens connections, through a SOCKS5 proxy where there is one. An HTTP one is told to each request."""
    options: dict[str, Any] = {"ssl": context, "limit": 0, "force_close": not reused}
    if proxy is None or http_proxy(proxy) is not None:
        return aiohttp.TCPConnector(**options, socket_factory=_socket)
    from kmon_tui.live.socks5 import SocksConnector  # late: few people need it

    return SocksConnector(proxy, **options)


def http_proxy(proxy: str | None) -> str | None:
    """Give the proxy that each request has to name: none where connections go through a SOCKS5 one."""
    return None if proxy is None or proxy.startswith("socks5") else proxy


def _socket(address: Any) -> socket.socket:
    """Make a socket that notices within a minute and a half that the other side is gone (sleep, VPN, NAT)."""
    family, kind, proto, *_ = address
    made = socket.socket(family=family, type=kind, proto=proto)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made


def _written(folder: Path, certificate: str, key: str) -> tuple[str, str]:
    paths = folder / "certificate.pem", folder / "key.pem"
    for path, text in zip(paths, (certificate, key), strict=True):
        path.touch(mode=0o600)
        path.write_text(text)
    return str(paths[0]), str(paths[1])
