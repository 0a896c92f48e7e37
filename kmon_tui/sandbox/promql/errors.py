"""Errors of a query, in the words of Prometheus."""

from __future__ import annotations

import re

_TYPES = {"matrix": "range vector", "vector": "instant vector", "scalar": "scalar", "string": "string"}
_AT_THE_END = ("unclosed left parenthesis", "unexpected end of input")


class PromqlError(Exception):
    """A query that cannot be answered; ``kind`` is Prometheus' errorType."""

    def __init__(self, message: str, kind: str = "execution") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind


def parse_error(query: str, told: str) -> PromqlError:
    """Word what the parser told as Prometheus words it, with a position where it can be known."""
    if not query.strip():
        return PromqlError("unknown position: parse error: no expression found in input", "bad_data")
    text = re.sub(r"'([^']*)'", r'"\1"', told)
    text = re.sub(
        r"expected type (\w+)( in .*, got )(\w+)",
        lambda m: f"expected type {_TYPES.get(m[1], m[1])}{m[2]}{_TYPES.get(m[3], m[3])}",
        text,
    )
    if text == "invalid promql query":
        text = "unexpected end of input" if query.rstrip()[-1] in "+-*/%^,=<>" else "syntax error"
    if text.startswith("unterminated quoted string"):
        text = "unterminated quoted string"
    return PromqlError(f"{_position(query, text)}parse error: {text}", "bad_data")


def _position(query: str, text: str) -> str:
    if text.startswith(_AT_THE_END):
        return _line_and_column(query, len(query))
    if text == "unterminated quoted string":
        return _line_and_column(query, max(query.rfind(quote) for quote in "\"'`"))
    if text.startswith("comparisons between scalars"):
        operator = re.search(r"[=!<>]=|[<>]", query)
        return _line_and_column(query, operator.start() if operator else 0)
    named = re.search(r'(?:function with name|function|call to) "(\w+)"', text)
    at = query.find(named[1]) if named else 0
    if text.startswith("expected type"):
        at = query.find("(", at) + 1
    return _line_and_column(query, max(at, 0))


def _line_and_column(query: str, offset: int) -> str:
    before = query[:offset]
    return f"{before.count(chr(10)) + 1}:{offset - (before.rfind(chr(10)) + 1) + 1}: "
