"""The screen's way in and out, in a real terminal: refused in one line, ended by a bug, drawn for the locale."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.sandbox import KMON, plain_environment
from tests.e2e.terminal import Terminal

BUG = """
import sys
from kmon_tui.monitor.monitor import Monitor

async def run(self):
    token = "s3cret-in-a-variable"
    raise ZeroDivisionError("Authorization: Bearer abcdefgh12345678")

Monitor.run = run
sys.argv[1:] = ["--demo"]
from kmon_tui.cli import main
sys.exit(main())
"""


def ended(command: tuple[str, ...], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run to the end in a terminal; gives the exit code and all that was written."""
    with Terminal(command, columns=80, rows=24, env=plain_environment(environ)) as terminal:
        code = terminal.wait_for_exit()
        return code, terminal.raw.decode(errors="replace")


def test_a_bug_is_told_after_the_screen_with_code_70_and_no_secret(tmp_path: Path) -> None:
    code, text = ended((sys.executable, "-c", BUG), {"XDG_STATE_HOME": str(tmp_path)})

    told = text[text.rindex("\x1b[?1049l") :]
    log = (tmp_path / "kmon-tui" / "kmon.log").read_text(encoding="utf-8")
    assert code == 70
    assert "ZeroDivisionError" in told
    assert "kmon.log" in told
    assert "ZeroDivisionError" in log
    for secret in ("s3cret-in-a-variable", "abcdefgh12345678"):
        assert secret not in text + log


def test_a_wrong_context_is_refused_before_the_screen(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("apiVersion: v1\nkind: Config\ncontexts: [{name: prod, context: {}}]\ncurrent-context: prod\n")

    code, text = ended((*KMON, "--kubeconfig", str(config), "--context", "test"), {})

    assert code == 2
    assert len(text.splitlines()) == 1
    assert "'test'" in text
    assert "\x1b" not in text


def test_a_filter_that_cannot_be_read_is_refused_before_the_screen() -> None:
    code, text = ended((*KMON, "--demo", "--filter", "state:bogus"), {})

    assert code == 2
    assert len(text.splitlines()) == 1
    assert "no such state: bogus" in text and "One of ready, rolling" in text


def test_a_filter_to_start_with_is_at_work_and_to_be_seen() -> None:
    command = (*KMON, "--demo", "--filter", "ns:fraud")
    with Terminal(command, columns=80, rows=24, env=plain_environment()) as terminal:
        terminal.wait_for("esc clears")
        terminal.wait_for("fraud-xgb")

        assert any(line.startswith(" /ns:fraud") for line in terminal.lines())
        assert "sklearn-iris" not in terminal.text()


def test_a_dumb_terminal_is_refused() -> None:
    code, text = ended((*KMON, "--demo"), {"TERM": "dumb"})

    assert code == 2
    assert "TERM is dumb" in text


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_a_locale_without_utf8_gets_ascii_alone(columns: int, rows: int) -> None:
    command = (*KMON, "--demo")
    with Terminal(command, columns=columns, rows=rows, env=plain_environment({"LC_ALL": "C"})) as terminal:
        terminal.wait_for("api live")
        terminal.send(":")
        terminal.wait_for("esc back")

        assert terminal.raw.isascii()


def test_two_at_once_do_not_disturb_each_other() -> None:
    command = (*KMON, "--demo")
    with (
        Terminal(command, columns=80, rows=24, env=plain_environment()) as one,
        Terminal(command, columns=80, rows=24, env=plain_environment()) as two,
    ):
        one.wait_for("api live")
        two.wait_for("api live")
        one.send("q")

        assert one.wait_for_exit() == 0
        assert two.is_running
