"""The part of JSONPath that printer columns use: .a.b, ['a'], [0], [*], [?(@.type=="Ready")]."""

from __future__ import annotations

import re

from kmon_tui.sandbox.apiserver.values import Json, at_path

_STEP = re.compile(
    r"\.([A-Za-z0-9_\-]+)"
    r"|\['((?:[^'\\]|\\.)+)'\]"
    r"|\[\?\(@\.([\w.]+)\s*==\s*['\"]?([^'\")]+)['\"]?\)\]"
    r"|\[(-?\d+|\*)\]"
)


def find(value: Json, path: str) -> list[Json]:
    """Return all that a path leads to, in order."""
    found = [value]
    for step in _STEP.finditer(path):
        name, quoted, field, wanted, index = step.groups()
        key = name or (quoted.replace("\\", "") if quoted else "")
        if key:
            found = [one[key] for one in found if isinstance(one, dict) and key in one]
        elif field:
            found = [
                item for one in found if isinstance(one, list) for item in one if _is(at_path(item, field), wanted)
            ]
        else:
            found = [item for one in found if isinstance(one, list) for item in _picked(one, index)]
    return found


def _picked(items: list[Json], index: str) -> list[Json]:
    if index == "*":
        return items
    return items[int(index) :][:1]


def _is(value: Json, wanted: str) -> bool:
    return (str(value).lower() if isinstance(value, bool) else str(value)) == wanted
