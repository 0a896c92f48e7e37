"""The way to one API server, as a kubeconfig, the flags and the environment together tell it."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from kmon_tui.domain.fleet import Place
from kmon_tui.domain.late import dataclass
from kmon_tui.settings import Credential, Secret


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API server is, and how it is known to be the right one."""

    server: str
    """URL without user info and without a slash at its end; may have a path (Rancher)."""
    ca_file: Path | None = None
    ca_data: str = ""
    """PEM."""
    insecure: bool = False
    tls_server_name: str = ""
    proxy: Secret | None = None
    """URL; a Secret, for it may hold a password."""
    compress: bool = True
    plugin_config: Any = field(default=None, repr=False)
    """The cluster's extension ``client.authentication.k8s.io/exec``, handed to the plugin as it is."""


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that logs in: ``users[].user.exec`` of a kubeconfig."""

    command: str
    """As written; one with a slash is relative to ``directory``."""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    directory: Path = Path()


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks. Empty: anonymous."""

    token: Secret | None = None
    token_file: Path | None = None
    """Read again when it changes; wins over ``token``, as in kubectl."""
    username: str = ""
    password: Secret | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    certificate: Secret | None = None
    """PEM."""
    key: Secret | None = None
    plugin: ExecPlugin | None = None
    credential: Credential | None = None
    """What the plugin has answered already, before the screen opened."""
    impersonate: tuple[tuple[str, str], ...] = ()
    """Headers of --as, --as-group, --as-uid."""
    flagged: str = ""
    """The flag that gave the proof, which nothing renews while the program runs; empty: the kubeconfig did."""


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that is needed to ask."""

    place: Place
    endpoint: Endpoint
    login: Login
    own_namespace: str = "default"
    """Namespace of the context: what is watched when all namespaces may not be."""
    in_cluster: bool = False
    """Known by the service account of the pod that we run in."""
