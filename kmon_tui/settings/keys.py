"""Every key that a config file or a KMON_ variable may hold: its name, its type, what it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kmon_tui.domain.late import dataclass
from kmon_tui.settings.parse import duration_s, matchers, split_user_info, switch
from kmon_tui.settings.values import Secret

Layer = Mapping[str, object]
"""Values of one source by dotted key, as ``prometheus.url``; already of their type."""
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be configured."""

    name: str
    read: Callable[[object], object]
    """Gives the value; ValueError with words for people."""
    help: str
    example: str = ""
    per_context: bool = True
    """May stand in a section of ``contexts``."""
    only_environment: bool = False
    """A secret itself, not the name of a file with it: never in a config file."""


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
        raise ValueError("must be a text")
    return str(value)


def _switch(value: object) -> bool:
    return value if isinstance(value, bool) else switch(_text(value))


def _path(value: object) -> Path:
    return Path(_text(value)).expanduser()


def _duration_s(value: object) -> float:
    return duration_s(_text(value))


def _matchers(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(one for label, text in value.items() for one in matchers(f'{label}="{text}"'))
    texts = value if isinstance(value, list) else [value]
    return tuple(one for text in texts for one in matchers(_text(text)))


def patterns(value: object) -> tuple[str, ...]:
    """Read names with * and ?, as a list or with commas between them."""
    texts = value if isinstance(value, list) else _text(value).split(",")
    found = tuple(_text(text).strip() for text in texts)
    if not all(found):
        raise ValueError("must be names, with * and ? for any text")
    return found


def _level(value: object) -> str:
    word = _text(value).lower()
    if word not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return word


def _url(value: object) -> str:
    text = _text(value)
    split_user_info(text)
    return text


def _secret(value: object) -> Secret:
    return Secret(_text(value))


KEYS: Mapping[str, Key] = {
    key.name: key
    for key in (
        Key("context", _text, "context of the kubeconfig", "prod-eu", per_context=False),
        Key("kubeconfig", _text, "kubeconfig to use in place of KUBECONFIG and ~/.kube/config", per_context=False),
        Key("namespace", _text, "namespace to start with", "models"),
        Key("all_namespaces", _switch, "start with all namespaces", "false"),
        Key("request_timeout", _duration_s, "longest wait for one answer of the API server", "30s"),
        Key("read_only", _switch, "never change anything in the cluster", "false"),
        Key(
            "protected_contexts",
            patterns,
            "contexts in which writing asks for the name to be typed",
            "['prod-*']",
            per_context=False,
        ),
        Key("theme", _text, "colours: textual-dark, nord, ansi-dark (the terminal's own 16)…", "textual-dark"),
        Key("ascii", _switch, "draw with ASCII alone", "false", per_context=False),
        Key("mouse", _switch, "let the program have the mouse", "true", per_context=False),
        Key("bell", _switch, "ring the terminal's bell when a service fails", "true", per_context=False),
        Key("filter", _text, "filter to start with", "ns:models"),
        Key("log_level", _level, "debug, info, warning or error", "info", per_context=False),
        Key("log_file", _path, "log file in place of kmon.log in the state directory", per_context=False),
        Key(
            "scrape_pods", _switch, "read the metrics of the selected service's pods where Prometheus has none", "false"
        ),
        Key("prometheus.url", _url, "address of Prometheus", "http://localhost:9090"),
        Key("prometheus.matchers", _matchers, "label matchers added to every query", """['cluster="prod"']"""),
        Key("prometheus.headers_file", _path, "file with `Name: value` lines, as X-Scope-OrgID: team"),
        Key("prometheus.bearer_token_file", _path, "file with a bearer token; read again when it changes"),
        Key("prometheus.username", _text, "user name for basic authentication"),
        Key("prometheus.password_file", _path, "file with the password"),
        Key("prometheus.password", _secret, "the password", only_environment=True),
        Key("prometheus.bearer_token", _secret, "the bearer token", only_environment=True),
        Key("prometheus.certificate_authority", _text, "PEM file with the CA of Prometheus"),
        Key("prometheus.insecure_skip_tls_verify", _switch, "do not check its certificate", "false"),
        Key("predict.ingress", _url, "gateway for predict --via ingress", "http://10.0.0.7"),
        Key("predict.insecure_skip_tls_verify", _switch, "do not check certificates of URL and gateway", "false"),
    )
}
