"""`kmon-tui predict NAME`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from kmon_tui.cli import out
from kmon_tui.cli.answers import put
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.names import wanted
from kmon_tui.domain.predict import Header, Speech, Via
from kmon_tui.domain.predict_headers import BadHeader, header_of
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.predict import FORMATS, Wish, predict
from kmon_tui.settings.parse import duration_s

Word = TypeVar("Word", bound=StrEnum)
MOST_TIMES = 1_000_000


def run(start: Start) -> int:
    """Send one request, or many, and give the exit code."""
    wish = Wish(
        wanted=wanted(start.text("name")),
        body=_body(start),
        speech=_word(start, "protocol", Speech),
        via=_word(start, "via", Via) or Via.FORWARD,
        model=start.text("model"),
        headers=_headers(start),
        times=_number(start, "repeat", MOST_TIMES),
        concurrency=_number(start, "concurrency", 256),
        timeout_s=_timeout_s(start),
        form=checked(start.text("output", "body"), FORMATS),
        ascii_only=not out.stdout_is_utf8(),
    )
    with outside(start) as (open_backend, settings):
        answer = asyncio.run(predict(open_backend, settings, wish, out.write, out.say))
    return put(answer)


def _body(start: Start) -> str | None:
    if "data" in start.said and "filename" in start.said:
        raise SettingsError("-d and -f both give a body", "Give one of them.")
    if "data" in start.said:
        return start.text("data")
    if "filename" not in start.said:
        return None
    name = start.text("filename")
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    return _read(name, "the body").lstrip("\ufeff")


def _headers(start: Start) -> tuple[Header, ...]:
    given = start.said.get("headers")
    lines: list[str] = []
    for text in given if isinstance(given, list) else ():
        lines += _read(text[1:], "headers").splitlines() if text.startswith("@") else [text]
    try:
        found = [header_of(line) for line in lines if line.strip()]
    except BadHeader as error:
        raise SettingsError(error.message, error.hint) from None
    if name := start.text("bearer_token_file"):
        token = _read(name, "the token").strip()
        if not token.isascii() or not token.isprintable() or not token:
            raise SettingsError(f"{name} holds no token", "It ought to hold one line.")
        found.append(Header("Authorization", f"Bearer {token}"))
    return tuple(found)


def _read(name: str, what: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingsError(f"{what} cannot be read from {name}: {why}") from error


def _word(start: Start, key: str, words: type[Word]) -> Word | None:
    if key not in start.said:
        return None
    text = start.text(key).lower()
    if text not in set(words):
        raise SettingsError(f"there is no {key} {text!r}", f"Choose {', '.join(words)}.")
    return words(text)


def _number(start: Start, key: str, most: int) -> int:
    text = start.text(key, "1")
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
        raise SettingsError(f"--{key} {text!r} is no number from 1 to {most}")
    return int(text)


def _timeout_s(start: Start) -> float | None:
    if "timeout" not in start.said:
        return None
    try:
        return duration_s(start.text("timeout")) or None
    except ValueError as error:
        raise SettingsError(f"--timeout {error}") from None
