"""What may stand in a kubeconfig: kubectl reads none of a file in which one known field has another type.

The types are those of client-go's ``clientcmd/api/v1``; fields that it does not know may hold anything.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from kmon_tui.domain.errors import SettingsError

TEXT, FLAG, BASE64, ANY = "text", "true or false", "base64", "anything"
Shape = str | list["Shape"] | dict[str, "Shape"]
"""A word of the above, a list of one shape, or a map of fields; the field ``*`` stands for all others."""

_EXTENSIONS: Shape = [{"name": TEXT}]
_PLUGIN: Shape = {
    "command": TEXT, "args": [TEXT], "env": [{"name": TEXT, "value": TEXT}], "apiVersion": TEXT,
    "installHint": TEXT, "provideClusterInfo": FLAG, "interactiveMode": TEXT,
}  # fmt: skip
_CLUSTER: Shape = {
    "server": TEXT, "tls-server-name": TEXT, "insecure-skip-tls-verify": FLAG, "certificate-authority": TEXT,
    "certificate-authority-data": BASE64, "proxy-url": TEXT, "disable-compression": FLAG, "extensions": _EXTENSIONS,
}  # fmt: skip
_USER: Shape = {
    "client-certificate": TEXT, "client-certificate-data": BASE64, "client-key": TEXT, "client-key-data": BASE64,
    "token": TEXT, "tokenFile": TEXT, "as": TEXT, "as-uid": TEXT, "as-groups": [TEXT], "as-user-extra": {"*": [TEXT]},
    "username": TEXT, "password": TEXT, "auth-provider": {"name": TEXT, "config": {"*": TEXT}}, "exec": _PLUGIN,
    "extensions": _EXTENSIONS,
}  # fmt: skip
_CONTEXT: Shape = {"cluster": TEXT, "user": TEXT, "namespace": TEXT, "extensions": _EXTENSIONS}
_CONFIG: Shape = {
    "apiVersion": TEXT, "kind": TEXT, "current-context": TEXT,
    "preferences": {"colors": FLAG, "extensions": _EXTENSIONS}, "extensions": _EXTENSIONS,
    "clusters": [{"name": TEXT, "cluster": _CLUSTER}],
    "users": [{"name": TEXT, "user": _USER}],
    "contexts": [{"name": TEXT, "context": _CONTEXT}],
}  # fmt: skip
_HEAD = {"apiVersion": ("v1",), "kind": ("Config",)}


def check_types(document: Mapping[str, Any], file: str) -> None:
    """Refuse what kubectl refuses to read. Raises SettingsError; nothing of a value is quoted, it may be a secret."""
    _check(document, _CONFIG, file, "")
    for field, allowed in _HEAD.items():
        if (value := document.get(field)) and value not in allowed:
            raise SettingsError(f"{file} is not a kubeconfig: its {field} is not {allowed[0]}", _SAME)
    for plural in ("clusters", "users", "contexts"):
        names = [entry.get("name") or "" for entry in document.get(plural) or () if entry]
        if twice := next((name for index, name in enumerate(names) if name in names[:index]), None):
            raise SettingsError(f"{file}: two {plural} are named {twice!r}", _SAME)


_SAME = "kubectl refuses it, too."


def _check(value: Any, shape: Shape, where: str, path: str) -> None:
    if value is None:
        return
    if isinstance(shape, list):
        if not isinstance(value, list | tuple):
            raise _wrong(value, "a list", where, path)
        for number, item in enumerate(value):
            _check(item, shape[0], where, f"{path}[{number}]")
    elif isinstance(shape, dict):
        if not isinstance(value, Mapping):
            raise _wrong(value, "a map", where, path)
        named = value.get("name")
        if isinstance(named, str) and named:
            path = f"{path.partition('[')[0]} {named!r}"
        for field, inner in value.items():
            if (wanted := shape.get(field, shape.get("*"))) is not None:
                _check(inner, wanted, where, f"{path}: {field}" if path else str(field))
    elif shape == FLAG:
        if not isinstance(value, bool):
            raise _wrong(value, FLAG, where, path)
    elif not isinstance(value, str | date):  # a date is a text to kubectl
        raise _wrong(value, TEXT, where, path)
    elif shape == BASE64:
        _check_base64(str(value), where, path)


def _check_base64(text: str, where: str, path: str) -> None:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        raise SettingsError(f"{where}: {path} is not base64 of PEM", _SAME) from None


def _wrong(value: Any, wanted: str, where: str, path: str) -> SettingsError:
    hint = "Put it in quotes." if wanted == TEXT and isinstance(value, bool | int | float) else _SAME
    return SettingsError(f"{where}: {path} is {_kind(value)}, not {wanted}", hint)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str | date):
        return "text"
    return "a map" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "something else"
