"""Finds the way to the API server from files, flags and environment, and checks it before the screen opens.

Light on purpose: PyYAML and the standard library, for it runs before the first paint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.fleet import Place
from kmon_tui.live.access import Access, Endpoint, Login
from kmon_tui.live.fields import Fields, checked_file
from kmon_tui.live.kubefiles import Entry, Kubeconfig, Surroundings, read_kubeconfig
from kmon_tui.live.login import read_login
from kmon_tui.live.proxies import check_proxy, is_loopback, proxy_from_environment
from kmon_tui.settings import KubeSettings, Secret

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""A DNS label."""


def check_place(settings: KubeSettings, around: Surroundings | None = None) -> Place:
    """Say where this kmon-tui will look; nothing is asked of the network.

    Raises SettingsError when a file, a context, a cluster or a user is missing or cannot be read.
    """
    return find_access(settings, around).place


def find_access(settings: KubeSettings, around: Surroundings | None = None) -> Access:
    """Give the whole way to the API server. Raises SettingsError."""
    around = around or Surroundings.here()
    config = read_kubeconfig(settings.kubeconfig, around)
    _check_namespace(settings.namespace, "-n")
    asked = settings.context or settings.cluster or settings.user or settings.server
    if not config.found and not asked and settings.kubeconfig is None:
        return _in_cluster(settings, around, config)
    context_name, context = _context(settings, config)
    cluster_name = settings.cluster or _name(context, "cluster")
    user_name = settings.user or _name(context, "user")
    own = _name(context, "namespace") or "default"
    _check_namespace(own, f"context {context_name}")
    endpoint = _endpoint(settings, _pick(config, "cluster", config.clusters, cluster_name), around, config)
    login = read_login(settings, _pick(config, "user", config.users, user_name))
    login = _fitting(login, endpoint.server, _user_words(config, user_name))
    endpoint, login = _without_user_info(endpoint, login)
    place = Place(
        context=context_name,
        cluster=cluster_name,
        user=user_name,
        acting_as=dict(login.impersonate).get("Impersonate-User", ""),
        namespace=None if settings.all_namespaces else settings.namespace or own,
        server=endpoint.server,
        contexts=tuple(config.contexts),
    )
    return Access(place, endpoint, login, settings.namespace or own)


def _check_namespace(name: str | None, where: str) -> None:
    """Refuse what no namespace can be called, before it becomes part of a path."""
    if name and not _NAMESPACE.fullmatch(name):
        raise SettingsError(
            f"{where}: {name!r} cannot be a namespace", "Its name is lower-case letters, digits and dashes, at most 63."
        )


def _context(settings: KubeSettings, config: Kubeconfig) -> tuple[str, Entry | None]:
    name = settings.context or config.current_context
    if name:
        if name not in config.contexts:
            raise SettingsError(f"no context {name!r} in {config.source}", _there_are(config.contexts))
        return name, config.contexts[name]
    if not (settings.cluster or settings.server):
        raise SettingsError(
            f"no current context in {config.source}", f"Name one with --context. {_there_are(config.contexts)}"
        )
    return "", None


def _pick(config: Kubeconfig, what: str, entries: Mapping[str, Entry], name: str) -> Entry | None:
    if not name:
        return None
    if name not in entries:
        raise SettingsError(f"no {what} {name!r} in {config.source}", _there_are(entries))
    return entries[name]


def _name(context: Entry | None, field: str) -> str:
    return "" if context is None else str(context.values.get(field) or "")


def _there_are(entries: Mapping[str, Entry]) -> str:
    return f"There are: {', '.join(entries)}." if entries else "There are none."


def _endpoint(settings: KubeSettings, entry: Entry | None, around: Surroundings, config: Kubeconfig) -> Endpoint:
    fields = Fields(entry, "cluster")
    ca_data, ca_file = fields.base64("certificate-authority-data"), fields.file("certificate-authority")
    if ca_data and ca_file:
        where = f"{fields.where}: both certificate-authority and certificate-authority-data"
        raise SettingsError(where, "Remove one of the two.")
    insecure = fields.flag("insecure-skip-tls-verify")
    if settings.certificate_authority:
        ca_file, ca_data, insecure = _readable(settings.certificate_authority, "--certificate-authority"), "", False
    if settings.insecure_skip_tls_verify:
        if settings.certificate_authority:
            where = "--insecure-skip-tls-verify and --certificate-authority exclude each other"
            raise SettingsError(where, "Give one of the two.")
        ca_file, ca_data, insecure = None, "", True
    if insecure and (ca_file or ca_data):
        raise SettingsError(
            f"{fields.where}: insecure-skip-tls-verify and a certificate authority exclude each other",
            "Remove one of the two.",
        )
    tls = bool(ca_file or ca_data or insecure or settings.client_certificate)
    server = _server(settings.server or fields.text("server"), tls, fields.where if entry else config.source)
    proxy = fields.text("proxy-url") or proxy_from_environment(server, around.environ)
    if proxy:
        check_proxy(proxy, f"{fields.where}: proxy-url" if fields.text("proxy-url") else "the proxy of the environment")
    return Endpoint(
        server=server,
        ca_file=ca_file,
        ca_data=ca_data,
        insecure=insecure,
        tls_server_name=fields.text("tls-server-name"),
        proxy=Secret(proxy) if proxy else None,
        compress=not fields.flag("disable-compression"),
        plugin_config=_plugin_config(fields.values),
    )


