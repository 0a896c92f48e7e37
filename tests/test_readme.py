"""The README tells the truth: every flag, key, file and target that it names exists, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widget import Widget

from kmon_tui.cli.flags import COMMANDS, EVERYWHERE
from kmon_tui.ui.commands import COMMANDS as SCREEN_COMMANDS
from kmon_tui.ui.fleet_screen import FleetScreen
from kmon_tui.ui.log_screen import LogScreen
from kmon_tui.ui.metrics_screen import MetricsScreen
from kmon_tui.ui.metrics_view import MetricsView
from kmon_tui.ui.paged_screen import PagedScreen
from kmon_tui.ui.service_screen import ServiceScreen
from kmon_tui.ui.service_table import ServiceTable

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = [*(row for _, rows in EVERYWHERE for row in rows), *(row for _, _, own in COMMANDS.values() for row in own)]
SPELLED = {"question_mark": "?", "slash": "/", "colon": ":", "minus": "-", "escape": "esc", "ampersand": "&"}
SPELLED |= {"less_than_sign": "<", "greater_than_sign": ">"}
ARROWS = {"down", "up", "left", "right", "home", "end", "pagedown", "pageup", "space", "f1", "shift+tab"}
"""Keys that the README names together, as arrows, or not at all."""


def section(title: str) -> str:
    """Give the text below a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_flag_is_in_the_readme_and_no_other() -> None:
    named = set(re.findall(r"`(--[a-z-]+)`", section("Flags")))
    real = {name for names, _, _, _ in ROWS for name in names if name.startswith("--")}

    assert named == real


def test_every_command_is_in_the_readme() -> None:
    for command in COMMANDS.keys() - {"tui", "version"}:
        assert f"kmon-tui {command}" in README, command


OWNERS = (FleetScreen, ServiceScreen, PagedScreen, LogScreen, MetricsScreen, MetricsView, ServiceTable)


@pytest.mark.parametrize("owner", OWNERS)
def test_every_key_is_in_the_readme(owner: type[Widget]) -> None:
    bindings = [binding for binding in owner.BINDINGS if isinstance(binding, Binding)]
    keys = {key for binding in bindings for key in binding.key.split(",")} - ARROWS - set("12345678")
    named = set(re.findall(r"`([^`]+)`", section("Keys")))

    assert {SPELLED.get(key, key.replace("ctrl+", "^")) for key in keys} <= named


def test_every_word_of_the_command_line_is_in_the_readme() -> None:
    for word in SCREEN_COMMANDS:
        assert f"`{word}`" in section("Keys"), word


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "manifests/README.md", "docs/adr/README.md"])
def test_links_lead_somewhere(path: str) -> None:
    file = ROOT / path

    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), target


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    for path in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / path).read_text(encoding="utf-8")))
        assert named - {"dev-requirements"} <= targets
