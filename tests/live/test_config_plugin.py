"""Login plugins: run by us, with stdin closed, their failure told in their own words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.live.access import Access, Endpoint, ExecPlugin
from kmon_tui.live.asking import Ask
from kmon_tui.live.credentials import Credentials, Headers
from kmon_tui.live.exec_plugin import run_interactive_plugin, run_plugin
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Secret
from tests.live.users import kubeconfig_of
from tests.live.watching import names, sample, watching

V1 = "client.authentication.k8s.io/v1"
ENDPOINT = Endpoint("https://a.example", ca_data="PEM", tls_server_name="b.example", plugin_config={"audience": "x"})


def script(folder: Path, body: str, name: str = "login") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


def answering(folder: Path, **status: str) -> Path:
    """Write a plugin that answers, and notes each of its runs in a file."""
    return script(folder, f"echo run >> {folder}/runs\ncat <<'END'\n{credential(**status)}\nEND")


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines()) if (folder / "runs").exists() else 0


def plugin_of(path: Path, **changes: Any) -> ExecPlugin:
    return ExecPlugin(**{"command": str(path), "directory": path.parent, **changes})


def access_of(sandbox_kubeconfig: Path, **exec_: Any) -> Path:
    """Give a kubeconfig like this one whose user logs in by a plugin."""
    content = yaml.safe_load(sandbox_kubeconfig.read_text())
    content["users"][0]["user"] = {"exec": {"apiVersion": V1, "interactiveMode": "Never", **exec_}}
    path = sandbox_kubeconfig.parent / "with-plugin"
    path.write_text(yaml.safe_dump(content))
    return path


async def test_a_plugin_gives_a_token_and_its_end(tmp_path: Path) -> None:
    path = answering(tmp_path, token="t", expirationTimestamp="2026-11-22T10:00:00Z")

    got = await run_plugin(plugin_of(path), ENDPOINT)

    assert got.token == Secret("t")
    assert got.expires == datetime(2026, 11, 22, 10, tzinfo=UTC)


async def test_it_learns_what_it_needs_from_the_environment(tmp_path: Path) -> None:
    path = script(
        tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo "$MINE $1" > {tmp_path}/mine; exit 1'
    )
    plugin = plugin_of(path, args=("arg",), env=(("MINE", "x"),), provide_cluster_info=True)

    with pytest.raises(Unauthorized):
        await run_plugin(plugin, ENDPOINT)

    info = json.loads((tmp_path / "info").read_text())
    assert (info["apiVersion"], info["kind"], info["spec"]["interactive"]) == (V1, "ExecCredential", False)
    assert info["spec"]["cluster"] == {
        "server": "https://a.example",
        "tls-server-name": "b.example",
        "certificate-authority-data": "UEVN",
        "config": {"audience": "x"},
    }
    assert (tmp_path / "mine").read_text() == "x arg\n"


async def test_cluster_info_is_kept_back_unless_asked_for(tmp_path: Path) -> None:
    path = script(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; exit 1')

    with pytest.raises(Unauthorized):
        await run_plugin(plugin_of(path), ENDPOINT)

    assert "cluster" not in json.loads((tmp_path / "info").read_text())["spec"]


async def test_its_stdin_is_closed_and_it_has_no_terminal(tmp_path: Path) -> None:
    path = script(tmp_path, f"cat; (: < /dev/tty) 2>/dev/null && exit 9; cat <<'END'\n{credential(token='t')}\nEND")

    assert (await run_plugin(plugin_of(path), ENDPOINT)).token == Secret("t")


async def test_a_failure_is_told_in_its_last_words(tmp_path: Path) -> None:
    path = script(tmp_path, "echo first >&2; echo 'please run: cloud login' >&2; echo >&2; exit 3")

    with pytest.raises(Unauthorized) as caught:
        await run_plugin(plugin_of(path), ENDPOINT)

    assert caught.value.message.endswith("failed: please run: cloud login")
    assert str(path) in caught.value.hint


async def test_a_plugin_that_is_not_there_gives_its_install_hint(tmp_path: Path) -> None:
    plugin = ExecPlugin(command="kmon-no-such-plugin", install_hint="brew install it", directory=tmp_path)

    with pytest.raises(Unauthorized) as caught:
        await run_plugin(plugin, ENDPOINT)

    assert caught.value.hint == "brew install it"


async def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    path = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")

    with pytest.raises(Unauthorized, match="no answer"):
        await run_plugin(plugin_of(path), ENDPOINT, limit_s=0.5)

    child = int((tmp_path / "child").read_text())
    async with asyncio.timeout(5):
        # It is killed by now; the kernel needs a moment on a busy machine.
        while _runs(child):  # noqa: ASYNC110  (another process tells no Event)
            await asyncio.sleep(0.01)


async def test_a_plugin_that_hangs_is_named_before_a_short_request_timeout_is_over(tmp_path: Path) -> None:
    client = KubeClient(_access(script(tmp_path, "sleep 60")), answer_s=1.0)

    async with asyncio.timeout(1.0):
        with pytest.raises(Unauthorized, match=r"login plugin .* gave no answer"):
            await client.get("/version", Ask("get", "the version", where=False))


async def test_a_plugin_that_takes_its_time_is_named_while_it_does(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        slow = script(tmp_path, f"sleep 0.7\ncat <<'END'\n{credential(token=sandbox.api.token)}\nEND")
        async with watching(access_of(sandbox.kubeconfig, command=str(slow))) as seen:
            fleet = await seen.until(lambda fleet: bool(fleet.notes))
            assert fleet.notes == (f"waiting for the login plugin {slow}, 1 s at most",)

            assert (await seen.synced()).notes == ()


@pytest.mark.parametrize("content", [b"a\xff\xfeb", b"a\nb\n", b"a\0b"])
async def test_a_file_that_holds_no_token_is_named_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    access = find_access(KubeSettings(kubeconfig=str(kubeconfig_of(tmp_path, {"tokenFile": "token"}))))

    with pytest.raises(Unauthorized, match=r"what is in .*/token is no token"):
        await Credentials(access).proof()


async def test_a_plugin_whose_token_holds_a_line_end_is_named(tmp_path: Path) -> None:
    path = script(tmp_path, f"cat <<'END'\n{credential(token='s3cret' + chr(10))}\nEND")

    with pytest.raises(Unauthorized, match="gave a token with a line end") as caught:
        await run_plugin(plugin_of(path), ENDPOINT)

    assert "s3cret" not in caught.value.message


async def test_an_answer_of_a_plugin_that_is_nested_without_end_is_none(tmp_path: Path) -> None:
    path = script(tmp_path, f"exec {sys.executable} -c 'print(\"[\" * 100000)'")

    with pytest.raises(Unauthorized, match="did not answer with an ExecCredential"):
        await run_plugin(plugin_of(path), ENDPOINT)


async def test_what_a_plugin_says_to_people_is_shown_while_it_waits_for_them(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        path = script(tmp_path, "echo open https://login.example and enter CODE >&2; sleep 60")
        async with watching(access_of(sandbox.kubeconfig, command=str(path))) as seen:
            fleet = await seen.until(lambda fleet: any("it says" in note for note in fleet.notes))
            assert fleet.notes[0].endswith("; it says: open https://login.example and enter CODE")

            assert (await seen.failing()).health.error.endswith("; it said: open https://login.example and enter CODE")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


@pytest.mark.parametrize(
    "answer",
    ["", "null", "[]", "s3cret", '{"kind": "Else", "apiVersion": "' + V1 + '", "status": {"token": "s3cret"}}', "{}"],
)
async def test_an_answer_that_is_none_is_an_error_that_does_not_quote_it(tmp_path: Path, answer: str) -> None:
    path = script(tmp_path, f"cat <<'END'\n{answer}\nEND")

    with pytest.raises(Unauthorized) as caught:
        await run_plugin(plugin_of(path), ENDPOINT)

    assert "s3cret" not in str(caught.value.message)
    assert caught.value.__cause__ is None


async def test_a_relative_command_is_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    answering(tmp_path / "bin", token="t")

    got = await run_plugin(ExecPlugin(command="./bin/login", directory=tmp_path), ENDPOINT)

    assert got.token == Secret("t")


async def test_what_a_plugin_says_in_colours_is_told_without_them(tmp_path: Path) -> None:
    path = script(tmp_path, r"printf '\033[31mERROR\033[0m: run sso login\n' >&2; exit 1")

    with pytest.raises(Unauthorized, match="failed: ERROR: run sso login"):
        await run_plugin(plugin_of(path), ENDPOINT)


async def test_the_plugin_is_asked_once_while_its_token_lives(tmp_path: Path) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    credentials = Credentials(_access(answering(tmp_path, token="t", expirationTimestamp=later)))

    first, second = await credentials.proof(), await credentials.proof()

    assert first.headers["Authorization"] == second.headers["Authorization"] == "Bearer t"
    assert runs(tmp_path) == 1


@pytest.mark.parametrize("left_s", [5.0, 1.5, -1.0])
async def test_a_token_that_comes_with_seconds_to_live_is_used_for_half_of_them(tmp_path: Path, left_s: float) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=left_s)).isoformat()
    credentials = Credentials(_access(answering(tmp_path, token="t", expirationTimestamp=soon)))

    for _ in range(3):
        await credentials.proof()

    assert runs(tmp_path) == 1


async def test_a_token_that_is_about_to_end_is_renewed(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    credentials = Credentials(_access(answering(tmp_path, token="t", expirationTimestamp=soon)))

    await credentials.proof()
    await asyncio.sleep(1.1)
    await credentials.proof()

    assert runs(tmp_path) == 2


async def test_a_refused_token_makes_the_plugin_run_again_but_once_for_all_who_ask(tmp_path: Path) -> None:
    credentials = Credentials(_access(answering(tmp_path, token="t")))
    proof = await credentials.proof()

    assert await credentials.refused(proof)
    assert await credentials.refused(proof)

    assert runs(tmp_path) == 2


async def test_a_plugin_whose_new_token_is_refused_too_is_not_run_again_at_once(tmp_path: Path) -> None:
    credentials = Credentials(_access(answering(tmp_path, token="t")))
    await credentials.proof()

    tries = [await credentials.refused(await credentials.proof()) for _ in range(4)]

    assert tries == [True, False, False, False]
    assert runs(tmp_path) == 2


def _access(plugin: Path) -> Access:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://a.example"}}],
        "users": [
            {
                "name": "u",
                "user": {"exec": {"apiVersion": V1, "interactiveMode": "IfAvailable", "command": str(plugin)}},
            }
        ],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = plugin.parent / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return find_access(KubeSettings(kubeconfig=str(path)))


async def test_a_failing_plugin_is_not_run_again_at_once(tmp_path: Path) -> None:
    path = script(tmp_path, f"echo run >> {tmp_path}/runs; exit 1")
    credentials = Credentials(_access(path))

    for _ in range(3):
        with pytest.raises(Unauthorized):
            await credentials.proof()

    assert runs(tmp_path) == 1


async def test_the_fleet_comes_by_way_of_a_plugin(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        plugin = answering(tmp_path, token=sandbox.api.token)

        async with watching(access_of(sandbox.kubeconfig, command=str(plugin))) as seen:
            fleet = await seen.synced()

    assert names(fleet) == ["a"]
    assert runs(tmp_path) == 1


async def test_a_token_that_expires_in_mid_watch_is_renewed_by_the_plugin(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        token = tmp_path / "token"
        token.write_text(sandbox.api.token)
        answer = credential(token="$(cat " + str(token) + ")").replace('"', '\\"')
        plugin = script(tmp_path, f'echo "{answer}"')
        async with watching(access_of(sandbox.kubeconfig, command=str(plugin))) as seen:
            await seen.synced()
            sandbox.api.access.revoke(sandbox.api.token)
            token.write_text(sandbox.api.token)
            sandbox.api.store.drop_watches()
            sandbox.api.store.put(sample(name="b"))

            fleet = await seen.until(lambda fleet: names(fleet) == ["b"])

    assert not fleet.health.error


async def test_a_failing_plugin_is_a_state_of_the_fleet(tmp_path: Path) -> None:
    plugin = script(tmp_path, "echo 'session expired, run: cloud login' >&2; exit 1")
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        kubeconfig = access_of(sandbox.kubeconfig, command=str(plugin))
        async with watching(kubeconfig) as seen:
            fleet = await seen.failing()

    assert fleet.health.kind == "Unauthorized"
    assert "session expired, run: cloud login" in fleet.health.error


def test_a_plugin_that_insists_on_the_terminal_runs_before_the_screen(tmp_path: Path) -> None:
    plugin = answering(tmp_path, token="t")
    _access(plugin)
    content = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    content["users"][0]["user"]["exec"]["interactiveMode"] = "Always"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    settings = KubeSettings(kubeconfig=str(tmp_path / "kubeconfig"))

    with pytest.raises(Unauthorized, match="standard input is no terminal"), Path("/dev/null").open() as nothing:
        run_interactive_plugin(settings, terminal=nothing.fileno())
    near, far = os.openpty()
    ready = run_interactive_plugin(settings, terminal=far)
    os.close(near)
    os.close(far)

    assert ready.credential is not None
    assert ready.credential.token == Secret("t")
    assert "Secret(***)" in repr(ready)


async def test_what_it_gave_is_used_and_it_is_not_run_again(tmp_path: Path) -> None:
    plugin = answering(tmp_path, token="t")
    access = _access(plugin)
    settings = run_interactive_plugin(KubeSettings(kubeconfig=str(tmp_path / "kubeconfig")))

    assert settings.credential is None
    assert runs(tmp_path) == 0
    assert (await Credentials(access).proof()).headers["Authorization"] == "Bearer t"


async def test_a_token_file_is_read_again_when_it_was_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")
    content = yaml.safe_load(_plain(tmp_path).read_text())
    content["users"][0]["user"] = {"tokenFile": "token", "token": "never"}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    credentials = Credentials(find_access(KubeSettings(kubeconfig=str(tmp_path / "kubeconfig"))))
    proof = await credentials.proof()
    assert proof.headers["Authorization"] == "Bearer old"
    assert not await credentials.refused(proof)

    (tmp_path / "token").write_text("new")

    assert await credentials.refused(proof)
    assert (await credentials.proof()).headers["Authorization"] == "Bearer new"


def _plain(folder: Path) -> Path:
    _access(script(folder, "exit 1"))
    return folder / "kubeconfig"


def test_headers_show_themselves_to_nobody() -> None:
    from rich.pretty import pretty_repr

    headers = Headers({"Authorization": "Bearer s3cret"})

    assert "s3cret" not in f"{headers!r} {headers} {pretty_repr(headers)} {pretty_repr({'headers': headers})}"


async def test_the_hint_is_the_whole_command_as_it_is_typed(tmp_path: Path) -> None:
    path = script(tmp_path, "echo 'session expired' >&2; exit 1")
    plugin = plugin_of(path, args=("eks", "get-token", "--cluster-name", "my models", "--region=eu-1"))

    with pytest.raises(Unauthorized) as caught:
        await run_plugin(plugin, ENDPOINT)

    assert caught.value.message.endswith("session expired")
    assert f"{path} eks get-token --cluster-name 'my models' --region=eu-1 (" in caught.value.hint


async def test_no_secret_of_the_kubeconfig_is_in_the_hint(tmp_path: Path) -> None:
    args = ("get-token", "--client-id", "me", "--client-secret", "s3cr3t", "--password=s3cr3t", "--token-file", "/t")
    plugin = plugin_of(script(tmp_path, "exit 1"), args=args, env=(("AWS_SECRET_ACCESS_KEY", "s3cr3t"),))

    with pytest.raises(Unauthorized) as caught:
        await run_plugin(plugin, ENDPOINT)

    assert "s3cr3t" not in caught.value.hint
    assert "AWS_SECRET_ACCESS_KEY=*** " in caught.value.hint
    assert "get-token --client-id me --client-secret *** --password=*** --token-file /t" in caught.value.hint


async def test_a_helper_that_a_plugin_leaves_behind_does_not_hold_it_up(tmp_path: Path) -> None:
    path = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/helper\ncat <<'END'\n{credential(token='t')}\nEND")

    got = await run_plugin(plugin_of(path), ENDPOINT, limit_s=10)

    os.kill(int((tmp_path / "helper").read_text()), signal.SIGKILL)
    assert got.token == Secret("t")


async def test_a_plugin_that_floods_is_heard_to_its_end(tmp_path: Path) -> None:
    path = script(tmp_path, "head -c 5000000 /dev/zero >&2; echo; echo 'log in first' >&2; exit 1")

    with pytest.raises(Unauthorized, match="failed"):
        await run_plugin(plugin_of(path), ENDPOINT, limit_s=20)
