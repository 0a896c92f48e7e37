"""A config file as layers: what holds everywhere, and what holds in one context alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from kmon_tui.domain.late import dataclass
from kmon_tui.settings.keys import KEYS, Layer

READ_ONLY = "read_only"
PROTECTED = "protected_contexts"


@dataclass(frozen=True, slots=True)
class Document:
    """One config file, read."""

    everywhere: Layer = field(default_factory=dict)
    contexts: Mapping[str, Layer] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What in it means nothing, one sentence each."""
    broken: bool = False
    """Nothing of it could be read."""


def document_of(content: object, shown_name: str) -> Document:
    """Read a config file that YAML has parsed; what is wrong in it is left out and noted.

    A ``read_only`` that cannot be understood counts as true: a slip of the
    pen must not take the guard away.
    """
    if content is None:
        return Document()
    if not isinstance(content, Mapping):
        return broken(f"{shown_name} is not a YAML mapping of keys to values")
    notes: list[str] = []
    sections = content.get("contexts") or {}
    if not isinstance(sections, Mapping):
        notes.append(f"{shown_name}: contexts must map names of contexts to keys")
        sections = {}
    everywhere = _layer({name: value for name, value in content.items() if name != "contexts"}, shown_name, "", notes)
    contexts = {
        str(name): _layer(section, shown_name, f"contexts.{name}.", notes, in_context=True)
        for name, section in sections.items()
    }
    return Document(everywhere, contexts, tuple(notes))


def broken(why: str) -> Document:
    """Give what stands for a file that cannot be read: the defaults, and nothing that writes."""
    return Document(
        {READ_ONLY: True}, {}, (f"{why}; its settings are not used, and nothing may be changed",), broken=True
    )


def _layer(content: object, shown_name: str, prefix: str, notes: list[str], *, in_context: bool = False) -> Layer:
    if not isinstance(content, Mapping):
        if content is not None:
            notes.append(f"{shown_name}: {prefix.rstrip('.')} must map keys to values")
        return {}
    found: dict[str, object] = {}
    for name, value in _flat(content):
        key = KEYS.get(name)
        if key is None:
            notes.append(f"{shown_name}: {prefix}{name} means nothing{_did_you_mean(name)}")
        elif key.only_environment:
            notes.append(f"{shown_name}: {prefix}{name} is not read from here; put it into a file and name {name}_file")
        elif in_context and not key.per_context:
            notes.append(f"{shown_name}: {prefix}{name} cannot be set for one context")
        elif value is not None:
            try:
                found[name] = key.read(value)
            except ValueError as error:
                notes.append(f"{shown_name}: {prefix}{name} {error}")
                if name == READ_ONLY:
                    found[name] = True
                if name == PROTECTED:
                    found[name] = ("*",)
    return found


def _flat(content: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    for name, value in content.items():
        if name in {"prometheus", "predict"} and isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", inner_value) for inner, inner_value in value.items())
        elif name == "prometheus" and isinstance(value, str):
            yield "prometheus.url", value
        else:
            yield str(name).replace("-", "_"), value


def _did_you_mean(name: str) -> str:
    import difflib  # only for what is wrong: it takes 2 ms of every start

    close = difflib.get_close_matches(name, KEYS, n=1)
    return f"; did you mean {close[0]}?" if close else ""
