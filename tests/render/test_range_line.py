"""The line that says which time is shown."""

from __future__ import annotations

from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.metrics import range_line

THERE = (("there: p50 35ms  p90 73ms  p99 208ms  104 req/s ", "accent"),)


def test_that_numbers_are_not_there_yet_is_not_cut_for_what_the_cursor_says() -> None:
    line = range_line(1800, None, ("being asked for, and more words than fit", "warn"), THERE, 80)

    assert "being asked for, and more words than fit" in text_of(line)
    assert text_of(line).endswith("\u2026")
    assert width_of(line) == 80
