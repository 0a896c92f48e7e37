"""Bodies in protobuf, which kubectl's typed commands send: create namespace, auth can-i, …

Only the messages that those commands write are known; a field that is not
is refused rather than lost. Numbers are those of k8s.io/api/*/generated.proto.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from kmon_tui.sandbox.apiserver.values import Json, JsonObject

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

Shape = Mapping[int, tuple[str, Any]]
"""Field numbers with the name in JSON and the type: a word, or the shape of a message, in a list when repeated."""

_MAP = "map"
_OWNER: Shape = {
    1: ("kind", "str"),
    3: ("name", "str"),
    4: ("uid", "str"),
    5: ("apiVersion", "str"),
    6: ("controller", "bool"),
    7: ("blockOwnerDeletion", "bool"),
}
_METADATA: Shape = {
    1: ("name", "str"),
    2: ("generateName", "str"),
    3: ("namespace", "str"),
    5: ("uid", "str"),
    6: ("resourceVersion", "str"),
    8: ("creationTimestamp", "empty"),
    11: ("labels", _MAP),
    12: ("annotations", _MAP),
    13: ("ownerReferences", [_OWNER]),
    14: ("finalizers", ["str"]),
}
_ATTRIBUTES: Shape = {
    1: ("namespace", "str"),
    2: ("verb", "str"),
    3: ("group", "str"),
    4: ("version", "str"),
    5: ("resource", "str"),
    6: ("subresource", "str"),
    7: ("name", "str"),
}
_PORT: Shape = {
    1: ("name", "str"),
    2: ("hostPort", "int"),
    3: ("containerPort", "int"),
    4: ("protocol", "str"),
    5: ("hostIP", "str"),
}
_ENV: Shape = {1: ("name", "str"), 2: ("value", "str")}
_CONTAINER: Shape = {
    1: ("name", "str"),
    2: ("image", "str"),
    3: ("command", ["str"]),
    4: ("args", ["str"]),
    5: ("workingDir", "str"),
    6: ("ports", [_PORT]),
    7: ("env", [_ENV]),
    8: ("resources", "empty"),
    13: ("terminationMessagePath", "str"),
    14: ("imagePullPolicy", "str"),
    16: ("stdin", "bool"),
    17: ("stdinOnce", "bool"),
    18: ("tty", "bool"),
    20: ("terminationMessagePolicy", "str"),
}
_POD_SPEC: Shape = {
    2: ("containers", [_CONTAINER]),
    3: ("restartPolicy", "str"),
    6: ("dnsPolicy", "str"),
    8: ("serviceAccountName", "str"),
    10: ("nodeName", "str"),
    11: ("hostNetwork", "bool"),
    12: ("hostPID", "bool"),
    13: ("hostIPC", "bool"),
    16: ("hostname", "str"),
    17: ("subdomain", "str"),
    19: ("schedulerName", "str"),
    24: ("priorityClassName", "str"),
}
_TEMPLATE: Shape = {1: ("metadata", _METADATA), 2: ("spec", _POD_SPEC)}
_DEPLOYMENT_SPEC: Shape = {
    1: ("replicas", "int"),
    2: ("selector", {1: ("matchLabels", _MAP)}),
    3: ("template", _TEMPLATE),
    4: ("strategy", "empty"),
    5: ("minReadySeconds", "int"),
    7: ("paused", "bool"),
}
_DELETE_OPTIONS: Shape = {
    1: ("gracePeriodSeconds", "int"),
    2: ("preconditions", {1: ("uid", "str"), 2: ("resourceVersion", "str")}),
    3: ("orphanDependents", "bool"),
    4: ("propagationPolicy", "str"),
    5: ("dryRun", ["str"]),
}
_MESSAGES: dict[str, Shape] = {
    "ConfigMap": {
        1: ("metadata", _METADATA),
        2: ("data", _MAP),
        3: ("binaryData", "bytes map"),
        4: ("immutable", "bool"),
    },
    "DeleteOptions": _DELETE_OPTIONS,
    "Deployment": {1: ("metadata", _METADATA), 2: ("spec", _DEPLOYMENT_SPEC), 3: ("status", "empty")},
    "Namespace": {1: ("metadata", _METADATA), 2: ("spec", "empty"), 3: ("status", "empty")},
    "Pod": {1: ("metadata", _METADATA), 2: ("spec", _POD_SPEC), 3: ("status", "empty")},
    "Secret": {
        1: ("metadata", _METADATA),
        2: ("data", "bytes map"),
        3: ("type", "str"),
        4: ("stringData", _MAP),
        5: ("immutable", "bool"),
    },
    "SelfSubjectAccessReview": {
        1: ("metadata", _METADATA),
        2: (
            "spec",
            {
                1: ("resourceAttributes", _ATTRIBUTES),
                2: ("nonResourceAttributes", {1: ("path", "str"), 2: ("verb", "str")}),
            },
        ),
        3: (
            "status",
            {1: ("allowed", "bool"), 2: ("reason", "str"), 3: ("evaluationError", "str"), 4: ("denied", "bool")},
        ),
    },
    "SelfSubjectReview": {1: ("metadata", _METADATA), 2: ("status", "any")},
    "SelfSubjectRulesReview": {
        1: ("metadata", _METADATA),
        2: ("spec", {1: ("namespace", "str")}),
        3: ("status", "any"),
    },
    "ServiceAccount": {1: ("metadata", _METADATA)},
}


class NotUnderstood(ValueError):
    """The body is no such message, or holds what this server does not know."""


def decode(raw: bytes) -> JsonObject:
    """Read an object in Kubernetes' protobuf envelope. Raises NotUnderstood."""
    if not raw.startswith(_MAGIC):
        raise NotUnderstood("no Kubernetes protobuf")
    envelope = dict(_fields(raw[len(_MAGIC) :]))
    type_meta = dict(_fields(_as_bytes(envelope.get(1, b""))))
    api_version, kind = (_as_bytes(type_meta.get(number, b"")).decode() for number in (1, 2))
    shape = _MESSAGES.get(kind)
    if shape is None:
        raise NotUnderstood(f"{kind} is not read in protobuf")
    return {"apiVersion": api_version, "kind": kind, **_message(_as_bytes(envelope.get(2, b"")), shape)}