def _server(url: str, tls: bool, where: str) -> str:
    if not url:
        raise SettingsError(f"{where}: no server is named", "A cluster needs server: https://HOST:PORT.")
    if "://" not in url:
        if tls:  # kubectl takes http here and asks a TLS port in plain text, which no server understands
            raise SettingsError(f"{where}: the server does not say https", f"Write https://{url.strip()}.")
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        usable = (
            url == url.strip() and parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        )
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"{where}: the server is no URL that can be used", "It ought to look like https://HOST:PORT."
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _fitting(login: Login, server: str, where: str) -> Login:
    """Give what of a login goes to this server: nothing secret in the clear, as in kubectl. Raises SettingsError.

    In the clear is http to another machine. Where there is no way of logging in kubectl asks for a password, which no
    API server takes any more.
    """
    parts = urlsplit(server)
    if parts.scheme == "http":
        return login if is_loopback(parts.hostname or "") else Login(impersonate=login.impersonate)
    ways = (login.token, login.token_file, login.plugin, login.username, login.certificate, login.certificate_file)
    if any(ways) or "@" in parts.netloc:
        return login
    raise SettingsError(f"{where}: no way of logging in", "It needs a token, a client certificate or an exec plugin.")


def _user_words(config: Kubeconfig, name: str) -> str:
    return f"user {name!r} in {config.source}" if name else f"{config.source} names no user"


def _without_user_info(endpoint: Endpoint, login: Login) -> tuple[Endpoint, Login]:
    """Move user and password from the server's URL, which is shown, to where secrets are kept."""
    parts = urlsplit(endpoint.server)
    if "@" not in parts.netloc:
        return endpoint, login
    host = parts.netloc.rpartition("@")[2]
    bare = replace(endpoint, server=urlunsplit((parts.scheme, host, parts.path, "", "")))
    if login.token or login.token_file or login.plugin or login.username:
        return bare, login
    return bare, replace(login, username=parts.username or "", password=Secret(parts.password or ""))


def _plugin_config(values: Mapping[str, Any]) -> Any:
    extensions = values.get("extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if isinstance(extension, Mapping) and extension.get("name") == "client.authentication.k8s.io/exec":
            return extension.get("extension")
    return None


def _readable(path: str, flag: str) -> Path:
    return checked_file(Path(path).expanduser(), f"{flag}: cannot read {path}")


def _in_cluster(settings: KubeSettings, around: Surroundings, config: Kubeconfig) -> Access:
    """Use the service account of the pod that we run in."""
    token, ca = around.service_account / "token", around.service_account / "ca.crt"
    host, port = around.environ.get("KUBERNETES_SERVICE_HOST"), around.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not token.exists():
        raise SettingsError(
            f"no kubeconfig: {config.source} is not there",
            "Name one with --kubeconfig or KUBECONFIG, or try kmon-tui --demo.",
        )
    namespace_file = around.service_account / "namespace"
    own = (namespace_file.read_text().strip() if namespace_file.exists() else "") or "default"
    flags = replace(settings, server=f"https://{f'[{host}]' if ':' in host else host}:{port}")
    endpoint = _endpoint(flags, None, around, config)
    if not (endpoint.ca_file or endpoint.insecure) and ca.exists():
        endpoint = replace(endpoint, ca_file=ca)
    login = read_login(flags, None)
    if not (login.token or login.certificate_file):
        login = replace(login, token_file=token)
    place = Place(
        context="in-cluster",
        cluster="in-cluster",
        user="service account",
        namespace=None if settings.all_namespaces else settings.namespace or own,
        server=endpoint.server,
    )
    return Access(place, endpoint, login, settings.namespace or own, in_cluster=True)
