"""diff and deploy as a script meets them: what is read, what is refused before anything is asked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sandbox import KMON, Place, plain_environment, run, running_sandbox
from tests.live.deploys import IRIS


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox("--world", "quiet") as place:
        yield place


@pytest.fixture
def iris(tmp_path: Path) -> str:
    """Give the path of a manifest."""
    path = tmp_path / "iris.yaml"
    path.write_text(IRIS, encoding="utf-8")
    return str(path)


def place_flags(sandbox: Place) -> tuple[str, str]:
    return "--kubeconfig", str(sandbox.kubeconfig)


def test_without_yes_and_without_a_terminal_nothing_is_written(sandbox: Place, iris: str) -> None:
    done = run("deploy", "-f", iris, *place_flags(sandbox))

    assert done.returncode == 2
    assert "nothing was written" in done.stderr
    assert run("get", "iris", *place_flags(sandbox)).returncode == 1


def test_what_a_folder_holds_besides_manifests_is_skipped_and_said(sandbox: Place, iris: str) -> None:
    folder = Path(iris).parent
    (folder / "values.yaml").write_text("image: {tag: 1}\n", encoding="utf-8")

    told = run("diff", "-f", str(folder), *place_flags(sandbox))
    listed = json.loads(run("diff", "-f", str(folder), "-o", "json", *place_flags(sandbox)).stdout)

    assert told.returncode == 1
    assert f"{folder}/values.yaml  skipped: it holds no Kubernetes object" in told.stdout
    assert listed["skipped"] == [f"{folder}/values.yaml"]
    assert run("diff", "-f", f"{folder}/values.yaml", *place_flags(sandbox)).returncode == 2


def test_read_only_is_stronger_than_yes(sandbox: Place, iris: str) -> None:
    done = run("deploy", "-f", iris, "--yes", "--readonly", *place_flags(sandbox))

    assert done.returncode == 2
    assert "read-only" in done.stderr
    assert run("get", "iris", *place_flags(sandbox)).returncode == 1


def test_diff_reads_standard_input(sandbox: Place) -> None:
    done = subprocess.run(
        [*KMON, "diff", "-f", "-", *place_flags(sandbox)],
        input=IRIS,
        capture_output=True,
        text=True,
        timeout=60,
        env=plain_environment(),
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "+ InferenceService default/iris  new" in done.stdout


def test_broken_yaml_is_usage_and_no_finding(tmp_path: Path, sandbox: Place) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("a: b: c\n", encoding="utf-8")

    done = run("diff", "-f", str(path), *place_flags(sandbox))

    assert done.returncode == 2
    assert "document 1 (line 1, column 5)" in done.stderr


def test_a_namespace_that_the_manifest_contradicts_is_refused(tmp_path: Path, sandbox: Place) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(IRIS.replace("name: iris", "name: iris\n  namespace: one"), encoding="utf-8")

    done = run("diff", "-f", str(path), "-n", "two", *place_flags(sandbox))

    assert done.returncode == 2
    assert "is in namespace one, not in two" in done.stderr


def test_without_a_file_it_says_what_is_missing() -> None:
    done = run("diff")

    assert done.returncode == 2
    assert "-f FILE" in done.stderr


def test_enter_at_the_question_writes_nothing(sandbox: Place, iris: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*KMON, "deploy", "-f", iris, *place_flags(sandbox)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    )
    os.write(ours, b"\n")
    try:
        _, words = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
        os.close(theirs)

    assert process.returncode == 1
    assert "[y/N]" in words
    assert "nothing was written" in words
