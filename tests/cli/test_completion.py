"""Completion as the shells do it: words with = : and @ in them, quotes, names that a shell must not run, files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kmon_tui.cli.candidates import complete
from tests.e2e.sandbox import Place, running_sandbox

CONTEXTS = ("prod@eu", "arn:aws:eks:eu-1:12:cluster/a", "two words", "$(touch ran)x", "$HOME/x")
_BASH = """
source <(kmon-tui completion bash)
COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
compopt() { echo "files"; }
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
_kmon_tui
[ "${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""
"""Calls the function as readline does, with the words as it parts them."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    contexts = [{"name": name, "context": {"cluster": "c", "namespace": f"ns-{i}"}} for i, name in enumerate(CONTEXTS)]
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "contexts": contexts}))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def run(surroundings: dict[str, str], *words: str) -> list[str]:
    """Run a shell in the folder of the kubeconfig and give the lines that it printed."""
    home = surroundings["HOME"]
    done = subprocess.run(words, env=surroundings, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "parted", "expected"),
    [
        ("kmon-tui ge", "kmon-tui|ge", ["get"]),
        ("kmon-tui get --output=j", "kmon-tui|get|--output|=|j", ["json"]),
        ("kmon-tui get --output=", "kmon-tui|get|--output|=", ["table", "wide", "json", "yaml", "name", "csv"]),
        ("kmon-tui diff -o t", "kmon-tui|diff|-o|t", ["text"]),
        ("kmon-tui --context prod@e", "kmon-tui|--context|prod|@e", ["@eu"]),
        ("kmon-tui --context=arn:aws:", "kmon-tui|--context|=|arn|:|aws|:", ["eks:eu-1:12:cluster/a"]),
        ("kmon-tui --context two", "kmon-tui|--context|two", ["two\\ words"]),
        ('kmon-tui --context "two', 'kmon-tui|--context|"two', ["two words"]),
        ("kmon-tui --context $", "kmon-tui|--context|$", ["\\$\\(touch\\ ran\\)x", "\\$HOME/x"]),
        ("kmon-tui -n ns-1", "kmon-tui|-n|ns-1", ["ns-1"]),
        ("kmon-tui deploy -f m", "kmon-tui|deploy|-f|m", ["files"]),
        ("kmon-tui --kubeconfig=m", "kmon-tui|--kubeconfig|=|m", ["files"]),
    ],
)
def test_bash_completes_the_part_of_a_word_that_readline_replaces(
    line: str, parted: str, expected: list[str], surroundings: dict[str, str]
) -> None:
    assert run(surroundings, "bash", "-c", _BASH, "bash", line, *parted.split("|")) == expected
    assert not Path(surroundings["HOME"], "ran").exists()


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish on this machine")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kmon-tui ge", ["get\tprint the services"]),
        ("kmon-tui get --output=j", ["--output=json"]),
        ('kmon-tui --context "pro', ["prod@eu"]),
        ("kmon-tui --context two\\ ", ["two words"]),
        ("kmon-tui --kubeconfig=conf", ["--kubeconfig=config"]),
        ("kmon-tui predict -f conf", ["config"]),
    ],
)
def test_fish_completes(line: str, expected: list[str], surroundings: dict[str, str]) -> None:
    script = "source (kmon-tui completion fish | psub); complete -C $argv[1]"

    assert run(surroundings, "fish", "-N", "-c", script, line) == expected


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh on this machine")
def test_zsh_reads_its_script(surroundings: dict[str, str]) -> None:
    script = "autoload -U compinit; compinit -u -D; source <(kmon-tui completion zsh); echo $_comps[kmon-tui]"

    assert run(surroundings, "zsh", "-f", "-c", script) == ["_kmon_tui"]


def test_contexts_are_those_of_the_kubeconfig_that_is_named(
    surroundings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    complete([f"--kubeconfig={surroundings['KUBECONFIG']}", "--context", "pro"])

    assert capsys.readouterr().out.splitlines() == ["prod@eu", ":4"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("get -n default s", ["sklearn-iris", ":4"]),
        ("why -A sklearn-i", ["sklearn-iris", ":4"]),
        ("-A sklearn-i", ["sklearn-iris", ":4"]),
        ("metrics -A llm", ["llm/qwen2-7b", ":4"]),
        ("forward -n default isvc/s", ["isvc/sklearn-iris", ":4"]),
        ("forward -n default isvc/sklearn-iris ", [":4"]),
        ("check -n default sklearn-iris s", ["sklearn-iris", ":4"]),
        ("get -n default sklearn-iris ", [":4"]),
        ("get -n empty ", [":4"]),
        ("get --context nowhere ", [":4"]),
    ],
)
def test_names_are_those_of_the_cluster_and_a_failure_says_nothing(
    words: str, expected: list[str], sandbox: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before, current = words.rpartition(" ")[::2]

    complete([*before.split(), f"--kubeconfig={sandbox.kubeconfig}", current])

    captured = capsys.readouterr()
    assert captured.out.splitlines() == expected
    assert captured.err == ""
