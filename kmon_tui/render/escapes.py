"""Text of a file format made fit for a terminal: what it would obey or hide is written as the format's own escapes.

Nothing is lost: who reads the JSON or the YAML gets the very characters back.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

_DOUBTFUL = re.compile("[^\n -~]")
"""All that is not plain ASCII; most of it is shown as it is."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_hidden(char: str) -> bool:
    """Say whether a terminal would obey this character, or show nothing in its place."""
    return unicodedata.category(char) in _HIDDEN or "\ufe00" <= char <= "\ufe0f"


def json_text(content: object, *, ascii_only: bool = False, indent: int | None = 2) -> str:
    """Write JSON; never NaN or Infinity."""
    text = json.dumps(content, ensure_ascii=ascii_only, allow_nan=False, indent=indent) + "\n"
    return _DOUBTFUL.sub(lambda match: _in_json(match[0]), text)


def yaml_text(content: object) -> str:
    """Write YAML in the order of the fields."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C or Python, as installed
        """Writes in double quotes what needs escapes: no other style knows any."""

    def scalar(dumper: Any, text: str) -> Any:
        hides = any(is_hidden(char) for char in _DOUBTFUL.findall(text))
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if hides else None)

    Dumper.add_representer(str, scalar)
    text = str(yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4096))
    return _DOUBTFUL.sub(lambda match: _in_yaml(match[0]), text)


@lru_cache(maxsize=8192)
def _in_json(char: str) -> str:
    return json.dumps(char)[1:-1] if is_hidden(char) else char


@lru_cache(maxsize=8192)
def _in_yaml(char: str) -> str:
    if not is_hidden(char):
        return char
    # YAML knows no surrogate pairs: beyond four digits there is \U.
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
