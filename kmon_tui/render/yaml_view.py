"""The YAML tab: an object as kubectl would print it, with its keys in a look of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kmon_tui.domain.tree import Object
from kmon_tui.render.cells import clean
from kmon_tui.render.lines import Line
from kmon_tui.render.page import Page

FIRST = ("apiVersion", "kind", "metadata", "spec", "data", "status")
KEY = re.compile(r"^(\s*(?:- )*)([^\s#:'\"-][^:]*|'[^']*'|\"[^\"]*\")(:)(?= |$)")
LONGEST = 2000
"""Characters of a line that are drawn; the copy has all of them."""


def yaml_text(obj: Object, *, managed: bool = False) -> str:
    """Write an object as YAML; ``managed``: with its managedFields, that mostly hide the rest."""
    import yaml  # takes 12 ms, and only this tab needs it

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C or Python, as installed
        """Writes texts of several lines as blocks, as kubectl does."""

    def block(dumper: Any, text: str) -> Any:
        style = "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, block)
    names = [*(name for name in FIRST if name in obj), *(name for name in obj if name not in FIRST)]
    ordered = {name: obj[name] for name in names}
    metadata = ordered.get("metadata")
    if not managed and isinstance(metadata, Mapping):
        ordered["metadata"] = {name: value for name, value in metadata.items() if name != "managedFields"}
    return str(yaml.dump(ordered, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4096))


def yaml_page(text: str) -> Page:
    """Give the lines of a YAML text; they are not cut: the view scrolls sideways."""
    return Page(tuple(_line(line) for line in text.splitlines()))


def _line(line: str) -> Line:
    shown = clean(line[:LONGEST]) + (f"  ({len(line)} characters)" if len(line) > LONGEST else "")
    match = KEY.match(shown)
    if match is None:
        return ((shown, ""),)
    return ((match[1], "dim"), (match[2] + match[3], "accent"), (shown[match.end() :], ""))
