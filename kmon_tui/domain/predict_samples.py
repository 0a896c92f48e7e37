"""Bodies to begin with, and the check of a body before it is sent. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

from kmon_tui.domain.predict import Speech
from kmon_tui.domain.service import InferenceService

IRIS = ((6.8, 2.8, 4.8, 1.4), (6.0, 3.4, 4.5, 1.6))
"""The two rows of KServe's own first example; a good classifier says [1, 1]."""
MOST_VALUES = 2048
"""A tensor with more values is left empty: nobody edits so many by hand."""
_TABULAR = ("sklearn", "xgboost", "lightgbm", "pmml", "paddle")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input of a V2 model, as its metadata says."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """-1 where any length will do."""


def sample(isvc: InferenceService, speech: Speech, model: str, tensors: Iterable[Tensor] = ()) -> str:
    """Give a body that the model might understand; ``tensors`` is what a V2 model says of its inputs."""
    if speech is Speech.OPENAI:
        content = {"role": "user", "content": "Say hello in one sentence."}
        return _pretty({"model": model, "messages": [content], "max_tokens": 64, "stream": True})
    rows = [list(row) for row in IRIS]
    if speech is Speech.V2:
        inputs = [_input(tensor) for tensor in tensors]
        return _pretty({"inputs": inputs or [{"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": rows}]})
    tabular = "iris" in isvc.key.name.lower() or isvc.format.lower().startswith(_TABULAR)
    return _pretty({"instances": rows if tabular or not isvc.format else [[1.0, 2.0, 3.0, 4.0]]})


def wrong_json(body: str) -> str:
    """Say what keeps this from being JSON, with line and column; empty when it is JSON."""
    if not body.strip():
        return "the body is empty"
    try:
        json.loads(body, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return str(error)
    return ""


def described(body: str, speech: Speech) -> str:
    """Say in two words what a valid body holds: ``2 rows``, ``1 input``, ``streams``."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(given, dict):
        return ""
    if speech is Speech.OPENAI:
        if "messages" not in given and "prompt" not in given:
            return "without messages"
        return "streams" if given.get("stream") is True else "one answer"
    name = "inputs" if speech is Speech.V2 else "instances"
    entries = given.get(name, given.get("inputs") if speech is Speech.V1 else None)
    if not isinstance(entries, list):
        return f"without {name}"
    word = "input" if speech is Speech.V2 else "row"
    return f"{len(entries)} {word}{'' if len(entries) == 1 else 's'}"


def streams(body: str) -> bool:
    """Whether an OpenAI body asks for a stream."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(given, dict) and given.get("stream") is True


def pretty(text: str) -> str:
    """Give JSON with its indents, short lists on one line; other text as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _pretty(value)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _input(tensor: Tensor) -> dict[str, object]:
    shape = [1 if length < 0 else length for length in tensor.shape] or [1]
    count = math.prod(shape)
    data = [_value(tensor.datatype)] * count if count <= MOST_VALUES else []
    return {"name": tensor.name, "shape": shape, "datatype": tensor.datatype or "FP32", "data": data}


def _value(datatype: str) -> object:
    if datatype == "BYTES":
        return "text"
    if datatype == "BOOL":
        return False
    return 0 if datatype.startswith(("INT", "UINT")) else 0.0


def _pretty(value: object, indent: int = 0, width: int = 60) -> str:
    """Write JSON so that a row of numbers stays a row."""
    flat = _written(value)
    if not isinstance(value, dict | list) or not value or (_is_row(value) and len(flat) <= 4 * width):
        return flat
    if indent and len(flat) + indent <= width and not _is_nested(value):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, list):
        parts = [pad + _pretty(one, indent + 2, width) for one in value]
        return "[\n" + ",\n".join(parts) + "\n" + " " * indent + "]"
    pairs = [(_written(key), one) for key, one in value.items()]
    parts = [f"{pad}{key}: {_pretty(one, indent + 2, width)}" for key, one in pairs]
    return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"


def _is_row(value: object) -> bool:
    return isinstance(value, list) and not _is_nested(value)


def _is_nested(value: dict[str, object] | list[object]) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return any(isinstance(one, dict | list) for one in inner)


def _written(value: object) -> str:
    """Write JSON on one line; what a terminal would not show is written as its number, which means the same."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]
