"""Answers as KServe's Python server writes them: compact JSON, its words for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

JSON_TYPES = ("application/json", "application/cloudevents+json", "application/ld+json")
"""The server compares exactly: a charset makes the body raw bytes to it."""


def answered(value: Any, status: int = 200) -> web.Response:
    """Answer with JSON."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers={"server": "uvicorn"})


def failed(text: str, status: int) -> web.Response:
    """Answer with an error in the form of the SDK."""
    return answered({"error": text}, status)


def no_model(name: str) -> web.Response:
    """Answer that a model is unknown."""
    return failed(f"Model with name {name} does not exist.", 404)


def not_found() -> web.Response:
    """Answer that a path is unknown, as FastAPI does."""
    return answered({"detail": "Not Found"}, 404)


def invalid(location: list[str | int], kind: str, text: str, given: Any, **more: Any) -> dict[str, Any]:
    """Give one entry of ``detail`` in a 422."""
    return {"type": kind, "loc": location, "msg": text, "input": given, **more}


def unprocessable(*details: Mapping[str, Any]) -> web.Response:
    """Answer that a body is not what was expected, as FastAPI does."""
    return answered({"detail": list(details)}, 422)


def missing(name: str, given: Any) -> web.Response:
    """Answer that a field is missing."""
    return unprocessable(invalid(["body", name], "missing", "Field required", given))


def invalid_json(error: json.JSONDecodeError) -> web.Response:
    """Answer that a body is no JSON, as FastAPI does."""
    detail = invalid(["body", error.pos], "json_invalid", "JSON decode error", {}, ctx={"error": error.msg})
    return unprocessable(detail)


def json_place(body: bytes, error: json.JSONDecodeError) -> str:
    """Say where JSON ends to be JSON, as orjson does."""
    text = body.decode(errors="replace")
    what = "unexpected end of data" if error.pos >= len(text.rstrip()) else "unexpected character"
    position = len(text) if what == "unexpected end of data" else error.pos
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"{what}: line {line} column {column} (char {position})"
