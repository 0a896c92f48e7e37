"""Which Prometheus was meant, and what opens it: its secrets come from files, the environment or its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings.parse import headers, split_user_info
from kmon_tui.settings.stack import ENVIRONMENT, FLAG, Stack
from kmon_tui.settings.values import PrometheusSettings, Secret

ReadText = Callable[[Path], str]
"""Gives the text of a small file; OSError or UnicodeDecodeError when it cannot."""
_FOUND_BY = {FLAG: "--prometheus", ENVIRONMENT: "PROMETHEUS_URL"}


def prometheus_settings(stack: Stack, read_text: ReadText, notes: list[str]) -> PrometheusSettings:
    """Give the settings; SettingsError for what this call said wrongly, a note for what a config file says wrongly."""
    url, found_by, url_user, url_password = _address(stack)
    password_text = _file_text(stack, "prometheus.password_file", read_text, notes)
    password_of_file = Secret(password_text.rstrip("\r\n")) if password_text is not None else None
    return PrometheusSettings(
        url=url,
        found_by=found_by,
        matchers=stack.get("prometheus.matchers", tuple) or (),
        headers=_headers(stack, read_text, notes),
        bearer_token_file=stack.get("prometheus.bearer_token_file", Path),
        username=url_user if url_user is not None else stack.get("prometheus.username", str),
        password=url_password or stack.get("prometheus.password", Secret) or password_of_file,
        certificate_authority=stack.get("prometheus.certificate_authority", str),
        insecure_skip_tls_verify=stack.switched_on("prometheus.insecure_skip_tls_verify"),
    )


def _address(stack: Stack) -> tuple[str | None, str, str | None, Secret | None]:
    """Give the URL without user info, who said it, and the user info."""
    said = stack.find("prometheus.url")
    if said is None:
        return None, "", None, None
    found_by = _FOUND_BY.get(said[1].kind, "config")
    try:
        url, user_name, password = split_user_info(str(said[0]))
    except ValueError as error:
        raise SettingsError(f"{found_by} {error}", "Try kmon-tui --prometheus http://localhost:9090") from None
    return url, found_by, user_name, password


def _headers(stack: Stack, read_text: ReadText, notes: list[str]) -> tuple[tuple[str, Secret], ...]:
    found = stack.get("prometheus.headers", tuple) or ()
    text = _file_text(stack, "prometheus.headers_file", read_text, notes)
    if text is not None:
        try:
            found += headers(text)
        except ValueError as error:
            _complain(stack, "prometheus.headers_file", f"the file of headers for Prometheus: {error}", notes)
    token = stack.get("prometheus.bearer_token", Secret)
    if token is not None:
        found += (("Authorization", Secret(f"Bearer {token.reveal()}")),)
    return found


def _file_text(stack: Stack, name: str, read_text: ReadText, notes: list[str]) -> str | None:
    """Give the text of the file that a key names, or None."""
    path = stack.get(name, Path)
    if path is None:
        return None
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not text"
        _complain(stack, name, f"cannot read {path}, which {name} names: {why}", notes)
        return None


def _complain(stack: Stack, name: str, message: str, notes: list[str]) -> None:
    """End the call if this call said it; else note it."""
    found = stack.find(name)
    if found is not None and found[1].said_now:
        raise SettingsError(message)
    notes.append(message)
