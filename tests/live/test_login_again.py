"""A token that stands in the kubeconfig itself: programs such as ``oc login`` write the next one there."""

from __future__ import annotations

from pathlib import Path

from kmon_tui.live.access import Access
from kmon_tui.live.credentials import Credentials
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.settings import KubeSettings
from tests.live.users import kubeconfig_of


def kubeconfig(folder: Path, **user: str) -> Path:
    return kubeconfig_of(folder, user)


def reading(path: Path) -> Credentials:
    def access() -> Access:
        return find_access(KubeSettings(kubeconfig=str(path)))

    return Credentials(access(), read_again=access)


async def bearer(credentials: Credentials) -> str:
    return (await credentials.proof()).headers["Authorization"]


async def test_a_new_token_in_the_kubeconfig_is_read_after_a_401(tmp_path: Path) -> None:
    credentials = reading(kubeconfig(tmp_path, token="old"))
    proof = await credentials.proof()

    assert not await credentials.refused(proof)  # nobody has logged in again yet

    kubeconfig(tmp_path, token="new")
    assert await credentials.refused(proof)
    assert await bearer(credentials) == "Bearer new"


async def test_a_user_who_has_a_token_file_now_is_known_by_it(tmp_path: Path) -> None:
    credentials = reading(kubeconfig(tmp_path, token="old"))
    proof = await credentials.proof()
    (tmp_path / "token").write_text("from a file\n")

    kubeconfig(tmp_path, tokenFile="token")

    assert await credentials.refused(proof)
    assert await bearer(credentials) == "Bearer from a file"


async def test_a_kubeconfig_that_is_half_written_costs_nothing(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, token="old")
    credentials = reading(path)
    proof = await credentials.proof()

    path.write_text("clusters: [")

    assert not await credentials.refused(proof)
    assert await bearer(credentials) == "Bearer old"
