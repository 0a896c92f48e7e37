"""Keeps YAML that is nested without end from PyYAML's C loader, which goes down one level of its stack for each.

At some ten thousand levels that ends the process, without a traceback: a hundred kilobytes of ``[`` are enough.
"""

from __future__ import annotations

from typing import TypeVar

MOST = 500
"""Levels; kubectl's own reader takes 10,000, and no document that means something has thirty."""
Text = TypeVar("Text", str, bytes)


def not_too_deep(text: Text) -> Text:
    """Give the text as it is. Raises RecursionError when it is nested too deep, yaml.YAMLError when it is no YAML."""
    if _openings(text) > MOST:
        _measure(text)
    return text


def _openings(text: str | bytes) -> int:
    """How many levels may begin here at most: those that are told by indentation alone need a square of bytes."""
    if isinstance(text, bytes):
        return sum(text.count(sign) for sign in (b"[", b"{", b"- ", b"? "))
    return sum(text.count(sign) for sign in ("[", "{", "- ", "? "))


def _measure(text: str | bytes) -> None:
    import yaml  # late: this is for few texts

    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST:
            raise RecursionError("nested too deep")
