"""What a row to type in offers."""

from __future__ import annotations

from kmon_tui.ui.entry_row import typeable


def test_only_what_can_be_typed_is_offered() -> None:
    names = ["prod-eu", "grün", "evil\x1b[31m", "gpj\u202eexe", "a\u200bb", "nul\0"]

    assert typeable(names) == ["prod-eu", "grün"]
