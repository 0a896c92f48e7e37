"""The program as a script calls it: what it prints where, and with which code it ends, when the world is not well."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.sandbox import KMON, Place, plain_environment, run, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


def changed(place: Place, folder: Path, change: dict[str, Any], user: dict[str, Any] | None = None) -> str:
    """Write a kubeconfig that differs from the sandbox's in its cluster or its user."""
    content = yaml.safe_load(place.kubeconfig.read_text(encoding="utf-8"))
    cluster = content["clusters"][0]["cluster"]
    cluster |= change
    content["clusters"][0]["cluster"] = {key: value for key, value in cluster.items() if value is not None}
    if user is not None:
        content["users"][0]["user"] = user
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Hold a failure to its code, to one line of words on stderr, and to nothing on stdout."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("kmon-tui: ")
    for word in words:
        assert word in done.stderr


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen, accept, and say nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_get_prints_data_on_stdout_and_words_on_stderr(sandbox: Place) -> None:
    done = run("get", "-A", "-o", "json", "--kubeconfig", str(sandbox.kubeconfig))

    assert done.returncode == 0
    assert all(line.startswith("kmon-tui: ") for line in done.stderr.splitlines())
    assert {"sklearn-iris"} <= {item["name"] for item in json.loads(done.stdout)["items"]}


def test_the_kubeconfig_may_come_from_the_environment(sandbox: Place) -> None:
    done = run("get", "sklearn-iris", "-o", "name", env={"KUBECONFIG": f"/nowhere/x:{sandbox.kubeconfig}"})

    assert (done.returncode, done.stdout) == (0, "inferenceservice.serving.kserve.io/sklearn-iris\n")


def test_an_absent_name_is_a_finding(sandbox: Place) -> None:
    one_line(run("get", "nobody", "--kubeconfig", str(sandbox.kubeconfig)), 1, "nobody", "namespace default")


def test_a_broken_kubeconfig_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("apiVersion: [")

    one_line(run("get", "--kubeconfig", str(tmp_path / "config")), 2, "config")


def test_an_unknown_context_is_answered_with_the_known_ones(sandbox: Place) -> None:
    one_line(run("get", "--context", "prod", "--kubeconfig", str(sandbox.kubeconfig)), 2, "'prod'", "sandbox")


def test_no_kubeconfig_at_all_leads_to_the_demo() -> None:
    one_line(run("get"), 2, "--demo")


def test_an_unreachable_server_is_named(sandbox: Place, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{free.getsockname()[1]}"
        config = changed(sandbox, tmp_path, {"server": server})

        one_line(run("get", "--kubeconfig", config), 3, server.removeprefix("https://"))


def test_a_hanging_server_is_a_timeout(sandbox: Place, tmp_path: Path) -> None:
    with silent_server() as port:
        config = changed(sandbox, tmp_path, {"server": f"https://127.0.0.1:{port}"})

        one_line(run("get", "--kubeconfig", config, "--request-timeout", "1s"), 5)


def test_an_expired_token_is_no_access(sandbox: Place, tmp_path: Path) -> None:
    config = changed(sandbox, tmp_path, {}, {"token": "expired-s3cret"})

    done = run("get", "--kubeconfig", config)

    one_line(done, 3)
    assert "s3cret" not in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_named(sandbox: Place, tmp_path: Path) -> None:
    config = changed(sandbox, tmp_path, {"certificate-authority-data": None})

    one_line(run("get", "--kubeconfig", config), 3, "certificate")
    assert run("get", "--kubeconfig", config, "--insecure-skip-tls-verify").returncode == 0


def test_certificate_data_that_is_none_is_configuration(sandbox: Place, tmp_path: Path) -> None:
    data = base64.b64encode(b"not a certificate").decode()

    done = run("get", "--kubeconfig", changed(sandbox, tmp_path, {"certificate-authority-data": data}))

    assert done.returncode in {2, 3}
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("fault", "code", "limit"),
    # What may pass is tried again until the limit; a refusal needs none, and a busy machine more than a few seconds.
    [("list:403", 4, "60s"), ("list:html", 3, "5s"), ("list:500", 3, "5s"), ("list:drop", 3, "5s")],
)
def test_what_the_api_server_does_wrong_has_a_code(fault: str, code: int, limit: str) -> None:
    with running_sandbox("--fault", fault) as place:
        done = run("get", "-n", "default", "--kubeconfig", str(place.kubeconfig), "--request-timeout", limit)

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_a_oneshot_asks_again_when_it_is_told_when() -> None:
    with running_sandbox("--fault", "list:429=1*2") as place:
        done = run("get", "-n", "default", "--kubeconfig", str(place.kubeconfig))

    assert done.returncode == 0, done.stderr
    assert "sklearn-iris" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("get", "-o", "xml"),
        ("get", "pod/x"),
        ("get", "--request-timeout", "soon"),
        ("--prometheus", "ftp://x", "get"),
        ("get", "--prometheus-password-file", "/nowhere/pw"),
        ("completion", "tcsh"),
        ("frobnicate", "x"),
        ("sandbox", "--fault", "x"),
        ("sandbox", "--world", "nowhere"),
        ("sandbox", "--knative", "new"),
    ],
)
def test_usage_is_one_line_and_code_2(words: tuple[str, ...]) -> None:
    one_line(run(*words), 2)


