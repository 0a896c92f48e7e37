"""Files that a person asked for: new ones only, and in the next folder where the first cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.domain.errors import KmonError
from kmon_tui.settings.exports import write_new


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    first = write_new([tmp_path], "kmon-iris", "csv", "a")
    second = write_new([tmp_path], "kmon-iris", "csv", "b")

    assert (first.name, second.name) == ("kmon-iris.csv", "kmon-iris-2.csv")
    assert (first.read_text(), second.read_text()) == ("a", "b")


def test_the_next_folder_is_taken_where_the_first_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert write_new([tmp_path / "file", tmp_path / "data" / "exports"], "x", "json", "{}").parent.name == "exports"


def test_without_any_folder_the_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(KmonError, match="cannot write into"):
        write_new([tmp_path / "file"], "x", "json", "{}")
