"""Runs the program that a kubeconfig names for logging in: ``users[].user.exec``.

Ours and not the client library's, which hands our stdin to it and swallows its errors. Light: the
interactive ones run before the first paint.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.live.access import Endpoint, ExecPlugin
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.kubefiles import Surroundings
from kmon_tui.live.login import sendable
from kmon_tui.live.plugin_words import typed
from kmon_tui.live.subprocesses import outcome
from kmon_tui.settings import Credential, KubeSettings, Secret

LIMIT_S = 25.0
"""A plugin that says nothing for this long waits for somebody who is not there. One-shots wait longer."""


def run_interactive_plugin(
    settings: KubeSettings, around: Surroundings | None = None, terminal: int = 0
) -> KubeSettings:
    """Run a login plugin that insists on the terminal, and give settings that hold what it answered.

    Gives the settings as they are when there is no such plugin. Raises SettingsError and Unauthorized; the latter also
    where ``terminal``, the standard input, is none.
    """
    access = find_access(settings, around)
    plugin = access.login.plugin
    if plugin is None or plugin.interactive_mode != "Always":
        return settings
    if not os.isatty(terminal):
        message = f"the login plugin {plugin.command} has to ask you something, and standard input is no terminal"
        raise Unauthorized(message, _hint(plugin))
    command, environ = _command(plugin), _environ(plugin, access.endpoint, interactive=True)
    try:
        done = subprocess.run(command, env=environ, stdin=terminal, stdout=subprocess.PIPE, check=False)
    except OSError as error:
        raise _not_started(plugin, error) from error
    if done.returncode != 0:
        raise Unauthorized(f"the login plugin {plugin.command} ended with {done.returncode}", _hint(plugin))
    return replace(settings, credential=_read(plugin, done.stdout))


async def run_plugin(
    plugin: ExecPlugin, endpoint: Endpoint, limit_s: float = LIMIT_S, errors: bytearray | None = None
) -> Credential:
    """Run a login plugin with stdin closed and no terminal. Raises Unauthorized when it gives nothing.

    ``errors`` is filled with what it says to people while it runs.
    """
    errors = bytearray() if errors is None else errors
    if plugin.interactive_mode == "Always":
        raise Unauthorized(
            f"the login plugin {plugin.command} has to ask you something", "Start kmon-tui again to log in again."
        )
    try:
        async with asyncio.timeout(limit_s):
            code, out, err = await outcome(_command(plugin), _environ(plugin, endpoint, interactive=False), errors)
    except TimeoutError as error:
        said = f"; it said: {last}" if (last := last_line(errors)) else ""
        message = f"the login plugin {plugin.command} gave no answer in {limit_s:.0f} s{said}"
        raise Unauthorized(message, _hint(plugin)) from error
    except OSError as error:
        raise _not_started(plugin, error) from error
    if code != 0:
        said = last_line(err) or f"it ended with {code}"
        raise Unauthorized(f"the login plugin {plugin.command} failed: {said}", _hint(plugin))
    return _read(plugin, out)


def _command(plugin: ExecPlugin) -> list[str]:
    if os.sep in plugin.command:
        return [str(plugin.directory / plugin.command), *plugin.args]
    return [shutil.which(plugin.command) or plugin.command, *plugin.args]


def _environ(plugin: ExecPlugin, endpoint: Endpoint, *, interactive: bool) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster(endpoint)
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    return {**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _cluster(endpoint: Endpoint) -> dict[str, Any]:
    pem = endpoint.ca_file.read_bytes() if endpoint.ca_file else endpoint.ca_data.encode()
    cluster: dict[str, Any] = {"server": endpoint.server}
    if endpoint.tls_server_name:
        cluster["tls-server-name"] = endpoint.tls_server_name
    if endpoint.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if pem:
        cluster["certificate-authority-data"] = base64.b64encode(pem).decode()
    if endpoint.proxy:
        cluster["proxy-url"] = endpoint.proxy.reveal()
    if endpoint.plugin_config is not None:
        cluster["config"] = endpoint.plugin_config
    return cluster


def _read(plugin: ExecPlugin, out: bytes) -> Credential:
    try:
        answer = json.loads(out)
        status = answer["status"]
        if answer["kind"] != "ExecCredential" or answer["apiVersion"] != plugin.api_version:
            raise KeyError("kind")
        token, certificate, key = (status.get(n) for n in ("token", "clientCertificateData", "clientKeyData"))
        expires = status.get("expirationTimestamp")
        until = datetime.fromisoformat(expires) if expires else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not from the error: its text would quote the answer, which holds the token.
        message = f"the login plugin {plugin.command} did not answer with an ExecCredential of {plugin.api_version}"
        raise Unauthorized(message, _hint(plugin)) from None
    if not token and not (certificate and key):
        raise Unauthorized(f"the login plugin {plugin.command} gave neither token nor certificate", _hint(plugin))
    if token and not sendable(str(token)):
        message = f"the login plugin {plugin.command} gave a token with a line end or another control character"
        raise Unauthorized(message, _hint(plugin))
    return Credential(
        token=Secret(str(token)) if token else None,
        certificate=Secret(str(certificate)) if certificate and key else None,
        key=Secret(str(key)) if certificate and key else None,
        expires=until if until is None or until.tzinfo else until.replace(tzinfo=UTC),
    )


def _not_started(plugin: ExecPlugin, error: OSError) -> Unauthorized:
    hint = plugin.install_hint or "The kubeconfig names it: install it, or put it on PATH."
    return Unauthorized(f"the login plugin {plugin.command} cannot be started: {error.strerror}", hint)


def _hint(plugin: ExecPlugin) -> str:
    return f"Try it in a shell: {typed(plugin)} (it may want you to log in there)."


def last_line(err: bytes | bytearray) -> str:
    """Give the last thing that a program said, without its colours."""
    from kmon_tui.domain.log_text import plain  # late: few plugins have anything to say

    lines = [said for line in err.decode(errors="replace").split("\n") if (said := plain(line).strip())]
    return lines[-1][:300] if lines else ""
