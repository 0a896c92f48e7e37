"""The V1 and V2 protocols of KServe's Python model server."""

from __future__ import annotations

import json
import math
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from aiohttp import web

from kmon_tui.sandbox.models_answers import (
    JSON_TYPES,
    answered,
    failed,
    invalid,
    invalid_json,
    json_place,
    no_model,
    not_found,
    unprocessable,
)
from kmon_tui.sandbox.models_iris import BadInstances, species

Compute = Callable[[Any], list[Any]]
VERSION = "0.21.0"
_SCALAR = (
    "Expected 2D array, got scalar array instead:\narray=nan.\n"
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)


def scores(instances: Any) -> list[float]:
    """Score instances of any shape between 0 and 1: a logistic of what they hold."""
    if not isinstance(instances, list):
        raise BadInstances("Expected a list of instances.")
    return [round(1 / (1 + math.exp(-math.sin(_weight(one)) * 3)), 6) for one in instances]


def _weight(value: Any) -> float:
    if isinstance(value, bool) or value is None:
        return float(bool(value))
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        return math.fsum(_weight(one) * (i + 1) for i, one in enumerate(value))
    if isinstance(value, dict):
        return math.fsum(_weight(one) for one in value.values())
    return zlib.crc32(str(value).encode()) / 2**32


COMPUTE: dict[str, Compute] = {"iris": species, "scores": scores}


class Predictor:
    """One model on one server; ``outcome`` tells after each answer what to count."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self._compute = COMPUTE.get(kind)
        self._unloaded = False

    def v1_predict(self, name: str, content_type: str, body: bytes) -> web.Response:
        """Answer ``POST /v1/models/NAME:predict``."""
        if name != self.name or self._unloaded:
            return no_model(name)
        if self._compute is None:
            return failed(f"Model {name} is of type OpenAIModel. It does not support the infer method.", 400)
        if content_type not in JSON_TYPES:
            return failed(_SCALAR, 500)
        try:
            given = json.loads(body)
        except json.JSONDecodeError as error:
            return failed(f"Unrecognized request format: {json_place(body, error)}", 400)
        instances = given.get("instances", given.get("inputs")) if isinstance(given, dict) else given
        if instances is None:
            return failed("KeyError : 'instances'", 500)
        try:
            return answered({"predictions": self._compute(instances)})
        except BadInstances as error:
            return failed(str(error), 500)

    def v2_infer(self, name: str, content_type: str, body: bytes) -> web.Response:
        """Answer ``POST /v2/models/NAME/infer``."""
        if content_type not in JSON_TYPES:
            if name != self.name:
                return no_model(name)
            return failed("received byte inputs, but the'inference-header-content-length' header is missing.", 400)
        try:
            given = json.loads(body)
        except json.JSONDecodeError as error:
            return invalid_json(error)
        if not isinstance(given, dict) or not isinstance(given.get("inputs"), list):
            return unprocessable(
                invalid(["body", "InferenceRequest", "inputs"], "missing", "Field required", given),
                invalid(["body", "bytes"], "bytes_type", "Input should be a valid bytes", given),
            )
        if name != self.name or self._unloaded:
            return no_model(name)
        return self._infer(given)

    def _infer(self, given: dict[str, Any]) -> web.Response:
        if self._compute is None:
            return failed(f"Model {self.name} is of type OpenAIModel. It does not support the infer method.", 400)
        try:
            rows = _rows(given["inputs"][0])
            found = self._compute(rows)
        except (BadInstances, KeyError, IndexError, TypeError, ValueError) as error:
            return failed(str(error) if isinstance(error, BadInstances) else f"{type(error).__name__} : {error}", 500)
        output = {
            "name": "output-0",
            "shape": [len(found)],
            "datatype": "INT64" if all(isinstance(one, int) for one in found) else "FP64",
            "parameters": None,
            "data": found,
        }
        return answered(
            {
                "model_name": self.name,
                "model_version": None,
                "id": str(given.get("id") or uuid.uuid4()),
                "parameters": None,
                "outputs": [output],
            }
        )

    def about(self, path: str) -> web.Response:
        """Answer GET of everything that tells about the server and its model."""
        fixed = {
            "/": {"status": "alive"},
            "/v1/models": {"models": [] if self._unloaded else [self.name]},
            "/v2/models": {"models": [] if self._unloaded else [self.name]},
            "/v2": {"name": "kserve", "version": VERSION, "extensions": ["model_repository_extension"]},
            "/v2/health/live": {"live": True},
            "/v2/health/ready": {"ready": not self._unloaded},
        }
        if path in fixed:
            return answered(fixed[path])
        parts = path.strip("/").split("/")
        if parts[:2] not in (["v1", "models"], ["v2", "models"]) or len(parts) > 4:
            return not_found()
        name, rest = parts[2], parts[3:]
        if rest not in ([], ["ready"]) or (parts[0] == "v1" and rest):
            return not_found()
        if name != self.name or self._unloaded:
            return no_model(name)
        if parts[0] == "v1" or rest:
            return answered({"name": name, "ready": True})
        return answered({"name": name, "versions": None, "platform": "", "inputs": [], "outputs": []})

    def repository(self, name: str, action: str) -> web.Response:
        """Answer ``POST /v2/repository/models/NAME/load`` and ``unload``."""
        if name != self.name:
            return failed(f"Model with name {name} is not ready.", 503) if action == "load" else no_model(name)
        self._unloaded = action == "unload"
        return answered({"name": name, action: True})


def _rows(tensor: dict[str, Any]) -> list[Any]:
    """Give the rows of an input, whether its data is nested or flat."""
    data = tensor["data"]
    if "shape" not in tensor:
        raise KeyError("shape")
    if data and not isinstance(data[0], list) and len(tensor["shape"]) == 2:
        width = int(tensor["shape"][1])
        if width <= 0 or len(data) != int(tensor["shape"][0]) * width:
            raise BadInstances(f"cannot reshape array of size {len(data)} into shape {tuple(tensor['shape'])}")
        return [data[start : start + width] for start in range(0, len(data), width)]
    return list(data)
