"""`kmon-tui forward` as a script calls it: the address first, the words beside it, and an orderly end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.sandbox import KMON, Place, plain_environment, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


@contextmanager
def forwarding(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run it and give its process and the first line of its standard output."""
    with subprocess.Popen(
        [*KMON, "forward", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def there(place: Place) -> tuple[str, str]:
    return ("--kubeconfig", str(place.kubeconfig))


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """End it as a person or a supervisor does; give its code and its words."""
    process.send_signal(number)
    _, words = process.communicate(timeout=20)
    return process.returncode, words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_address_is_on_standard_output_and_the_end_is_orderly(sandbox: Place, number: signal.Signals) -> None:
    with forwarding("isvc/sklearn-iris", *there(sandbox)) as (process, address):
        assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
        with urllib.request.urlopen(f"http://{address}/v1/models/sklearn-iris", timeout=20) as answer:
            assert answer.status == 200
        assert process.stderr is not None
        words = [process.stderr.readline() for _ in range(2)]

        code, _ = ended(process, number)

    assert code == 0
    assert words[0].startswith("kmon-tui: listening on 127.0.0.1")
    assert "port 8012" in words[1]


def test_a_second_one_is_told_who_holds_the_port(sandbox: Place) -> None:
    with forwarding("isvc/sklearn-iris", *there(sandbox)) as (process, address):
        port = address.partition(":")[2]
        with forwarding("isvc/sklearn-iris", port, *there(sandbox)) as (second, nothing):
            _, words = second.communicate(timeout=20)

    assert nothing == ""
    assert second.returncode == 3
    assert f"held by pid {process.pid} (kmon-tui)" in words
    assert "is free" in words


def test_the_port_is_free_after_the_end(sandbox: Place) -> None:
    with forwarding("isvc/sklearn-iris", *there(sandbox)) as (process, address):
        ended(process, signal.SIGTERM)

    socket.create_server(("127.0.0.1", int(address.partition(":")[2]))).close()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("isvc/iris", "there is no isvc/iris in namespace default. There is iris-standard, sklearn-iris."),
        (
            "fraud/isvc/ranker",
            "there is no isvc/ranker in namespace fraud. It is in namespace search: write search/isvc/",
        ),
        (
            "isvc/sklearn-iris@nope",
            "isvc/sklearn-iris has no pod of nope. It has pods of sklearn-iris-predictor-00001.",
        ),
    ],
)
def test_what_is_not_there_at_the_start_ends_it_with_what_may_be_meant(sandbox: Place, target: str, words: str) -> None:
    with forwarding(target, *there(sandbox)) as (process, _):
        _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert words in said


@pytest.mark.parametrize(("flags", "code"), [(("--as", "nobody"), 4), (("--token", "wrong"), 3)])
def test_without_a_right_or_a_login_at_the_start_it_ends(sandbox: Place, flags: tuple[str, str], code: int) -> None:
    with forwarding("isvc/sklearn-iris", *flags, *there(sandbox)) as (process, _):
        process.communicate(timeout=30)

    assert process.returncode == code


@pytest.mark.parametrize("words", [["node/x"], ["svc/x:http:80"], ["isvc/x", "http"], ["svc/x:80", "8080:443"]])
def test_what_cannot_work_is_usage(words: list[str]) -> None:
    done = subprocess.run(
        [*KMON, "forward", *words], check=False, capture_output=True, text=True, timeout=30, env=plain_environment()
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_it_works_in_the_demo() -> None:
    with forwarding("llm/qwen2-7b", "--demo", "-n", "llm") as (process, address):
        with urllib.request.urlopen(f"http://{address}/v1/models", timeout=30) as answer:
            assert answer.status == 200

        code, _ = ended(process, signal.SIGINT)

    assert code == 0
