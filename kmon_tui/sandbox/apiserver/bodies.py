"""The body of a write: decoded, and held to the rules that all objects obey."""

from __future__ import annotations

import json
import re
import secrets

import msgspec
import yaml

from kmon_tui.sandbox.apiserver import protobuf
from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request, invalid, unsupported_media_type
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.shapes import check_shape
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, metadata_of

NAME_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{NAME_PATTERN}')"
)
_LONGEST_NAME = 253
_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What the real server draws generated names from: no vowels, so no words."""


def decode(raw: bytes, content_type: str, target: Target) -> Json:
    """Read a body as JSON, YAML or protobuf. Raises ApiError 400, or 415 for protobuf that is not understood."""
    if not raw:
        raise bad_request("error reading request body: empty")
    try:
        if "protobuf" in content_type:
            return protobuf.decode(raw)
        if "yaml" in content_type:
            return yaml.load(raw, Loader=_Loader)
        return msgspec.json.decode(raw)
    except protobuf.NotUnderstood as error:
        raise unsupported_media_type(("application/json", "application/yaml")) from error
    except (msgspec.DecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        text = raw.decode(errors="replace")[:200]
        raise bad_request(
            f"the object provided is unrecognized (must be of type {target.kind.kind}): "
            f"couldn't get version/kind; json parse error: {_go_error(raw, error)} ({text})"
        ) from error


class _Loader(yaml.SafeLoader):
    """Reads YAML as Kubernetes does: a time is a text."""


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)


def _go_error(raw: bytes, error: Exception) -> str:
    """Say what is wrong in the words of Go's JSON decoder, where they are known."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as python_error:
        if python_error.msg.startswith("Expecting property name"):
            text = raw.decode(errors="replace")
            found = text[python_error.pos] if python_error.pos < len(text) else ""
            if found:
                return f"invalid character '{found}' looking for beginning of object key string"
            return "unexpected end of JSON input"
    except UnicodeDecodeError:
        return "invalid UTF-8"
    return str(error)


def check_identity(target: Target, body: Json) -> JsonObject:
    """Hold kind, version, namespace and name of a body to the path. Raises ApiError."""
    obj: JsonObject = body
    if not isinstance(obj, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {target.kind.kind})")
    kind = target.kind
    for name, word in (("apiVersion", "apiVersion"), ("kind", "Kind")):
        if not isinstance(obj.get(name, ""), str):
            raise bad_request(f"the object provided is unrecognized (must be of type {kind.kind}): bad {word}")
    if kind.custom and not obj.get("kind"):
        raise bad_request(f"Object 'Kind' is missing in '{json.dumps(obj)[:200]}'")
    api_version = obj.setdefault("apiVersion", target.api_version)
    given = obj.setdefault("kind", kind.kind)
    if not isinstance(obj.get("metadata"), dict | None):
        raise bad_request("json: cannot unmarshal metadata into Go struct field of type v1.ObjectMeta")
    obj["metadata"] = obj.get("metadata") or {}
    obj = check_shape(kind, obj)
    metadata = metadata_of(obj)
    if given != kind.kind and (kind.custom or target.subresource == ""):
        raise _wrong_kind(target, given, metadata)
    if api_version != target.api_version:
        raise bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({target.api_version})"
        )
    if kind.namespaced:
        if metadata.get("namespace", target.namespace) != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = target.namespace
    else:
        metadata.pop("namespace", None)
    if target.name and metadata.setdefault("name", target.name) != target.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
        )
    return obj


def _wrong_kind(target: Target, given: str, metadata: JsonObject) -> ApiError:
    kind, name = target.kind, str(metadata.get("name", ""))
    if not kind.custom:
        return bad_request(
            f"{given} in version {target.version.name!r} cannot be handled as a {kind.kind}: no kind {given!r} "
            f"is registered for version {target.api_version!r}"
        )
    message = f'Invalid value: "{given}": must be {kind.kind}'
    error = invalid(kind, name, [("kind", "FieldValueInvalid", message)])
    error.message = error.message.replace(kind.kind, given, 1)
    if error.details:
        error.details["kind"] = given
    return error


def check_name(target: Target, metadata: JsonObject) -> None:
    """Hold a new object's name to the rules, or draw one for its generateName. Raises ApiError 422."""
    kind = target.kind
    if not metadata.get("name"):
        if not metadata.get("generateName"):
            message = "Required value: name or generateName is required"
            raise invalid(kind, "", [("metadata.name", "FieldValueRequired", message)])
        metadata["name"] = str(metadata["generateName"]) + "".join(secrets.choice(_NAME_LETTERS) for _ in range(5))
    name = str(metadata["name"])
    if len(name) > _LONGEST_NAME:
        raise invalid(
            kind,
            name,
            [("metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": must be no more than 253 bytes')],
        )
    if kind.group != "rbac.authorization.k8s.io" and not re.fullmatch(NAME_PATTERN, name):
        message = f'Invalid value: "{name}": {_NAME_RULE}'
        raise invalid(kind, name, [("metadata.name", "FieldValueInvalid", message)])
