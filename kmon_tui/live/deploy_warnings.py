"""What the server remarks on an apply that it takes: its Warning headers, and the fields that it drops in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
MOST = 5


def warning_texts(headers: Iterable[str]) -> tuple[str, ...]:
    """Read ``299 - "text"`` (RFC 7234), several of them in one header, too."""
    return tuple(re.sub(r"\\(.)", r"\1", text) for header in headers for text in _WARNING.findall(header))


def lost_fields(manifest: Mapping[str, object], applied: Mapping[str, object]) -> tuple[str, ...]:
    """Say which fields of the manifest the server does not keep.

    Servers before 1.25 do not know fieldValidation: they prune what the schema does not know without a word.
    """
    if manifest.get("kind") == "Secret":  # its stringData becomes data
        return ()
    lost = list(_lost({key: value for key, value in manifest.items() if key != "status"}, applied, ""))
    told = [f"the server does not keep {path}: is it spelled right?" for path in lost[:MOST]]
    return (*told, f"and {len(lost) - MOST} more") if len(lost) > MOST else tuple(told)


def _lost(said: object, kept: object, path: str) -> Iterator[str]:
    if isinstance(said, Mapping):
        if not isinstance(kept, Mapping):
            return
        for name, value in said.items():
            here = f"{path}.{name}" if path else str(name)
            if here in {"metadata.managedFields", "metadata.resourceVersion", "metadata.selfLink", "metadata.uid"}:
                continue
            if name in kept:
                yield from _lost(value, kept[name], here)
            elif not _is_empty(value):
                yield here
    elif isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        for place, (one, other) in enumerate(zip(said, kept, strict=True)):
            yield from _lost(one, other, f"{path}[{place}]")


def _is_empty(value: object) -> bool:
    """Whether leaving it out says the same: null, an empty text, map or list."""
    return value is None or (isinstance(value, str | Mapping | Sequence) and not value)