def _message(raw: bytes, shape: Shape) -> JsonObject:
    obj: JsonObject = {}
    for number, value in _fields(raw):
        if number not in shape:
            if value:
                raise NotUnderstood(f"field {number} is not known")
            continue
        name, kind = shape[number]
        if kind in (_MAP, "bytes map"):
            key, inner = _entry(_as_bytes(value), kind)
            obj.setdefault(name, {})[key] = inner
        elif isinstance(kind, list):
            obj.setdefault(name, []).append(_value(value, kind[0]))
        elif (read := _value(value, kind)) not in ("", None):
            obj[name] = read
    return obj


def _value(value: int | bytes, kind: Any) -> Json:
    if isinstance(kind, Mapping):
        return _message(_as_bytes(value), kind)
    if kind == "bool":
        # Go writes false, too, where JSON leaves it out
        return True if value else None
    if kind == "int":
        return value
    if kind == "str":
        return _as_bytes(value).decode()
    if kind == "empty" and isinstance(value, bytes) and any(value):
        if _is_hollow(value):
            return None
        raise NotUnderstood("a part that should be empty is not")
    return None


def _is_hollow(raw: bytes) -> bool:
    """Say whether a message holds nothing but zeros and empty texts, as Go writes unset fields."""
    return all(not value for _, value in _fields(raw))


def _entry(raw: bytes, kind: str) -> tuple[str, str]:
    pair = dict(_fields(raw))
    inner = _as_bytes(pair.get(2, b""))
    return _as_bytes(pair.get(1, b"")).decode(), base64.b64encode(inner).decode() if kind != _MAP else inner.decode()


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise NotUnderstood("a number where a text or message should be")
    return value


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read the fields of a message: numbers as int, all else as bytes."""
    place = 0
    while place < len(raw):
        key, place = _varint(raw, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(raw, place)
            yield number, value
        elif wire == 2:
            length, place = _varint(raw, place)
            if place + length > len(raw):
                raise NotUnderstood("the message is cut off")
            yield number, raw[place : place + length]
            place += length
        else:
            raise NotUnderstood(f"wire type {wire} is not known")


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(raw):
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, place
        shift += 7
    raise NotUnderstood("the message is cut off")
