"""docs/walkthrough.md is true: each command that can run here is run, in its order, with real kubectl and curl."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import tools
from tests.e2e.sandbox import Place, plain_environment, running_sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
BLOCKS = [
    (info.strip(), body) for info, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
HERE = [body for info, body in BLOCKS if info == "sh"]
ELSEWHERE = [body for info, body in BLOCKS if info == "sh elsewhere"]
QUERIES = [line for info, body in BLOCKS if info == "promql" for line in body.splitlines()]
LAST = "kill %1 %2"
"""What comes from here on takes everything away again."""


@dataclass(frozen=True)
class Walk:
    """What the walk printed, and where its Prometheus is."""

    place: Place
    told: str
    code: int


def free_port() -> int:
    """Give a port that is free just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Walk all of it in one shell, with the two ports moved to free ones."""
    programs = tmp_path_factory.mktemp("bin")
    (programs / "kubectl").symlink_to(tools.kubectl())
    kmon = programs / "kmon-tui"
    kmon.write_text(f'#!/bin/sh\nexec {sys.executable} -m kmon_tui "$@"\n', encoding="utf-8")
    kmon.chmod(0o755)
    script = "set -e -o pipefail -m\n" + "".join(f"echo '## step {n}'\n{body}" for n, body in enumerate(HERE))
    for usual in ("8080", "9090"):
        script = re.sub(rf"(-p |127\.0\.0\.1[:/]){usual}\b", rf"\g<1>{free_port()}", script)
    with running_sandbox("--world", "quiet", "--speed", "20") as place:
        path = f"{programs}:{os.environ['PATH']}"
        environ = plain_environment({"KUBECONFIG": str(place.kubeconfig), "PATH": path})
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            told, _ = shell.communicate(timeout=200)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
        yield Walk(place, told, shell.returncode)


def step(walk: Walk, words: str) -> str:
    """Give what the block with these words printed."""
    number = next(n for n, body in enumerate(HERE) if words in body)
    return walk.told.split(f"## step {number}\n")[1].split("## step ")[0]


def test_every_command_that_can_run_here_ends_well(walk: Walk) -> None:
    assert walk.code == 0, walk.told


def test_the_model_answers_as_the_text_says(walk: Walk) -> None:
    assert step(walk, "for n in 1 2 3 4 5").replace(" ", "").count('{"predictions":[1,1]}') == 5


def test_both_queries_answer_with_the_five_requests(walk: Walk) -> None:
    lines = [line for line in step(walk, "until curl -sG").splitlines() if line.startswith("{")]
    count, below_100_ms = (
        sum(float(series["value"][1]) for series in json.loads(line)["data"]["result"]) for line in lines[-2:]
    )

    assert count == 5
    assert below_100_ms == 5


def test_kmon_tui_says_the_same(walk: Walk) -> None:
    told = step(walk, "kmon-tui metrics")

    assert "sklearn-iris" in told
    assert re.search(r"requests since its pods began +5\n", told), told


def test_the_doctor_finds_the_whole_chain(walk: Walk) -> None:
    told = step(walk, "kmon-tui doctor")

    assert re.search(r"series +\S*kserve_request_count|series +.*kserve_request_count", told), told
    assert "✖" not in told, told


@pytest.mark.parametrize("query", QUERIES)
def test_prometheus_understands_each_query(walk: Walk, query: str) -> None:
    body = urllib.parse.urlencode({"query": query}).encode()

    with urllib.request.urlopen(f"{walk.place.prometheus_url}/api/v1/query", body, timeout=10) as answer:
        assert json.load(answer)["status"] == "success"


@pytest.mark.parametrize("block", [*HERE, *ELSEWHERE])
def test_each_block_is_a_script(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_nothing_is_marked_in_a_way_that_nobody_checks() -> None:
    assert {info for info, _ in BLOCKS} == {"sh", "sh elsewhere", "promql"}
    assert any(LAST in body for body in HERE)
    assert all("helm" in block or "https://" in block for block in ELSEWHERE), "what can run here is run here"


def test_each_file_that_it_names_is_there() -> None:
    named = set(re.findall(r"manifests/[\w.-]+\.(?:yaml|sh|json|md)", TEXT))

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
