"""Settings from all that was said: flags before environment before config file; nothing is asked of the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from kmon_tui.domain.late import dataclass
from kmon_tui.settings.document import PROTECTED, READ_ONLY, Document
from kmon_tui.settings.environment import environment_layer, over_ssh, speaks_utf8, wants_no_color
from kmon_tui.settings.keys import Layer
from kmon_tui.settings.prometheus import ReadText, prometheus_settings
from kmon_tui.settings.stack import CONFIG, ENVIRONMENT, FLAG, Source, Stack
from kmon_tui.settings.values import KubeSettings, LogSettings, PredictSettings, Secret, Settings, ViewSettings

_PORTABLE = frozenset(
    {
        *(
            "kubeconfig",
            "all_namespaces",
            "as_user",
            "as_uid",
            "as_groups",
            "request_timeout",
            "demo",
            READ_ONLY,
            PROTECTED,
        ),
        *("theme", "ascii", "mouse", "bell", "log_level", "log_file"),
    }
)
"""Keys that a flag or a variable says of this call, not of one cluster."""


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that was said, by whom."""

    flags: Layer = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    user: Document = Document()
    system: Document = Document()
    """/etc/kmon-tui/config.yaml: its ``read_only: true`` stands against everything."""


class Configuration:
    """All that was said, ready to be asked for the Settings of any context.

    What is wrong with a config file becomes a note: it must not keep anybody
    from looking at the cluster.
    """

    def __init__(self, said: Said, read_text: ReadText) -> None:
        self._said = said
        self._read_text = read_text
        self._environment, notes = environment_layer(said.environ)
        self._notes = (*said.system.notes, *said.user.notes, *notes)

    def here(self, context: str = "") -> Settings:
        """Give the Settings to start with; SettingsError when a flag or a variable of this call cannot work."""
        return self._settings(context, self._said.flags, self._environment)

    def elsewhere(self, context: str) -> Settings:
        """Give the Settings for another context: without what this call said of the cluster that it began with."""
        settings = self._settings(context, _portable(self._said.flags), _portable(self._environment))
        return replace(settings, kube=replace(settings.kube, context=context))

    def _settings(self, context: str, flags: Layer, environment: Layer) -> Settings:
        sources = [Source(FLAG, flags), Source(ENVIRONMENT, environment)]
        for document in (self._said.user, self._said.system):
            sources.append(Source(CONFIG, document.contexts.get(context, {})))
            sources.append(Source(CONFIG, document.everywhere))
        stack = Stack(tuple(sources))
        notes = list(self._notes)
        system = self._said.system
        forced = system.everywhere.get(READ_ONLY) or system.contexts.get(context, {}).get(READ_ONLY)
        settings = Settings(
            kube=_kube(stack),
            prometheus=prometheus_settings(stack, self._read_text, notes),
            predict=PredictSettings(
                ingress=stack.get("predict.ingress", str),
                insecure_skip_tls_verify=stack.switched_on("predict.insecure_skip_tls_verify"),
            ),
            view=_view(stack, self._said.environ),
            demo=stack.switched_on("demo"),
            read_only=bool(forced) or stack.switched_on(READ_ONLY),
            forced_read_only=bool(forced),
            scrape_pods=stack.switched_on("scrape_pods"),
            protected_contexts=_protected(stack),
            open_name=stack.get("open_name", str),
            log=LogSettings(stack.get("log_level", str) or "info", stack.get("log_file", Path)),
        )
        return replace(settings, notes=tuple(dict.fromkeys(notes)))


def _portable(layer: Layer) -> Layer:
    return {key: value for key, value in layer.items() if key in _PORTABLE}


def _protected(stack: Stack) -> tuple[str, ...]:
    """Put the patterns of all sources together: nobody takes away what another protects."""
    found: list[str] = []
    for source in stack.sources:
        value = source.layer.get(PROTECTED)
        found.extend(value if isinstance(value, tuple) else ())
    return tuple(dict.fromkeys(found))


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
        as_uid=stack.get("as_uid", str),
        as_groups=stack.get("as_groups", tuple) or (),
        token=stack.get("token", Secret),
        server=stack.get("server", str),
        insecure_skip_tls_verify=stack.switched_on("insecure_skip_tls_verify"),
        certificate_authority=stack.get("certificate_authority", str),
        client_certificate=stack.get("client_certificate", str),
        client_key=stack.get("client_key", str),
        request_timeout_s=stack.get("request_timeout", float) or None,
    )


def _view(stack: Stack, environ: Mapping[str, str]) -> ViewSettings:
    return ViewSettings(
        theme=stack.get("theme", str),
        ascii=stack.switched_on("ascii", default=not speaks_utf8(environ)),
        mouse=stack.switched_on("mouse", default=True),
        bell=stack.switched_on("bell", default=True),
        no_color=wants_no_color(environ),
        over_ssh=over_ssh(environ),
        filter=stack.get("filter", str) or "",
    )
