"""What is promised after a 401: for each way of logging in only what that way does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.live.asking import Ask
from kmon_tui.live.credentials import Credentials
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.kubefiles import Surroundings
from kmon_tui.live.login_hint import login_hint
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Secret
from tests.live.users import kubeconfig_of

PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "cloud",
    "args": ["token", "--region", "north"],
    "interactiveMode": "Never",
}


def kubeconfig(folder: Path, user: dict[str, Any]) -> Path:
    for name in ("token", "jane.pem", "jane.key"):
        (folder / name).write_text(name)
    return kubeconfig_of(folder, user)


def hint(folder: Path, user: dict[str, Any], token: str | None = None) -> str:
    given = Secret(token) if token else None
    return login_hint(find_access(KubeSettings(kubeconfig=str(kubeconfig(folder, user)), token=given)))


def test_a_token_by_flag_is_never_read_anew(tmp_path: Path) -> None:
    said = hint(tmp_path, {"token": "old"}, token="given")

    assert "start kmon-tui again" in said
    assert "--token" in said
    assert "reads" not in said


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "t"}, "kmon-tui reads the new one from the kubeconfig"),
        ({"tokenFile": "token"}, "/token has expired"),
        ({"username": "u", "password": "p"}, "user name and password"),
        ({"client-certificate": "jane.pem", "client-key": "jane.key"}, "/jane.pem expired"),
        ({"client-certificate-data": "Y2VydA==", "client-key-data": "a2V5"}, "in the kubeconfig is read by itself"),
        ({"exec": PLUGIN}, "then try cloud token --region north"),
    ],
)
def test_each_way_of_logging_in_has_its_own_hint(tmp_path: Path, user: dict[str, Any], words: str) -> None:
    assert words in hint(tmp_path, user)


def test_inside_a_pod_it_is_its_service_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    said = login_hint(find_access(KubeSettings(), Surroundings(environ, tmp_path, tmp_path)))

    assert "service account of this pod" in said


async def test_a_client_certificate_that_was_renewed_in_its_place_is_used_after_a_401(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"client-certificate": "jane.pem", "client-key": "jane.key"})
    credentials = Credentials(find_access(KubeSettings(kubeconfig=str(path))))
    proof = await credentials.proof()

    assert not await credentials.refused(proof)  # nobody has renewed it yet

    (tmp_path / "jane.pem").write_text("newer")
    assert await credentials.refused(proof)
    assert (await credentials.proof()).certificate == Secret("newer")


async def test_a_client_certificate_that_is_gone_for_a_moment_costs_nothing(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"client-certificate": "jane.pem", "client-key": "jane.key"})
    credentials = Credentials(find_access(KubeSettings(kubeconfig=str(path))))
    proof = await credentials.proof()

    (tmp_path / "jane.pem").unlink()

    assert not await credentials.refused(proof)
    assert (await credentials.proof()).certificate == Secret("jane.pem")


async def test_the_hint_is_of_the_user_whom_the_kubeconfig_names_now() -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        content = yaml.safe_load(sandbox.kubeconfig.read_text())
        settings = KubeSettings(kubeconfig=str(sandbox.kubeconfig))
        content["users"][0]["user"] = {"token": "old"}
        sandbox.kubeconfig.write_text(yaml.safe_dump(content))
        client = KubeClient(find_access(settings), read_again=lambda: find_access(settings))
        content["users"][0]["user"] = {"username": "u", "password": "p"}
        sandbox.kubeconfig.write_text(yaml.safe_dump(content))
        try:
            with pytest.raises(Unauthorized) as caught:
                await client.get("/api/v1/namespaces", Ask("list", "namespaces"))
        finally:
            await client.close()

    assert "user name and password" in caught.value.hint
