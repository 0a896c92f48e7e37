"""The log file: in the state directory, for its owner alone, three files of 1 MB, and never a secret in it."""

from __future__ import annotations

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kmon_tui.settings import LogSettings

_BYTES = 1_000_000
_SECRETS = (
    (re.compile(r"(?i)(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"://[^/\s@'\"]+@"), "://***@"),
    (
        re.compile(
            r"(?i)((?:token|password|passwd|secret|authorization|api[_-]?key)\w*[\"']?\s*[=:]\s*[\"']?)[^\s\"',}]+"
        ),
        r"\1***",
    ),
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "***"),
)


class Masked(logging.Formatter):
    """Writes a line with whatever looks like a secret masked: foreign libraries log, too."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        return masked(super().format(record))


def masked(text: str) -> str:
    """Mask tokens, passwords and the user info of URLs."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def start_log(settings: LogSettings, usual: Path) -> tuple[Path | None, str]:
    """Begin to log; give the file, or None and a sentence that says why nothing is saved.

    Foreign libraries are heard from WARNING on. They never reach the
    terminal, which belongs to the screen: without a file they are dropped.
    """
    path = settings.file or usual
    root = logging.getLogger()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=2, encoding="utf-8")
    except OSError as error:
        root.addHandler(logging.NullHandler())
        return None, f"nothing is saved, neither log nor settings: cannot write {path} ({error.strerror})"
    handler.setFormatter(Masked("%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("kmon_tui").setLevel(settings.level.upper())
    logging.captureWarnings(True)
    return path, ""
