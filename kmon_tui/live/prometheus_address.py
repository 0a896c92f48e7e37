"""Where Prometheus is and who asks it: what a person typed, checked and made safe to show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings import PrometheusSettings, Secret

PAGES = ("/graph", "/query", "/targets", "/alerts", "/api/v1")
"""Ends of addresses that people copy from the browser; the API lies beside them."""

_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*")\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Address:
    """A Prometheus to ask."""

    url: str
    """Without user info and without a slash at the end: fit to be shown and to put ``/api/v1/…`` behind."""
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Matchers:
    """Label matchers that go into every selector."""

    text: str = ""
    """As ``cluster="x",replica="a"``; empty when there are none."""


def parse_address(settings: PrometheusSettings) -> Address:
    """Take the URL apart. Raises SettingsError when it is none, or when a file that was named cannot be read."""
    given = (settings.url or "").strip()
    if "//" not in given:
        given = f"http://{given}"
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError("the address of Prometheus is not a URL", "Give it as http://host:9090.") from error
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError(
            "the address of Prometheus must begin with http:// or https:// and name a host", "As http://host:9090."
        )
    for file in (settings.certificate_authority, settings.bearer_token_file):
        _check_readable(file)
    path = parts.path.rstrip("/")
    for page in PAGES:
        path = path.removesuffix(page)
    netloc = f"[{host}]" if ":" in host else host
    return Address(
        url=f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{path}",
        username=unquote(parts.username) if parts.username else settings.username,
        password=Secret(unquote(parts.password)) if parts.password else settings.password,
    )


def parse_matchers(texts: tuple[str, ...]) -> Matchers:
    """Read matchers as a person writes them, with or without braces. Raises SettingsError at the first that is none."""
    found: list[str] = []
    for text in texts:
        rest = text.strip().removeprefix("{").removesuffix("}").strip()
        while rest:
            match = _MATCHER.match(rest)
            if match is None:
                raise SettingsError(
                    f"not a label matcher: {text}", """Write it as --prometheus-matcher 'cluster="prod-eu"'."""
                )
            label, operator, value = match.groups()
            found.append(f"{label}{operator}{value}")
            rest = rest[match.end() :].strip()
    return Matchers(",".join(found))


def _check_readable(file: str | Path | None) -> None:
    if file is None:
        return
    try:
        with Path(file).open("rb"):
            return
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}", "It was named for Prometheus.") from error
