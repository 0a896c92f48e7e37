"""The picture of the layers at run time: what a module leaves out of memory, and what the fast answers load."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    *("kubernetes", "aiohttp", "httpx", "requests", "urllib3", "pydantic", "prometheus_api_client", "plotext"),
    *("yaml", "numpy", "pandas", "promql_parser", "cryptography", "jsonpatch"),
)


def loaded_by(code: str) -> set[str]:
    """Give the names of the modules in memory after this code ran in a process of its own."""
    report = "import json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(done.stderr))


def test_the_screen_comes_up_without_anything_heavy() -> None:
    assert loaded_by("import kmon_tui.ui.app").isdisjoint(HEAVY)


def test_the_first_paint_waits_for_no_other_screen_than_the_fleet() -> None:
    screens = ("service_screen", "log_screen", "log_list", "page_view", "metrics_view", "alarm", "predict_screen")

    assert loaded_by("import kmon_tui.ui.app").isdisjoint(f"kmon_tui.ui.{name}" for name in screens)


def test_the_monitor_knows_no_screen() -> None:
    assert loaded_by("import kmon_tui.monitor.monitor").isdisjoint([*HEAVY, "textual", "rich"])


def test_the_command_line_is_light() -> None:
    assert loaded_by("import kmon_tui.cli").isdisjoint([*HEAVY, "textual", "rich", "argparse", "dataclasses"])


@pytest.mark.parametrize("words", [["--version"], ["version"], ["--help"], ["get", "--help"]])
def test_version_and_help_load_next_to_nothing(words: list[str]) -> None:
    code = f"import sys; sys.argv[1:] = {words!r}; from kmon_tui.cli import main; assert main() == 0"

    loaded = loaded_by(code)

    assert loaded.isdisjoint([*HEAVY, "textual", "rich", "argparse", "dataclasses", "platformdirs", "asyncio"])
    assert "importlib.metadata" not in loaded


def test_what_is_checked_before_the_screen_needs_no_client() -> None:
    code = "import kmon_tui.cli.screen, kmon_tui.cli.start, kmon_tui.live.kubeconfig, kmon_tui.live.prometheus_address"

    assert loaded_by(code).isdisjoint({*HEAVY, "textual", "rich"} - {"yaml"})
