"""What kubectl 1.36 refuses of a kubeconfig is refused, what it takes is taken.

Each case was given to kubectl 1.36.3 and a real API server first.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import SettingsError
from kmon_tui.live.access import Access, Login
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.kubefiles import Surroundings
from kmon_tui.live.login_hint import login_hint
from kmon_tui.settings import KubeSettings

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM.encode()).decode()
PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "command": "login", "interactiveMode": "Never"}
Change = Callable[[dict[str, Any]], object]


def document() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://a.example", "certificate-authority": "there.pem"}}],
        "users": [{"name": "u", "user": {"token": "s3cret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def read(folder: Path, content: dict[str, Any] | str, **settings: Any) -> Access:
    (folder / "there.pem").write_text(PEM)
    path = folder / "config"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return find_access(KubeSettings(kubeconfig=str(path), **settings), Surroundings({}, folder, folder / "none"))


def cluster(**fields: Any) -> Change:
    return lambda content: content["clusters"][0]["cluster"].update({k.replace("_", "-"): v for k, v in fields.items()})


def user(**fields: Any) -> Change:
    return lambda content: content["users"][0].update(user={k.replace("_", "-"): v for k, v in fields.items()})


def plugin(**fields: Any) -> Change:
    wanted = {k: v for k, v in {**PLUGIN, **fields}.items() if v != "absent"}
    return user(exec=wanted)


def context(**fields: Any) -> Change:
    return lambda content: content["contexts"][0]["context"].update(fields)


def top(**fields: Any) -> Change:
    return lambda content: content.update({k.replace("_", "-"): v for k, v in fields.items()})


def more(plural: str, entry: Any) -> Change:
    return lambda content: content[plural].append(entry)


REFUSED: dict[str, tuple[Change, str]] = {
    "server is a number": (cluster(server=42), "server is a number, not text"),
    "server with a space": (cluster(server=" https://a.example"), "the server is no URL"),
    "a TLS server without https": (cluster(server="127.0.0.1:6443"), "the server does not say https"),
    "no way of logging in": (user(), "user 'u' in .*: no way of logging in"),
    "an empty token": (user(token=""), "no way of logging in"),
    "a token in another case": (user(Token="s3cret"), "no way of logging in"),
    "a context without a user": (context(user=""), "config names no user: no way of logging in"),
    "a provider that kubectl had once": (user(auth_provider={"name": "gcp"}), "no auth-provider 'gcp'"),
    "a provider without a name": (user(auth_provider={}), "no auth-provider ''"),
    "a token beside an old provider": (user(token="t", auth_provider={"name": "x"}), "no auth-provider 'x'"),
    "a provider without its issuer": (
        user(auth_provider={"name": "oidc", "config": {"id-token": "s3cret"}}),
        "auth-provider oidc has no idp-issuer-url",
    ),
    "both kinds of authority": (cluster(certificate_authority_data=DATA), "both certificate-authority and"),
    "authority with spaces": (cluster(certificate_authority_data=f"{DATA[:8]} {DATA[8:]}"), "not base64"),
    "yes in quotes": (cluster(insecure_skip_tls_verify="yes"), "is text, not true or false"),
    "one for true": (cluster(insecure_skip_tls_verify=1), "is a number, not true or false"),
    "no flag of compression": (cluster(disable_compression="yes"), "is text, not true or false"),
    "extensions as text": (cluster(extensions="x"), "cluster: extensions is text, not a list"),
    "token is a number": (user(token=5), "users 'u': user: token is a number, not text"),
    "acting as a number": (user(token="t", **{"as": 5}), "as is a number, not text"),
    "groups as text": (user(token="t", **{"as": "j", "as_groups": "a"}), "as-groups is text, not a list"),
    "extra as text": (user(token="t", **{"as": "j", "as_user_extra": {"a": "b"}}), "a is text, not a list"),
    "provider as text": (user(token="t", auth_provider="x"), "auth-provider is text, not a map"),
    "plugin as text": (user(token="t", exec="x"), "exec is text, not a map"),
    "an empty plugin": (user(token="t", exec={}), "exec names no command"),
    "a broken plugin beside a token": (user(token="t", exec={**PLUGIN, "command": ""}), "exec names no command"),
    "a plugin and a provider": (user(exec=PLUGIN, auth_provider={"name": "x"}), "both exec and auth-provider"),
    "a plugin without its mode": (plugin(interactiveMode="absent"), "exec has no interactiveMode"),
    "arguments that are numbers": (plugin(args=[1]), r"exec: args\[0\] is a number, not text"),
    "variables as a map": (plugin(env={"a": "b"}), "exec: env is a map, not a list"),
    "a variable without a name": (plugin(env=[{"value": "b"}]), "an env entry without a name"),
    "a variable that is a number": (plugin(env=[{"name": "A", "value": 5}]), "env 'A': value is a number, not text"),
    "cluster info as text": (plugin(provideClusterInfo="yes"), "is text, not true or false"),
    "a token file and a password": (user(tokenFile="there.pem", username="u", password="p"), "both a token and"),
    "two kinds of certificate": (
        user(client_certificate="there.pem", client_certificate_data=DATA, client_key_data=DATA),
        "both client-certificate and client-certificate-data",
    ),
    "a namespace that is a number": (context(namespace=5), "contexts 'x': context: namespace is a number, not text"),
    "another version": (top(apiVersion="v2"), "its apiVersion is not v1"),
    "another kind": (top(kind="Pod"), "its kind is not Config"),
    "a kind that is a map": (top(kind={}), "kind is a map, not text"),
    "preferences as text": (top(preferences="x"), "preferences is text, not a map"),
    "clusters as a map": (top(clusters={}), "clusters is a map, not a list"),
    "a user that is a list": (lambda content: content["users"][0].update(user=[]), "user is a list, not a map"),
    "a name that is a number": (more("contexts", {"name": 5, "context": {}}), "name is a number, not text"),
    "two users of one name": (more("users", {"name": "u", "user": {}}), "two users are named 'u'"),
    "a fault in an entry that is not used": (more("users", {"name": "v", "user": {"token": 5}}), "token is a number"),
    "current context as a number": (top(current_context=7), "current-context is a number, not text"),
}
TAKEN: dict[str, Change] = {
    "as it is": top(),
    "no version and no kind": top(apiVersion=None, kind=None),
    "unknown fields": top(other={"a": 1}),
    "an unknown field of a cluster": cluster(other=5),
    "a flag that is null": cluster(insecure_skip_tls_verify=None),
    "a token beside a file that cannot be read": user(token="t", tokenFile="gone"),
    "a key without its certificate": user(token="t", client_key="gone"),
    "a plugin that is null": user(token="t", exec=None),
    "a mode is optional for v1beta1": plugin(
        apiVersion="client.authentication.k8s.io/v1beta1", interactiveMode="absent"
    ),
    "a variable without a value": plugin(env=[{"name": "A"}]),
    "an unused context of a cluster that is not there": more(
        "contexts", {"name": "z", "context": {"cluster": "gone", "user": "gone"}}
    ),
    "an unused authority that is not there": more(
        "clusters", {"name": "z", "cluster": {"certificate-authority": "gone"}}
    ),
    "an unused plugin without a command": more("users", {"name": "z", "user": {"exec": {}}}),
    "an entry without a name": more("contexts", {"context": {"cluster": "c"}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_kubectl_refuses_is_refused_with_the_place(tmp_path: Path, case: str) -> None:
    change, words = REFUSED[case]
    content = document()
    change(content)

    with pytest.raises(SettingsError, match=words) as caught:
        read(tmp_path, content)

    assert "s3cret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("case", TAKEN)
def test_what_kubectl_takes_is_taken(tmp_path: Path, case: str) -> None:
    content = document()
    TAKEN[case](content)

    assert read(tmp_path, content).place.server == "https://a.example"


@pytest.mark.parametrize(
    "known_by",
    [{"token": "s3cret"}, {"exec": PLUGIN}, {"username": "u", "password": "p"}, {"tokenFile": "there.pem"}, {}],
)
def test_without_tls_nothing_secret_is_sent_as_in_kubectl(tmp_path: Path, known_by: dict[str, Any]) -> None:
    content = document()
    content["clusters"][0]["cluster"] = {"server": "a.example:8001"}
    content["users"][0]["user"] = {**known_by, "as": "jane"}

    access = read(tmp_path, content)

    assert access.place.server == "http://a.example:8001"
    assert access.login == Login(impersonate=(("Impersonate-User", "jane"),))
    assert "https" in login_hint(access)


def test_a_second_document_of_a_file_is_not_looked_at(tmp_path: Path) -> None:
    assert read(tmp_path, yaml.safe_dump(document()) + "\n---\nclusters: x\n").place.context == "x"


def test_what_looks_like_a_date_is_text(tmp_path: Path) -> None:
    text = yaml.safe_dump(document()).replace("token: s3cret", "token: 2026-11-28")

    token = read(tmp_path, text).login.token

    assert token is not None
    assert token.reveal() == "2026-11-28"


def test_flags_that_exclude_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="exclude each other"):
        read(tmp_path, document(), insecure_skip_tls_verify=True, certificate_authority=str(tmp_path / "there.pem"))


def test_certificate_and_key_of_flags_stand_for_those_of_the_file_each_on_its_own(tmp_path: Path) -> None:
    content = document()
    user(client_certificate_data=DATA, client_key_data=DATA)(content)
    key = tmp_path / "key.pem"
    key.write_text(PEM)

    login = read(tmp_path, content, client_key=str(key)).login

    assert login.certificate is not None
    assert (login.key, login.key_file) == (None, key)


def test_a_file_that_a_flag_names_and_nobody_can_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--client-certificate: cannot read /nowhere/at\.pem"):
        read(tmp_path, document(), client_certificate="/nowhere/at.pem", client_key="/nowhere/at.key")
