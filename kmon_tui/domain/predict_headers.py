"""A person's own headers, as they are typed. Pure."""

from __future__ import annotations

import re

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.predict import Header

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset({"content-length", "transfer-encoding", "connection"})


class BadHeader(KmonError):
    """A line that is no header; its message never shows the value, which may be a secret."""


def header_of(line: str) -> Header:
    """Read ``Name: value``. Raises BadHeader."""
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not _NAME.fullmatch(name):
        raise BadHeader("a header is written as 'Name: value'", "As X-Api-Key: abc, or @FILE with such lines.")
    if name.lower() in _OURS:
        raise BadHeader(f"the header {name} is kmon-tui's own business")
    if any(not char.isprintable() for char in value):
        raise BadHeader(f"the value of {name} holds a character that no header may hold")
    return Header(name, value)
