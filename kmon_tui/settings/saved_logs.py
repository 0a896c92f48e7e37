"""Logs that a person saved: one file each, for the owner's eyes only."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.log_text import file_lines
from kmon_tui.domain.logs import LogView

AT_ONCE = 1000
"""Lines that are written before others get their turn."""
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class SavedLogs:
    """The folder they go to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def save(self, view: LogView, now: datetime) -> str:
        """Write all lines that are held; give the sentence that says where. Raises KmonError."""
        key = view.request.key
        stem = UNFIT.sub("_", f"{key.namespace}-{key.name}-{now:%Y%m%d-%H%M%S}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._free(stem)
            count = await _write(path, file_lines(view))
        except OSError as error:
            raise KmonError(
                f"the logs cannot be saved in {self.folder}: {error.strerror}", "XDG_DATA_HOME names another folder."
            ) from error
        return f"saved {count:,} lines in {path}"

    def _free(self, stem: str) -> Path:
        places = (self.folder / f"{stem}{'' if n == 0 else f'-{n}'}.log" for n in range(1000))
        return next(path for path in places if not path.exists())


async def _write(path: Path, lines: Iterator[str]) -> int:
    count = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
        while part := list(islice(lines, AT_ONCE)):
            file.writelines(part)
            count += len(part)
            await asyncio.sleep(0)
    return count
