"""Reads the fields of one kubeconfig entry, naming file and entry when one cannot be used."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kmon_tui.domain.errors import SettingsError
from kmon_tui.live.kubefiles import Entry


class Fields:
    """The fields of one cluster or user; all are missing when there is no entry."""

    def __init__(self, entry: Entry | None, what: str) -> None:
        self.values: Mapping[str, Any] = entry.values if entry else {}
        self.directory = entry.file.absolute().parent if entry else Path()
        self.where = f"{entry.file}, {what}" if entry else what

    def __repr__(self) -> str:
        return f"Fields({self.where})"

    def text(self, name: str) -> str:
        """Give the text of a field; empty when it is missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, list | Mapping):
            raise SettingsError(f"{self.where}: {name} is not text")
        return str(value)

    def flag(self, name: str) -> bool:
        """Give a field that is true or false."""
        return str(self.values.get(name, "")).lower() == "true"

    def list(self, name: str) -> tuple[str, ...]:
        """Give a list of texts."""
        value = self.values.get(name) or ()
        if isinstance(value, str) or not isinstance(value, list | tuple):
            raise SettingsError(f"{self.where}: {name} is not a list")
        return tuple(str(item) for item in value)

    def file(self, name: str, *, needed: bool = True) -> Path | None:
        """Give the path that a field names, relative to the kubeconfig it stands in; it can be read, if ``needed``."""
        text = self.text(name)
        if not text:
            return None
        path = self.directory / Path(text).expanduser()
        if "\0" not in text and not needed:
            return path
        return checked_file(path, f"{self.where}: cannot read {path}", f"It is named by {name}.")

    def base64(self, name: str) -> str:
        """Give the text that a ``-data`` field holds in base64."""
        text = self.text(name)
        try:
            return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode()
        except ValueError:  # of base64, or of UTF-8
            raise SettingsError(f"{self.where}: {name} is not base64 of PEM") from None


def checked_file(path: Path, message: str, hint: str = "") -> Path:
    """Give a path that can be read. Raises SettingsError with these words."""
    if "\0" in str(path) or not os.access(path, os.R_OK) or path.is_dir():
        raise SettingsError(message, hint)
    return path
