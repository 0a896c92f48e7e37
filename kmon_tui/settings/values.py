"""The values: frozen, complete, fit to be handed to anybody."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kmon_tui.domain.late import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no repr, log or traceback shows; ``reveal()`` gives it to the one that needs it."""

    _value: str

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Credential:
    """What an exec plugin answers: who we are to the API server, and until when."""

    token: Secret | None = None
    certificate: Secret | None = None
    """PEM, with ``key``."""
    key: Secret | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class KubeSettings:
    """Flags that mean what they mean to kubectl."""

    kubeconfig: str | None = None
    """Path of --kubeconfig; None: KUBECONFIG (a list with ``:``), then ~/.kube/config, then in-cluster."""
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    token: Secret | None = None
    credential: Credential | None = None
    """What an exec plugin that talks with the person gave before the screen opened."""
    server: str | None = None
    insecure_skip_tls_verify: bool = False
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    request_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """Which Prometheus to ask, and how; secrets come from files or the environment, never from argv."""

    url: str | None = None
    """As given; may hold user info, which is never shown."""
    found_by: str = ""
    """'--prometheus', 'PROMETHEUS_URL' or 'config'."""
    matchers: tuple[str, ...] = ()
    """Extra label matchers for every selector, as ``cluster="x"``."""
    headers: tuple[tuple[str, Secret], ...] = ()
    bearer_token_file: Path | None = None
    username: str | None = None
    password: Secret | None = None
    certificate_authority: str | None = None
    insecure_skip_tls_verify: bool = False


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """How requests to models travel when not through a forward."""

    ingress: str | None = None
    """Address of the gateway; the service is named in the Host header."""
    insecure_skip_tls_verify: bool = False


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How it looks and what the terminal can do."""

    theme: str | None = None
    ascii: bool = False
    mouse: bool = True
    no_color: bool = False
    bell: bool = True
    """Whether the terminal's bell rings when a service fails."""
    over_ssh: bool = False
    filter: str = ""
    """Filter to start with."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What goes into the log file, and where it is."""

    level: str = "info"
    file: Path | None = None
    """None: ``kmon.log`` in the state directory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a person configured."""

    kube: KubeSettings = KubeSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    predict: PredictSettings = PredictSettings()
    view: ViewSettings = ViewSettings()
    demo: bool = False
    read_only: bool = False
    forced_read_only: bool = False
    """It is the machine's config that says so: no flag takes that back."""
    scrape_pods: bool = False
    """Whether pods of the selected service may be scraped directly where Prometheus has no series of it."""
    protected_contexts: tuple[str, ...] = ()
    """Patterns of contexts in which a question wants the name typed."""
    open_name: str | None = None
    """Name of the service to open at the start; ``kind/name`` when the kind was given."""
    log: LogSettings = LogSettings()
    notes: tuple[str, ...] = ()
    """What is wrong with the configuration, one sentence each; none of it keeps kmon-tui from running."""
