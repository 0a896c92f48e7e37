"""Server-sent events of a language model, line by line. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event of a stream brought."""

    text: str = ""
    error: str = ""
    over: bool = False


def piece_of(line: str) -> Piece | None:
    """Read one line; None for lines that bring nothing: comments, blank ones, other fields."""
    name, colon, rest = line.partition(":")
    if name != "data" or not colon:
        return None
    data = rest.removeprefix(" ")
    if data.strip() == DONE:
        return Piece(over=True)
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    if (error := given.get("error")) is not None:
        message = error.get("message") if isinstance(error, dict) else error
        return Piece(error=str(message or "the stream broke off with an error"))
    choices = given.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    # Some servers say [DONE] at the end, some only why they finished.
    return Piece(_text(first), over=first.get("finish_reason") is not None) if isinstance(first, dict) else None


def _text(choice: dict[str, object]) -> str:
    """Give the text of a choice: ``delta.content`` of a chat, its reasoning, or ``text`` of a completion."""
    delta = choice.get("delta")
    if isinstance(delta, dict):
        for name in ("content", "reasoning_content", "reasoning"):
            if isinstance(text := delta.get(name), str) and text:
                return text
    text = choice.get("text")
    return text if isinstance(text, str) else ""
