"""Reads who asks: a user entry of the kubeconfig, and the flags that override it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kmon_tui.domain.errors import SettingsError
from kmon_tui.live.access import ExecPlugin, Login
from kmon_tui.live.fields import Fields, checked_file
from kmon_tui.live.kubefiles import Entry
from kmon_tui.settings import KubeSettings, Secret

_TOKEN = "!#$&'*+^`|"
"""Beside letters, digits and ``_.-~`` what the name of a header may hold (RFC 9110, token)."""
MODES = ("IfAvailable", "Never", "Always")
_INSTEAD = {"gcp": "the exec plugin gke-gcloud-auth-plugin", "azure": "the exec plugin kubelogin"}
"""What took the place of providers that kubectl once had."""
API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


def read_login(settings: KubeSettings, entry: Entry | None) -> Login:
    """Give the login of this user under these flags. Raises SettingsError."""
    fields = Fields(entry, "user")
    login = _own_login(fields)
    if settings.token is not None:
        own = replace(login, token=settings.token, token_file=None, username="", password=None, plugin=None)
        login = replace(own, flagged="--token")
    login = replace(login, **_certificate(settings, fields))
    _check_key(login, fields.where)
    login = replace(login, credential=settings.credential, impersonate=_impersonation(settings, fields))
    _check_headers(login, "--token" if settings.token is not None else f"{fields.where}: its token")
    return login


def _own_login(fields: Fields) -> Login:
    plugin, token = _plugin(fields), fields.text("token")
    token_file = fields.file("tokenFile", needed=not token)
    provider = fields.values.get("auth-provider")
    if isinstance(provider, dict):
        kept = _provider_token(provider, fields.where, needed=not (token or token_file))
        token = token if token or token_file else kept
    if (token or token_file) and (fields.text("username") or fields.text("password")):
        raise SettingsError(f"{fields.where}: both a token and a user name", "Only one way of logging in can be used.")
    return Login(
        token=Secret(token) if token else None,
        token_file=token_file,
        username=fields.text("username"),
        password=Secret(fields.text("password")) if fields.text("username") else None,
        plugin=None if token or token_file else plugin,
    )


def _certificate(settings: KubeSettings, fields: Fields) -> dict[str, Any]:
    """Give the client certificate and its key, each of a flag or of the entry, as the fields of a Login."""
    if not (settings.client_certificate or fields.text("client-certificate") or fields.text("client-certificate-data")):
        return {}  # to kubectl a key alone is no way of logging in
    certificate = _data_or_file(fields, "client-certificate", settings.client_certificate)
    key = _data_or_file(fields, "client-key", settings.client_key)
    if key == (None, None):
        raise SettingsError(f"{fields.where}: a client certificate and its key belong together, one is missing")
    return {
        "certificate": certificate[0],
        "certificate_file": certificate[1],
        "key": key[0],
        "key_file": key[1],
    }


def _data_or_file(fields: Fields, name: str, flag: str | None) -> tuple[Secret | None, Path | None]:
    if flag:
        path = Path(flag).expanduser()
        return None, checked_file(path, f"--{name}: cannot read {path}")
    data, text = fields.base64(f"{name}-data"), fields.text(name)
    if data and text:
        raise SettingsError(f"{fields.where}: both {name} and {name}-data", "Remove one of the two.")
    return (Secret(data), None) if data else (None, fields.file(name))


def _plugin(fields: Fields) -> ExecPlugin | None:
    values = fields.values.get("exec")
    if values is None:
        return None
    if not values.get("command"):
        raise SettingsError(f"{fields.where}: exec names no command")
    if fields.values.get("auth-provider") is not None:
        raise SettingsError(f"{fields.where}: both exec and auth-provider", "Only one way of logging in can be used.")
    version = str(values.get("apiVersion") or "")
    if version not in API_VERSIONS:
        raise SettingsError(
            f"{fields.where}: exec has apiVersion {version or 'missing'}", f"It ought to be {API_VERSIONS[0]}."
        )
    inner = Fields(Entry(values, fields.directory / "exec"), "exec")
    mode = inner.text("interactiveMode") or (MODES[0] if version == API_VERSIONS[1] else "")
    if not mode:
        hint = f"{version} asks for one of {', '.join(MODES)}."
        raise SettingsError(f"{fields.where}: exec has no interactiveMode", hint)
    if mode not in MODES:
        raise SettingsError(f"{fields.where}: exec has interactiveMode {mode!r}", f"There are: {', '.join(MODES)}.")
    env = tuple((str(e.get("name") or ""), str(e.get("value") or "")) for e in values.get("env") or () if e)
    if not all(name for name, _ in env):
        raise SettingsError(f"{fields.where}: exec has an env entry without a name", "Name it, or remove it.")
    if any(
        "\0" in text for text in (inner.text("command"), *inner.list("args"), *(part for pair in env for part in pair))
    ):
        raise SettingsError(f"{fields.where}: exec holds a NUL character", "No program can be started with that.")
    return ExecPlugin(
        command=inner.text("command"),
        args=inner.list("args"),
        env=env,
        api_version=version,
        install_hint=inner.text("installHint").strip(),
        provide_cluster_info=inner.flag("provideClusterInfo"),
        interactive_mode=mode,
        directory=fields.directory,
    )


def _provider_token(provider: dict[str, Any], where: str, *, needed: bool) -> str:
    """Give the token that an auth-provider entry keeps; nothing here renews it. Raises SettingsError, as kubectl does.

    kubectl knows no other provider than oidc since 1.26, whatever stands beside it.
    """
    name, config = str(provider.get("name") or ""), provider.get("config")
    kept = config if isinstance(config, dict) else {}
    if name != "oidc":
        instead = _INSTEAD.get(name, "an exec plugin")
        raise SettingsError(f"{where}: kubectl knows no auth-provider {name!r}", f"Use {instead} in its place.")
    if lacking := [field for field in ("idp-issuer-url", "client-id") if not kept.get(field)]:
        raise SettingsError(f"{where}: auth-provider oidc has no {lacking[0]}", "Use an exec plugin in its place.")
    token = kept.get("id-token")
    if needed and not token:
        raise SettingsError(f"{where}: auth-provider oidc holds no id-token", "Use an exec plugin in its place.")
    return str(token or "")


def _check_headers(login: Login, token: str) -> None:
    """Refuse what no header can hold; the values are not quoted, for one of them is a secret."""
    sent = [(token, login.token.reveal() if login.token else ""), *(("--as", value) for _, value in login.impersonate)]
    for where, value in sent:
        if not sendable(value):
            raise SettingsError(f"{where} holds a line end or another control character", "No request can carry that.")


def sendable(value: str) -> bool:
    """Whether a header can hold it."""
    return not any(ord(char) < 32 or ord(char) == 127 for char in value)


def _check_key(login: Login, where: str) -> None:
    """Refuse a key with a passphrase: OpenSSL would ask for it on the terminal that the screen owns."""
    if login.key is not None:
        text = login.key.reveal()
    elif login.key_file is not None:
        text = login.key_file.read_text(errors="replace")
    else:
        return
    if "ENCRYPTED" in text:
        raise SettingsError(
            f"{where}: the client key needs a passphrase", "Give a key without one, or use an exec plugin."
        )


def _impersonation(settings: KubeSettings, fields: Fields) -> tuple[tuple[str, str], ...]:
    user = settings.as_user or fields.text("as")
    uid = settings.as_uid or fields.text("as-uid")
    groups = settings.as_groups or fields.list("as-groups")
    extra = fields.values.get("as-user-extra")
    if (groups or uid or extra) and not user:
        of_flags = bool(settings.as_groups or settings.as_uid)
        where = "--as-group and --as-uid need --as" if of_flags else f"{fields.where}: as-groups, as-uid, extra need as"
        raise SettingsError(where, "The API server asks for a user to go with them.")
    headers = [("Impersonate-User", user)] if user else []
    headers += [("Impersonate-Uid", uid)] if uid else []
    headers += [("Impersonate-Group", group) for group in groups]
    for name, values in extra.items() if isinstance(extra, dict) else ():
        if not isinstance(values, list):
            raise SettingsError(
                f"{fields.where}: as-user-extra {name!r} is not a list", "Write its values with dashes."
            )
        # As client-go does: what no name of a header may hold is percent-encoded.
        headers += [(f"Impersonate-Extra-{quote(str(name), safe=_TOKEN)}", str(value)) for value in values]
    return tuple(headers)
