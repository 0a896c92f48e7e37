"""The kubeconfig is read as kubectl reads it, and what is wrong with it is said before the screen opens."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import SettingsError
from kmon_tui.live.kubeconfig import check_place, find_access
from kmon_tui.live.kubefiles import Surroundings
from kmon_tui.settings import KubeSettings, Secret

API = "client.authentication.k8s.io/v1"

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def document(*names: str, current: str = "", **context: str) -> dict[str, Any]:
    return {
        "clusters": [{"name": f"{n}-cluster", "cluster": {"server": f"https://{n}.example:6443"}} for n in names],
        "users": [{"name": f"{n}-user", "user": {"token": f"secret-{n}"}} for n in names],
        "contexts": [
            {"name": n, "context": {"cluster": f"{n}-cluster", "user": f"{n}-user", **context}} for n in names
        ],
        "current-context": current,
    }


def write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


def around(home: Path, **environ: str) -> Surroundings:
    return Surroundings(environ, home, home / "serviceaccount")


def test_the_current_context_of_the_home_file_is_used(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", "prod", current="prod"))

    place = check_place(KubeSettings(), around(tmp_path))

    assert (place.context, place.cluster, place.user) == ("prod", "prod-cluster", "prod-user")
    assert (place.namespace, place.server, place.contexts) == ("default", "https://prod.example:6443", ("dev", "prod"))


def test_the_namespace_is_that_of_the_context(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev", namespace="team"))

    assert check_place(KubeSettings(), around(tmp_path)).namespace == "team"
    assert check_place(KubeSettings(namespace="x"), around(tmp_path)).namespace == "x"
    assert check_place(KubeSettings(all_namespaces=True), around(tmp_path)).namespace is None
    assert find_access(KubeSettings(all_namespaces=True), around(tmp_path)).own_namespace == "team"


@pytest.mark.parametrize("name", ["../../api", "A_b", "x" * 64, "a b", "a/b", "é"])
def test_what_cannot_be_a_namespace_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev"))
    write(tmp_path / "second", document("dev", current="dev", namespace=name))

    with pytest.raises(SettingsError, match=r"^-n: .* cannot be a namespace"):
        check_place(KubeSettings(namespace=name), around(tmp_path))
    with pytest.raises(SettingsError, match=r"^context dev: .* cannot be a namespace"):
        check_place(KubeSettings(kubeconfig=str(tmp_path / "second")), around(tmp_path))


def test_the_first_of_several_files_wins_and_missing_ones_are_skipped(tmp_path: Path) -> None:
    one = write(tmp_path / "one", document("dev", current="dev"))
    other = document("dev", "prod", current="prod")
    other["clusters"][0]["cluster"]["server"] = "https://other.example"
    two = write(tmp_path / "two", other)
    paths = os.pathsep.join([str(tmp_path / "nothing"), str(one), str(two), ""])

    place = check_place(KubeSettings(), around(tmp_path, KUBECONFIG=paths))

    assert (place.context, place.server, place.contexts) == ("dev", "https://dev.example:6443", ("dev", "prod"))


def test_the_flag_reads_that_file_alone(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("home", current="home"))
    other = write(tmp_path / "other", document("flag", current="flag"))

    place = check_place(KubeSettings(kubeconfig=str(other)), around(tmp_path, KUBECONFIG="/nowhere"))

    assert place.contexts == ("flag",)


def test_flags_choose_context_cluster_and_user(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", "prod", current="dev"))
    flags = KubeSettings(context="prod", cluster="dev-cluster", user="dev-user")

    place = check_place(flags, around(tmp_path))

    assert (place.context, place.cluster, place.user) == ("prod", "dev-cluster", "dev-user")


@pytest.mark.parametrize(
    ("flags", "message", "hint"),
    [
        (KubeSettings(context="x"), "no context 'x' in ~/.kube/config", "There are: dev, prod."),
        (KubeSettings(cluster="x"), "no cluster 'x' in ~/.kube/config", "There are: dev-cluster, prod-cluster."),
        (KubeSettings(user="x"), "no user 'x' in ~/.kube/config", "There are: dev-user, prod-user."),
        (KubeSettings(kubeconfig="/no/such"), "no file /no/such", "--kubeconfig names the file to read."),
        (KubeSettings(certificate_authority="/no/ca"), "--certificate-authority: cannot read /no/ca", ""),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(
    tmp_path: Path, flags: KubeSettings, message: str, hint: str
) -> None:
    write(tmp_path / ".kube/config", document("dev", "prod", current="dev"))

    with pytest.raises(SettingsError) as caught:
        check_place(flags, around(tmp_path))

    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_no_kubeconfig_at_all_leads_to_the_demo(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        check_place(KubeSettings(), around(tmp_path))

    assert "~/.kube/config" in caught.value.message
    assert "--demo" in caught.value.hint


def test_no_current_context_says_which_there_are(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", "prod"))

    with pytest.raises(SettingsError) as caught:
        check_place(KubeSettings(), around(tmp_path))

    assert "There are: dev, prod." in caught.value.hint


@pytest.mark.parametrize(
    "text", ["a: [", "\tx: 1", "users: [{name: x, user: {token: s3cret", "- 1\n- 2", "just text", "{"]
)
def test_a_broken_file_is_named_and_its_secrets_are_not(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(SettingsError) as caught:
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))

    assert "~/config" in caught.value.message
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "content",
    [
        {"clusters": "x"},
        {"clusters": [{"cluster": {}}]},
        {"clusters": [{"name": "c", "cluster": "x"}]},
        {"contexts": [None]},
        {"users": [{"name": "u", "user": [1]}]},
    ],
)
def test_a_kubeconfig_of_another_shape_is_an_error_in_words(tmp_path: Path, content: dict[str, Any]) -> None:
    path = write(tmp_path / "config", {**document("dev", current="dev"), **content})

    with pytest.raises(SettingsError):
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["clusters"][0]["cluster"]["certificate-authority"] = "pki/ca.pem"
    path = write(tmp_path / "deep/config", content)
    (tmp_path / "deep/pki").mkdir()
    (tmp_path / "deep/pki/ca.pem").write_text(PEM)

    access = find_access(KubeSettings(kubeconfig=str(path)), around(tmp_path))

    assert access.endpoint.ca_file == tmp_path / "deep/pki/ca.pem"


@pytest.mark.parametrize("field", ["certificate-authority", "client-certificate", "client-key", "tokenFile"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, field: str) -> None:
    content = document("dev", current="dev")
    place = "cluster" if field == "certificate-authority" else "user"
    (tmp_path / "there.pem").write_text(PEM)
    beside = {"client-certificate": "there.pem"} if field == "client-key" else {}
    content[f"{place}s"][0][place] = {"server": "https://x", **beside, field: "nothing.pem"}
    path = write(tmp_path / "config", content)

    with pytest.raises(SettingsError) as caught:
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))

    assert "nothing.pem" in caught.value.message


def test_certificates_in_the_file_itself_are_decoded(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    data = base64.b64encode(PEM.encode()).decode()
    content["clusters"][0]["cluster"]["certificate-authority-data"] = data
    content["users"][0]["user"] = {"client-certificate-data": data, "client-key-data": data}
    path = write(tmp_path / "config", content)

    access = find_access(KubeSettings(kubeconfig=str(path)), around(tmp_path))

    assert access.endpoint.ca_data == PEM
    assert access.login.certificate is not None
    assert access.login.certificate.reveal() == PEM


def test_a_certificate_without_its_key_is_an_error(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"]["client-certificate-data"] = base64.b64encode(PEM.encode()).decode()
    path = write(tmp_path / "config", content)

    with pytest.raises(SettingsError, match="belong together"):
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))


def test_a_key_with_a_passphrase_is_refused_before_openssl_asks_for_it(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    pems = base64.b64encode(b"-----BEGIN ENCRYPTED PRIVATE KEY-----").decode()
    content["users"][0]["user"] = {"client-certificate-data": pems, "client-key-data": pems}
    path = write(tmp_path / "config", content)

    with pytest.raises(SettingsError, match="passphrase"):
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))


def test_data_that_is_not_base64_is_named(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["clusters"][0]["cluster"]["certificate-authority-data"] = "%%%"
    path = write(tmp_path / "config", content)

    with pytest.raises(SettingsError, match="certificate-authority-data"):
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))


@pytest.mark.parametrize("server", ["", "ftp://x", "https://", "https://x:99999", "http://[::1"])
def test_a_server_that_is_no_url_is_an_error(tmp_path: Path, server: str) -> None:
    content = document("dev", current="dev")
    content["clusters"][0]["cluster"]["server"] = server
    path = write(tmp_path / "config", content)

    with pytest.raises(SettingsError):
        check_place(KubeSettings(kubeconfig=str(path)), around(tmp_path))


def test_a_server_alone_needs_no_kubeconfig(tmp_path: Path) -> None:
    flags = KubeSettings(server="http://127.0.0.1:8001/", token=Secret("t"))

    place = check_place(flags, around(tmp_path))

    assert (place.server, place.context, place.namespace) == ("http://127.0.0.1:8001", "", "default")


def test_user_info_in_the_server_is_shown_nowhere(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["users"] = [{"name": "dev-user", "user": {}}]
    content["clusters"][0]["cluster"]["server"] = "https://jane:s3cret@dev.example/k8s/clusters/c-1/"
    path = write(tmp_path / "config", content)

    access = find_access(KubeSettings(kubeconfig=str(path)), around(tmp_path))

    assert access.place.server == "https://dev.example/k8s/clusters/c-1"
    assert "s3cret" not in repr(access)
    assert access.login.password == Secret("s3cret")


@pytest.mark.parametrize("known_by", [{"token": "s3cret-token"}, {"password": "s3cret-password", "username": "u"}])
def test_no_repr_shows_a_secret(tmp_path: Path, known_by: dict[str, Any]) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = {
        **known_by,
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": "login",
            "args": ["s3cret-arg"],
            "env": [{"name": "X", "value": "s3cret-env"}],
        },
    }
    content["clusters"][0]["cluster"]["proxy-url"] = "http://u:s3cret-proxy@proxy:3128"
    path = write(tmp_path / "config", content)

    assert "s3cret" not in repr(find_access(KubeSettings(kubeconfig=str(path)), around(tmp_path)))


def test_the_token_flag_wins_over_everything_else(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = {"exec": {"apiVersion": API, "interactiveMode": "Never", "command": "login"}}
    path = write(tmp_path / "config", content)

    login = find_access(KubeSettings(kubeconfig=str(path), token=Secret("t")), around(tmp_path)).login

    assert (login.token, login.plugin) == (Secret("t"), None)


def test_trusting_nothing_by_flag_drops_the_authority_of_the_file(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(PEM.encode()).decode()
    path = write(tmp_path / "config", content)
    flags = KubeSettings(kubeconfig=str(path), insecure_skip_tls_verify=True)

    endpoint = find_access(flags, around(tmp_path)).endpoint

    assert (endpoint.insecure, endpoint.ca_data) == (True, "")


def test_impersonation_of_flags_becomes_headers(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev"))
    flags = KubeSettings(as_user="jane", as_groups=("a", "b"), as_uid="7")

    assert find_access(flags, around(tmp_path)).login.impersonate == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    )


def test_who_acts_as_somebody_else_is_told_as_both(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev"))

    assert check_place(KubeSettings(as_user="jane"), around(tmp_path)).who == "dev-user as jane"
    assert check_place(KubeSettings(), around(tmp_path)).who == "dev-user"


def test_a_group_without_a_user_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev"))

    with pytest.raises(SettingsError, match="--as"):
        check_place(KubeSettings(as_groups=("a",)), around(tmp_path))


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"as-groups": ["a"]}, "user: as-groups, as-uid, extra need as"),
        ({"as-user-extra": {"a": ["b"]}}, "user: as-groups, as-uid, extra need as"),
        ({"token": "t", "username": "u", "password": "p"}, "both a token and a user name"),
        (
            {"exec": {"command": "x", "apiVersion": API, "interactiveMode": "Sometimes"}},
            "interactiveMode 'Sometimes'",
        ),
    ],
)
def test_what_kubectl_refuses_of_a_user_is_refused(tmp_path: Path, user: dict[str, Any], words: str) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = user
    write(tmp_path / ".kube/config", content)

    with pytest.raises(SettingsError, match=words):
        check_place(KubeSettings(), around(tmp_path))


@pytest.mark.parametrize(
    "settings", [KubeSettings(as_user="a\nx: y"), KubeSettings(token=Secret("s3cret\r\n")), KubeSettings(as_user="a\0")]
)
def test_what_no_header_can_hold_is_refused_at_once_and_not_quoted(tmp_path: Path, settings: KubeSettings) -> None:
    write(tmp_path / ".kube/config", document("dev", current="dev"))

    with pytest.raises(SettingsError, match="control character") as caught:
        check_place(settings, around(tmp_path))

    assert "s3cret" not in caught.value.message


def test_inside_a_pod_the_service_account_is_used(tmp_path: Path) -> None:
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "token").write_text("t")
    (account / "ca.crt").write_text(PEM)
    (account / "namespace").write_text("team\n")
    inside = around(tmp_path, KUBERNETES_SERVICE_HOST="fd00::1", KUBERNETES_SERVICE_PORT="6443")

    access = find_access(KubeSettings(), inside)

    assert (access.place.server, access.place.namespace) == ("https://[fd00::1]:6443", "team")
    assert access.login.token_file == account / "token"
    assert access.endpoint.ca_file == account / "ca.crt"


OIDC = {"id-token": "t", "idp-issuer-url": "https://issuer.example", "client-id": "c"}


def test_an_auth_provider_keeps_its_token_for_us(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = {"auth-provider": {"name": "oidc", "config": OIDC}}
    path = write(tmp_path / "config", content)

    assert find_access(KubeSettings(kubeconfig=str(path)), around(tmp_path)).login.token == Secret("t")


def test_the_check_is_light() -> None:
    code = (
        "import sys, kmon_tui.live.kubeconfig, kmon_tui.live.exec_plugin;"
        "print([m for m in ('kubernetes', 'aiohttp', 'msgspec', 'httpx', 'textual', 'requests') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("where", "value", "word"),
    [
        (("clusters", 0, "cluster", "proxy-url"), "http://[", "proxy-url is no URL"),
        (("clusters", 0, "cluster", "proxy-url"), "http://user:s3cret@:99999", "proxy-url is no URL"),
        (("clusters", 0, "cluster", "certificate-authority-data"), "\u202e", "not base64"),
        (("clusters", 0, "cluster", "certificate-authority"), "a\0b", "cannot read"),
        (("users", 0, "user", "as-user-extra"), {"scopes": 1.5}, "not a list"),
        (("users", 0, "user", "exec"), {"apiVersion": API, "interactiveMode": "Never", "command": "a\0b"}, "NUL"),
    ],
)
def test_what_is_odd_in_a_kubeconfig_is_said_and_no_crash(
    tmp_path: Path, where: tuple[str, int, str, str], value: object, word: str
) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = {"as": "jane"}
    content[where[0]][where[1]][where[2]][where[3]] = value
    write(tmp_path / ".kube/config", content)

    with pytest.raises(SettingsError, match=word) as caught:
        check_place(KubeSettings(), around(tmp_path))

    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("text", ["a: 2026-13-45", "a: " + "1" * 5000, "\0", "[" * 5000])
def test_a_file_that_yaml_itself_stumbles_over_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)

    with pytest.raises(SettingsError, match="not valid YAML"):
        check_place(KubeSettings(kubeconfig=str(tmp_path / "config")), around(tmp_path))


def test_extra_names_become_names_of_headers_as_client_go_writes_them(tmp_path: Path) -> None:
    content = document("dev", current="dev")
    content["users"][0]["user"] = {"token": "t", "as": "jane", "as-user-extra": {"example.org/scope a": ["x"]}}
    write(tmp_path / ".kube/config", content)

    headers = dict(find_access(KubeSettings(), around(tmp_path)).login.impersonate)

    assert headers == {"Impersonate-User": "jane", "Impersonate-Extra-example.org%2Fscope%20a": "x"}
