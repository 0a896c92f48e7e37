"""The commands at the head of alerts.yaml load our rules, and keep groups that somebody loaded before."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.e2e.sandbox import plain_environment

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
ALERTS = (ROOT / "manifests" / "alerts.yaml").read_text(encoding="utf-8")
PARAGRAPHS = re.split(r"^#$", ALERTS[: ALERTS.index("\ngroups:")], flags=re.MULTILINE)
COMMANDS = [re.sub(r"^#   ", "", one.strip("\n"), flags=re.MULTILINE) for one in PARAGRAPHS if "#   { " in one]
HELM = """#!/bin/sh
case "$1" in get) cat "$HELM_VALUES";; upgrade) cat > "$HELM_SET";; esac
"""
OWN = {"name": "own", "rules": [{"alert": "Own", "expr": 'up{job="x"} == 0', "annotations": {"text": "{{ $value }}"}}]}
GROUPS = ["kserve-traffic", "kserve-pods", "kserve-callers", "kserve-alerts"]


def run(command: str, folder: Path, values: object = None) -> None:
    """Do what the head says, with a helm that keeps what it is given."""
    (folder / "helm").write_text(HELM, encoding="utf-8")
    (folder / "helm").chmod(0o755)
    (folder / "manifests").symlink_to(ROOT / "manifests")
    (folder / "values.json").write_text(json.dumps(values), encoding="utf-8")
    own = {"HELM_VALUES": str(folder / "values.json"), "HELM_SET": str(folder / "rules.yaml")}
    environ = plain_environment({"PATH": f"{folder}:{os.environ['PATH']}"} | own)
    subprocess.run(["bash", "-ec", command], cwd=folder, env=environ, check=True)


def groups(folder: Path) -> list[dict[str, object]]:
    """Give the groups in the values that helm is given."""
    values = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))
    found = values["serverFiles"]["alerting_rules.yml"]["groups"]
    assert isinstance(found, list)
    return found


def test_rules_are_loaded_where_there_are_none(tmp_path: Path) -> None:
    run(COMMANDS[0], tmp_path)

    assert groups(tmp_path) == yaml.safe_load(ALERTS)["groups"]


@pytest.mark.parametrize(
    ("values", "before"),
    [
        (None, []),
        ({"serverFiles": {"alerting_rules.yml": {}}}, []),
        ({"serverFiles": {"alerting_rules.yml": {"groups": [OWN]}}}, [OWN]),
        ({"serverFiles": {"alerting_rules.yml": {"groups": [OWN, {"name": GROUPS[0], "rules": []}]}}}, [OWN]),
    ],
    ids=["no values", "no groups", "own", "own and ours"],
)
def test_rules_that_are_there_stay(tmp_path: Path, values: object, before: list[object]) -> None:
    run(COMMANDS[1], tmp_path, values)

    assert groups(tmp_path) == [*before, *yaml.safe_load(ALERTS)["groups"]]
