"""Textual's driver for terminals, for those that may be gone: its writing thread outlives a failed write.

Textual's own thread ends with the first write that fails, and what is put into its full queue after that waits for
ever: a program whose terminal was closed while output was pending would never end.
"""

from __future__ import annotations

from typing import Any, TextIO

from textual.drivers.linux_driver import LinuxDriver


class Lossy:
    """A text file that loses what cannot be written any more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write, or lose it."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)  # the terminal is gone; SIGHUP ends the program

    def flush(self) -> None:
        """Flush, or lose it."""
        try:
            self._file.flush()
        except OSError:
            return  # as above

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class LossyDriver(LinuxDriver):
    """Writes through a Lossy file."""

    _file: Any

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._file = Lossy(self._file)
