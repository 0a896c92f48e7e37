"""Files that a person asked for: into the folder where the program was started, else into the data folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kmon_tui.domain.errors import KmonError

MOST_TRIES = 100


def write_new(folders: Iterable[Path], stem: str, ending: str, text: str) -> Path:
    """Write a file that was not there before, in the first folder that can be written. Raises KmonError."""
    why = ""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _written(folder, stem, ending, text).resolve()
        except OSError as error:
            why = why or f"cannot write into {folder}: {error.strerror}"
    raise KmonError(why or "there is no folder to write into", "Start kmon-tui in a folder that is yours to write.")


def _written(folder: Path, stem: str, ending: str, text: str) -> Path:
    """Write it under the first name that is free; nothing is ever overwritten."""
    for number in range(1, MOST_TRIES + 1):
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.{ending}"
        try:
            file = path.open("x", encoding="utf-8", errors="backslashreplace")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(text)
        except OSError:
            path.unlink(missing_ok=True)  # a part of it would pass for the whole
            raise
        return path
    raise OSError(17, "too many files of this name")
