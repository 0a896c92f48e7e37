"""Files that a person asked for: new ones only, and in the next folder where the first cannot be written."""

from __future__ import annotations

import resource
import signal
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


def test_what_could_not_be_written_whole_is_not_left_behind(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal_was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(KmonError, match="File too large"):
            write_new([tmp_path], "x", "json", "0" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, signal_was)

    assert list(tmp_path.iterdir()) == []