def test_the_screen_needs_a_terminal(sandbox: Place) -> None:
    one_line(run("--kubeconfig", str(sandbox.kubeconfig)), 2, "terminal", "kmon-tui get")


def test_a_home_that_cannot_be_written_is_said_and_no_hindrance(sandbox: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = {"HOME": str(tmp_path / "file"), "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}

    done = run("get", "-A", "--kubeconfig", str(sandbox.kubeconfig), env=home)

    assert done.returncode == 0
    assert "sklearn-iris" in done.stdout
    assert "nothing is saved" in done.stderr


def test_a_broken_config_is_said_and_no_hindrance(sandbox: Place, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("theme: [")

    done = run("get", "-A", "--kubeconfig", str(sandbox.kubeconfig), env={"KMON_CONFIG": str(tmp_path / "my.yaml")})

    assert done.returncode == 0
    assert "my.yaml" in done.stderr
    assert (tmp_path / "my.yaml.invalid").exists()


def test_a_locale_without_utf8_gets_json_all_the_same(sandbox: Place) -> None:
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}

    done = run("get", "-A", "-o", "json", "--kubeconfig", str(sandbox.kubeconfig), env=latin)

    assert done.returncode == 0
    assert json.loads(done.stdout)["items"]


def test_a_reader_that_goes_away_is_no_traceback(sandbox: Place) -> None:
    command = [*KMON, "get", "-A", "-o", "json", "--kubeconfig", str(sandbox.kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain_environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        words = process.stderr.read()

    assert process.returncode == 141
    assert words == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_said_and_no_bug(sandbox: Place) -> None:
    environment = plain_environment({"KUBECONFIG": str(sandbox.kubeconfig)})

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*KMON, "get"], env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )

    assert done.returncode == 74
    assert done.stderr.splitlines()[-1].startswith("kmon-tui: standard output cannot be written: No space left")
    assert "Traceback" not in done.stderr


@pytest.fixture
def hearing_ctrl_c() -> Iterator[None]:
    """Who runs the tests in the background has them ignore ctrl+c, and what they start, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing_ctrl_c")
def test_ctrl_c_ends_a_oneshot_with_130(sandbox: Place, tmp_path: Path) -> None:
    with silent_server() as port:
        config = changed(sandbox, tmp_path, {"server": f"https://127.0.0.1:{port}"})
        command = [*KMON, "get", "--kubeconfig", config]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=plain_environment(), text=True) as process:
            timer = threading.Timer(1.5, process.send_signal, (signal.SIGINT,))
            timer.start()
            _, words = process.communicate(timeout=20)

    assert (process.returncode, words) == (130, "")


def test_a_oneshot_of_the_demo_leaves_nothing_running(tmp_path: Path) -> None:
    done = run("get", "sklearn-iris", "-n", "default", "--demo", "-o", "json", env={"TMPDIR": str(tmp_path)})

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["items"][0]["namespace"] == "default"
    assert not list(tmp_path.glob("kmon-sandbox-*"))


@pytest.mark.parametrize("flag", [("--prometheus", "http://127.0.0.1:9"), ("--context", "prod")])
def test_a_demo_refuses_what_means_another_cluster_or_prometheus(flag: tuple[str, str]) -> None:
    one_line(run("metrics", "sklearn-iris", "--demo", *flag), 2, "--demo", flag[0])


def test_the_sandbox_ends_with_its_input() -> None:
    command = [*KMON, "sandbox", "--until-eof"]
    done = subprocess.run(
        command, input="", capture_output=True, text=True, timeout=30, env=plain_environment(), check=False
    )

    assert done.returncode == 0
    assert done.stdout.startswith("KUBECONFIG=")


def test_info_says_where_everything_is_and_no_secret(tmp_path: Path) -> None:
    environ = {
        "PROMETHEUS_URL": "http://me:s3cret@prom:9090",
        "XDG_STATE_HOME": str(tmp_path),
        "KUBECONFIG": os.devnull,
    }

    done = run("info", "-o", "json", env=environ)

    content = json.loads(done.stdout)
    assert done.returncode == 0
    assert content["paths"]["log"] == str(tmp_path / "kmon-tui" / "kmon.log")
    assert content["paths"]["audit"] == str(tmp_path / "kmon-tui" / "audit.jsonl")
    assert content["paths"]["kubeconfig"] == os.devnull
    assert {"config", "forwards", "data"} <= content["paths"].keys()
    assert content["prometheus"]["url"] == "http://prom:9090"
    assert "s3cret" not in done.stdout + done.stderr


def test_a_oneshot_promises_nothing_that_only_the_screen_does(sandbox: Place, tmp_path: Path) -> None:
    config = changed(sandbox, tmp_path, {"server": "https://127.0.0.1:1"})

    done = run("get", "--kubeconfig", config)

    assert done.stderr == ("kmon-tui: nobody listens at https://127.0.0.1:1. Is the cluster running, and the VPN up?\n")
