"""What a custom resource must look like: types, limits, unknown fields; in the real server's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kmon_tui.sandbox.apiserver.values import Json, encode

Schema = Mapping[str, Any]
Cause = tuple[str, str, str]

_OPEN = "x-kubernetes-preserve-unknown-fields"
_WORDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(slots=True)
class Findings:
    """What a look at an object brought up."""

    causes: list[Cause] = field(default_factory=list)
    """Field, reason and message of each violation."""
    unknown: list[str] = field(default_factory=list)
    """Fields that the schema does not know; they have been taken out."""
    pruning: bool = True
    """Whether unknown fields are looked for."""


def check(schema: Schema, obj: Json) -> Findings:
    """Hold an object to its schema; fields that the schema does not know are taken out of it."""
    findings = Findings()
    for name, inner in (schema.get("properties") or {}).items():
        if name not in ("apiVersion", "kind", "metadata") and name in obj:
            _check(inner, obj[name], name, findings)
    known = set(schema.get("properties") or ()) | {"apiVersion", "kind", "metadata"}
    _prune(schema, obj, known, "", findings)
    for name in schema.get("required") or ():
        if name not in obj:
            findings.causes.append((name, "FieldValueRequired", "Required value"))
    return findings


def check_value(schema: Schema, value: Json, path: str) -> list[Cause]:
    """Hold one value to its schema and leave it as it is; returns the violations."""
    findings = Findings(pruning=False)
    _check(schema, value, path, findings)
    return findings.causes


def unreadable_part(schema: Json, path: str) -> str:
    """Return where a schema is none; empty when it can be used."""
    if not isinstance(schema, Mapping):
        return path
    numbers = ("minimum", "maximum", "minLength", "maxLength", "minItems")
    if any(name in schema and not _is_number(schema[name]) for name in numbers):
        return path
    if not all(isinstance(schema.get(name, []), list) for name in ("required", "enum", "x-kubernetes-list-map-keys")):
        return path
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        return f"{path}.properties"
    inner = {f"{path}.properties[{name}]": one for name, one in properties.items()}
    if "items" in schema:
        inner[f"{path}.items"] = schema["items"]
    if not isinstance(schema.get("additionalProperties", True), bool):
        inner[f"{path}.additionalProperties"] = schema["additionalProperties"]
    return next((found for place, one in inner.items() if (found := unreadable_part(one, place))), "")


def fill_defaults(schema: Schema, value: Json) -> None:
    """Set what is missing to the schema's defaults, in place."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if name not in value and "default" in inner:
                value[name] = inner["default"]
            if name in value:
                fill_defaults(inner, value[name])
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for item in value:
            fill_defaults(schema["items"], item)


def apply_type_error(schema: Schema, value: Json, path: str = "") -> str:
    """Return what server-side apply says of the first wrong type or undeclared field; empty when all is well."""
    if value is None or not schema:
        return ""
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return ""
    if kind == "object" and not isinstance(value, dict):
        return f"{path}: expected map, got &{{{_go(value)}}}"
    if kind == "array" and not isinstance(value, list):
        return f"{path}: expected list, got &{{{_go(value)}}}"
    if kind in ("integer", "number") and not _is_number(value):
        return f"{path}: expected numeric (int or float), got {_go(value)}"
    if kind == "string" and not isinstance(value, str):
        return f"{path}: expected string, got &value.valueUnstructured{{Value:{_literal(value)}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"{path}: expected boolean, got &value.valueUnstructured{{Value:{_literal(value)}}}"
    return _inner_type_error(schema, value, path)


def _inner_type_error(schema: Schema, value: Json, path: str) -> str:
    if isinstance(value, list):
        for number, item in enumerate(value):
            if error := apply_type_error(schema.get("items") or {}, item, f"{path}[{number}]"):
                return error
    elif isinstance(value, dict):
        properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, inner in value.items():
            if not path and name in ("apiVersion", "kind", "metadata"):
                continue
            declared = properties.get(name) or (more if isinstance(more, Mapping) else None)
            if declared is None and properties and not schema.get(_OPEN):
                return f"{path}.{name}: field not declared in schema"
            if error := apply_type_error(declared or {}, inner, f"{path}.{name}"):
                return error
    return ""


def _check(schema: Schema, value: Json, path: str, findings: Findings) -> None:
    kind = schema.get("type")
    if value is None and schema.get("nullable"):
        return
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, str | int) or isinstance(value, bool):
            _wrong_type(path, value, "integer,string", findings)
        return
    if kind and not _is_of(value, kind):
        _wrong_type(path, value, kind, findings)
        return
    _check_value(schema, value, path, findings)
    if isinstance(value, dict):
        _check_map(schema, value, path, findings)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check(schema.get("items") or {}, item, f"{path}[{number}]", findings)


def _check_map(schema: Schema, value: dict[str, Json], path: str, findings: Findings) -> None:
    properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, inner in value.items():
        declared = properties.get(name) or (more if isinstance(more, Mapping) else None)
        if declared:
            _check(declared, inner, f"{path}.{name}", findings)
    if not isinstance(more, Mapping):
        _prune(schema, value, set(properties), path, findings)
    for name in schema.get("required") or ():
        if name not in value:
            findings.causes.append((f"{path}.{name}", "FieldValueRequired", "Required value"))


def _prune(schema: Schema, value: dict[str, Json], known: set[str], path: str, findings: Findings) -> None:
    if schema.get(_OPEN) or not findings.pruning:
        return
    for name in [name for name in value if name not in known]:
        findings.unknown.append(f"{path}.{name}" if path else name)
        del value[name]


def _check_value(schema: Schema, value: Json, path: str, findings: Findings) -> None:
    shown = _literal(value)
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(_literal(one) for one in schema["enum"])
        message = f"Unsupported value: {shown}: supported values: {supported}"
        findings.causes.append((path, "FieldValueNotSupported", message))
    limits = (
        ("minimum", lambda limit: _is_number(value) and value < limit, "should be greater than or equal to {}"),
        ("maximum", lambda limit: _is_number(value) and value > limit, "should be less than or equal to {}"),
        ("minLength", lambda limit: isinstance(value, str) and len(value) < limit, "should be at least {} chars long"),
        ("maxLength", lambda limit: isinstance(value, str) and len(value) > limit, "should be at most {} chars long"),
        ("pattern", lambda limit: isinstance(value, str) and not re.search(limit, value), "should match '{}'"),
        ("minItems", lambda limit: isinstance(value, list) and len(value) < limit, "should have at least {} items"),
    )
    for name, is_broken, text in limits:
        if name in schema and is_broken(schema[name]):
            message = f"Invalid value: {shown}: {path} in body {text.format(schema[name])}"
            findings.causes.append((path, "FieldValueInvalid", message))


def _wrong_type(path: str, value: Json, wanted: str, findings: Findings) -> None:
    # the real server prints the type where the value should stand
    word = _WORDS.get(type(value), "null")
    message = f'Invalid value: "{word}": {path} in body must be of type {wanted}: "{word}"'
    findings.causes.append((path, "FieldValueTypeInvalid", message))


def _is_of(value: Json, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return _is_number(value)
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool}.get(kind, object))


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _literal(value: Json) -> str:
    return encode(value).decode()


def _go(value: Json) -> str:
    """Name a type as Go's apply code does."""
    words = {dict: "map", list: "list", bool: "bool", int: "int64", float: "float64"}
    return words.get(type(value), "string")
