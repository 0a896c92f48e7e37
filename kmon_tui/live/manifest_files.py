"""From YAML or JSON files to manifests: as kubectl reads them, but nothing is lost in silence (twice the same key)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kmon_tui.domain.manifest import Bundle, Manifest, ManifestError, Origin, is_object, manifests_of
from kmon_tui.settings.nesting import not_too_deep

LARGEST = 8_000_000
"""Bytes of one file; etcd takes objects of 1.5 MB."""
MOST_VALUES = 500_000
"""Values of one document after its aliases are written out."""
SUFFIXES = (".yaml", ".yml", ".json")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the C loader exists at run time only
    """Reads values as sigs.k8s.io/yaml does: a date is a text, and 1:30 is no number."""


_INT = re.compile(r"^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$")
_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
)
_LEFT_OUT = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_OUT and tag != "tag:yaml.org,2002:value"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def read_manifests(source: str) -> Bundle:
    """Read a file, or all manifests of a folder (not of those below it), in the order of their names.

    A folder may hold other YAML and JSON, too: a file in which nothing means to be an object is skipped.
    """
    path = Path(source).expanduser()
    if not path.is_dir():
        return Bundle(_some(parse_manifests(_text(path), str(path)), source))
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise ManifestError(f"{source} holds no manifests", f"Their names end with {', '.join(SUFFIXES)}.")
    found: list[Manifest] = []
    skipped: list[str] = []
    for file in files:
        text = _text(file)
        if _holds_other_things(text):
            skipped.append(str(file))
        else:
            found.extend(parse_manifests(text, str(file)))
    return Bundle(_some(tuple(found), source), tuple(skipped))


def _some(found: tuple[Manifest, ...], source: str) -> tuple[Manifest, ...]:
    if not found:
        raise ManifestError(f"{source} holds no objects", "A manifest begins with apiVersion and kind.")
    return found


def _holds_other_things(text: str) -> bool:
    """Whether a file can be read, holds something, and nothing of it means to be an object."""
    try:
        whole = _json(text) if text.lstrip()[:1] == "{" else None
        documents = [whole] if whole is not None else list(yaml.load_all(not_too_deep(text), _Loader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return False  # the error is told when it is parsed
    full = [content for content in documents if content is not None]
    return bool(full) and not any(is_object(content) for content in full)


def parse_manifests(text: str, source: str) -> tuple[Manifest, ...]:
    """Parse all documents of a text. Raises ManifestError, which says document and line."""
    if text.lstrip()[:1] == "{" and (content := _json(text)) is not None:
        return manifests_of(_plain(content, Origin(source)), Origin(source))
    found: list[Manifest] = []
    loader = _Loader(text)
    number = 1
    try:
        not_too_deep(text)
        while loader.check_node():
            node = loader.get_node()
            origin = Origin(source, number, node.start_mark.line + 1)
            _check_keys(node, origin, set())
            content = _plain(loader.construct_document(node), origin)
            found.extend(manifests_of(content, origin, dict(_lines(node, "", set()))))
            number += 1
    except yaml.YAMLError as error:
        raise _broken(error, source, number) from error
    except RecursionError as error:
        raise ManifestError(f"{Origin(source, number)} is nested too deeply, or within itself") from error
    except ValueError as error:
        raise ManifestError(f"{Origin(source, number)} is not YAML: {error}") from error
    finally:
        loader.dispose()
    return tuple(found)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            what = "does not exist" if not path.exists() else "is no file and no folder"
            raise ManifestError(f"{path} {what}", "Give a file or a folder with manifests, or - for standard input.")
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ManifestError(f"cannot read {path}: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise ManifestError(f"{path} is larger than {LARGEST // 1_000_000} MB: is it a manifest?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text") from error


def _json(text: str) -> object | None:
    """Parse as JSON; None when it is none (YAML's braces, or several documents)."""
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content


def _broken(error: yaml.YAMLError, source: str, number: int) -> ManifestError:
    mark = getattr(error, "problem_mark", None)
    name = "standard input" if source == "-" else source
    where = f"{name}, document {number}"
    if mark is not None:
        where += f" (line {mark.line + 1}, column {mark.column + 1})"
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    if "\\t" in str(problem):
        return ManifestError(f"{where} is not YAML: {problem}", "YAML is indented with blanks, never with tabs.")
    return ManifestError(f"{where} is not YAML: {problem}")


def _check_keys(node: yaml.Node, origin: Origin, visited: set[int], depth: int = 0) -> None:
    """Refuse a key that stands twice in one map: the first one would be lost."""
    if id(node) in visited:
        return  # an alias: ten lines of them can stand for a billion nodes
    visited.add(id(node))
    if depth > 200:
        raise RecursionError
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise ManifestError(f"{origin}: the field {key.value!r} stands twice (line {line})")
                seen.add(key.value)
            _check_keys(value, origin, visited, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, origin, visited, depth + 1)


def _lines(node: yaml.Node, path: str, visited: set[int], depth: int = 0) -> Iterator[tuple[str, int]]:
    """Give the line of each field by its path; fields of an alias stand where its anchor is, and are told once."""
    if depth > 60 or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{path}.{key.value}" if path else str(key.value)
            yield name, key.start_mark.line + 1
            yield from _lines(value, name, visited, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield f"{path}[{place}]", item.start_mark.line + 1
            yield from _lines(item, f"{path}[{place}]", visited, depth + 1)


def _plain(content: object, origin: Origin) -> object:
    """Give the same as JSON has it; ManifestError for what JSON cannot say."""
    left = MOST_VALUES

    def plain(value: object) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise ManifestError(f"{origin} is too large: its aliases multiply it")
        if isinstance(value, Mapping):
            return {_key(key, origin): plain(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            raise ManifestError(f"{origin}: {value} is no number that JSON can hold")
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)  # 1e3 is an integer to the API, as Go writes it
        if value is None or isinstance(value, str | bool | int | float):
            return value
        raise ManifestError(f"{origin}: a {type(value).__name__} is nothing that JSON can hold")

    return plain(content)


def _key(key: object, origin: Origin) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int):
        return str(key)
    raise ManifestError(f"{origin}: {key!r} cannot be the name of a field")
