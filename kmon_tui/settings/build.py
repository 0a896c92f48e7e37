"""Settings from all that was said: flags before environment before config file; nothing is asked of the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings.document import READ_ONLY, Document
from kmon_tui.settings.environment import environment_layer, over_ssh, speaks_utf8, wants_no_color
from kmon_tui.settings.keys import Layer
from kmon_tui.settings.parse import headers, split_user_info
from kmon_tui.settings.stack import CONFIG, ENVIRONMENT, FLAG, Source, Stack
from kmon_tui.settings.values import KubeSettings, LogSettings, PrometheusSettings, Secret, Settings, ViewSettings

ReadText = Callable[[Path], str]
"""Gives the text of a small file; OSError or UnicodeDecodeError when it cannot."""


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that was said, by whom."""

    flags: Layer = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    user: Document = Document()
    system: Document = Document()
    """/etc/kmon-tui/config.yaml: its ``read_only: true`` stands against everything."""


def build_settings(said: Said, read_text: ReadText) -> Settings:
    """Give the Settings; SettingsError when a flag or a variable of this call cannot work.

    What is wrong with a config file becomes a note: it must not keep anybody
    from looking at the cluster.
    """
    environment, notes = environment_layer(said.environ)
    all_notes = [*said.system.notes, *said.user.notes, *notes]
    contexts = {"", *said.user.contexts, *said.system.contexts}
    by_context = {
        context: _settings(_stack(said, environment, context), said, context, read_text, all_notes)
        for context in sorted(contexts)
    }
    own = by_context[""]
    return replace(own, notes=tuple(dict.fromkeys(all_notes)), by_context=by_context)


def _stack(said: Said, environment: Layer, context: str) -> Stack:
    sources = [Source(FLAG, said.flags), Source(ENVIRONMENT, environment)]
    for document in (said.user, said.system):
        if context in document.contexts:
            sources.append(Source(CONFIG, document.contexts[context], f"contexts.{context}"))
        sources.append(Source(CONFIG, document.everywhere))
    return Stack(tuple(sources))


def _settings(stack: Stack, said: Said, context: str, read_text: ReadText, notes: list[str]) -> Settings:
    forced = said.system.everywhere.get(READ_ONLY) or said.system.contexts.get(context, {}).get(READ_ONLY)
    return Settings(
        kube=_kube(stack),
        prometheus=_prometheus(stack, read_text, notes),
        view=_view(stack, said.environ),
        demo=stack.switched_on("demo"),
        read_only=bool(forced) or stack.switched_on(READ_ONLY),
        open_name=stack.get("open_name", str),
        log=LogSettings(stack.get("log_level", str) or "info", stack.get("log_file", Path)),
    )


def _kube(stack: Stack) -> KubeSettings:
    namespace, everywhere = stack.find("namespace"), stack.find("all_namespaces")
    # A namespace said by a stronger source takes back an all_namespaces of a weaker one.
    weaker = namespace and everywhere and stack.sources.index(namespace[1]) < stack.sources.index(everywhere[1])
    return KubeSettings(
        kubeconfig=stack.get("kubeconfig", str),
        context=stack.get("context", str),
        cluster=stack.get("cluster", str),
        user=stack.get("user", str),
        namespace=stack.get("namespace", str),
        all_namespaces=stack.switched_on("all_namespaces") and not weaker,
        as_user=stack.get("as_user", str),
        as_groups=stack.get("as_groups", tuple) or (),
        token=stack.get("token", Secret),
        server=stack.get("server", str),
        insecure_skip_tls_verify=stack.switched_on("insecure_skip_tls_verify"),
        certificate_authority=stack.get("certificate_authority", str),
        client_certificate=stack.get("client_certificate", str),
        client_key=stack.get("client_key", str),
        request_timeout_s=stack.get("request_timeout", float) or None,
    )


def _prometheus(stack: Stack, read_text: ReadText, notes: list[str]) -> PrometheusSettings:
    url, found_by, user_name, password = None, "", stack.get("prometheus.username", str), None
    said = stack.find("prometheus.url")
    if said is not None:
        found_by = {FLAG: "--prometheus", ENVIRONMENT: "PROMETHEUS_URL"}.get(said[1].kind, "config")
        try:
            url, in_url, password = split_user_info(str(said[0]))
        except ValueError as error:
            raise SettingsError(f"{found_by} {error}", "kmon-tui --prometheus http://localhost:9090") from None
        user_name = in_url if in_url is not None else user_name
    found_headers = stack.get("prometheus.headers", tuple) or ()
    headers_text = _file_text(stack, "prometheus.headers_file", read_text, notes)
    try:
        found_headers += headers(headers_text or "")
    except ValueError as error:
        raise SettingsError(f"the file of Prometheus headers: {error}", "one `Name: value` a line") from None
    token = stack.get("prometheus.bearer_token", Secret)
    if token is not None:
        found_headers += (("Authorization", Secret(f"Bearer {token.reveal()}")),)
    password_text = _file_text(stack, "prometheus.password_file", read_text, notes)
    return PrometheusSettings(
        url=url,
        found_by=found_by,
        matchers=stack.get("prometheus.matchers", tuple) or (),
        headers=found_headers,
        bearer_token_file=stack.get("prometheus.bearer_token_file", Path),
        username=user_name,
        password=password
        or stack.get("prometheus.password", Secret)
        or (Secret(password_text.rstrip("\r\n")) if password_text is not None else None),
        certificate_authority=stack.get("prometheus.certificate_authority", str),
        insecure_skip_tls_verify=stack.switched_on("prometheus.insecure_skip_tls_verify"),
    )


def _file_text(stack: Stack, name: str, read_text: ReadText, notes: list[str]) -> str | None:
    """Give the text of the file that a key names, or None; a missing one ends the call only if this call named it."""
    found = stack.find(name)
    if found is None or not isinstance(found[0], Path):
        return None
    try:
        return read_text(found[0])
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not text"
        if found[1].said_now:
            raise SettingsError(f"cannot read {found[0]}: {why}", f"It is named as {name}.") from error
        notes.append(f"cannot read {found[0]}, which {name} names: {why}")
        return None


def _view(stack: Stack, environ: Mapping[str, str]) -> ViewSettings:
    return ViewSettings(
        theme=stack.get("theme", str),
        ascii=stack.switched_on("ascii", default=not speaks_utf8(environ)),
        mouse=stack.switched_on("mouse", default=True),
        no_color=wants_no_color(environ),
        over_ssh=over_ssh(environ),
        filter=stack.get("filter", str) or "",
    )
