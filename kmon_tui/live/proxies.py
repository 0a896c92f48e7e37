"""Which proxy stands before the API server: the rules of Go's net/http, for they are kubectl's."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from kmon_tui.domain.errors import SettingsError

SCHEMES = ("http", "https", "socks5", "socks5h")


def check_proxy(url: str, where: str) -> None:
    """Refuse a proxy that cannot be used; its URL is not quoted, for it may hold a password. Raises SettingsError."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if usable and parts.scheme not in SCHEMES:
        raise SettingsError(f"{where}: only http, https and socks5 proxies can be used", "So it is with kubectl.")
    if not usable:
        raise SettingsError(f"{where} is no URL that can be used", "It ought to look like http://HOST:PORT.")


def proxy_from_environment(server: str, environ: Mapping[str, str]) -> str:
    """Give the proxy that HTTPS_PROXY or HTTP_PROXY names for this server; empty when NO_PROXY excludes it."""
    parts = urlsplit(server)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return ""
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    proxy = next((environ[name] for name in names if environ.get(name)), "")
    if not proxy:
        return ""
    port = str(parts.port or {"https": 443}.get(parts.scheme, 80))
    for rule in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(","):
        if _excludes(rule.strip().lower(), host, port):
            return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def is_loopback(host: str) -> bool:
    """Whether it is this machine, whatever a name server says."""
    return host.lower() in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _excludes(rule: str, host: str, port: str) -> bool:
    """Whether an entry of NO_PROXY is of this host: an address, a net, a domain and all below it; some with a port."""
    if rule == "*":
        return True
    if "/" in rule:
        return _is_in(host, rule)
    name, only = _split(rule)
    if not name or only not in ("", port):
        return False
    if ":" in name or name.replace(".", "").isdigit():
        return _is_in(host, name)
    name = name.removeprefix("*")
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _split(rule: str) -> tuple[str, str]:
    """Give host and port; an IPv6 address with a port stands in brackets."""
    if rule.startswith("["):
        name, _, rest = rule[1:].partition("]")
        return name, rest.removeprefix(":")
    if rule.count(":") == 1:
        name, _, port = rule.partition(":")
        return name, port
    return rule, ""


def _is_in(host: str, net: str) -> bool:
    import ipaddress  # only here, and only with such a rule: it costs the start 5 ms

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(net, strict=False)
    except ValueError:
        return False
