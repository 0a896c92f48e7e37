"""YAML that is nested without end is an error in words: PyYAML's C loader would end the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kmon_tui.domain.manifest import ManifestError
from kmon_tui.live.manifest_files import parse_manifests
from kmon_tui.settings.nesting import MOST, not_too_deep

DEEP = ("[" * 100_000, '{"a":' * 100_000, "- " * 100_000, "? " * 100_000)


@pytest.mark.parametrize("text", DEEP)
def test_what_is_nested_without_end_is_not_given_to_the_loader(text: str) -> None:
    for one in (text, text.encode()):
        with pytest.raises((RecursionError, yaml.YAMLError)):
            not_too_deep(one)  # type: ignore[type-var]  # a str, then bytes


@pytest.mark.parametrize("text", ["", "[" * 20 + "]" * 20, "- a\n" * (3 * MOST), "x: [1, 2]\n", '"' + "[" * 1000 + '"'])
def test_all_else_is_given_as_it_is(text: str) -> None:
    assert not_too_deep(text) is text


def test_such_a_kubeconfig_costs_one_line_and_not_the_process(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(DEEP[0])
    done = subprocess.run(
        [sys.executable, "-m", "kmon_tui", "get", "--kubeconfig", str(path)],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2, done.stderr
    assert "nested without end" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_such_a_manifest_is_said_to_be_nested_too_deeply() -> None:
    for text in DEEP[:3]:
        with pytest.raises(ManifestError, match="nested too deeply"):
            parse_manifests(text, "deep.yaml")
