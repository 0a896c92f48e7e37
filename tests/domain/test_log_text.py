"""What containers write is harmless on a screen and in a file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain.log_text import file_lines, plain, written
from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Key, Kind

REQUEST = LogRequest(Key(Kind.ISVC, "demo", "iris"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[m and \x1b[1;4mmore", "red and more"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;ZXZpbA==\x1b\\text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP+q544e\x1b\\text", "text"),
        ("\x9b2Jtext", "text"),
        ("\x1b[2J\x1b[Htext", "text"),
        ("text\x1b[", "text"),
        ("text\x1b", "text"),
        ("\x1b(Btext", "text"),
        (" 10%\r 50%\r100% done", "100% done"),
        ("progress 3/9\r", "progress 3/9"),
        ("a\tb", "a       b"),
        ("plain", "plain"),
    ],
)
def test_escapes_go_and_progress_bars_show_their_end(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_saved_line_says_when_and_who_and_holds_no_control_character() -> None:
    line = LogLine("a\x1b[31m\x00b\x07\tc", "iris-0", "main", datetime(2026, 11, 22, 12, tzinfo=UTC))

    assert written(line) == "2026-11-22T12:00:00Z iris-0 main a\ufffdb\ufffd\tc"


def test_a_file_says_what_was_dropped_before_its_first_line() -> None:
    view = LogView(REQUEST, ((LogLine("x", "iris-0", "main"), LogLine("restarted", mark=True)),), 7, 9, 3)

    assert list(file_lines(view)) == ["-- 10 older lines were dropped\n", "- iris-0 main x\n", "-- restarted\n"]
