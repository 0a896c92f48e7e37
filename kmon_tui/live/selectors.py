"""Matchers of series as text: exact choices, the targets of a service, namespaces. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from kmon_tui.live.packs.dialect import Dialect

CHUNK = 100
"""More namespaces than this are not put into a selector."""


def only_targets(targets: Iterable[Mapping[str, str]], dialect: Dialect | None = None) -> list[str]:
    """Give matchers that together hold these targets, by the label that tells them apart best.

    In a process that serves many services it is the labels that name the service; others may be in the answer too.
    """
    groups: dict[str, set[str]] = {}
    if dialect is not None and dialect.patterns:
        for labels in targets:
            for name in dialect.names:
                groups.setdefault(name, set()).add(labels.get(name, ""))
        both = ",".join(f"{label}=~{quoted_choice(values)}" for label, values in groups.items())
        return [both] if both else []
    for labels in targets:
        label = next(
            (name for name in ("exported_instance", "instance", "pod", "pod_name", "service_name") if labels.get(name)),
            None,
        )
        if label is not None:
            groups.setdefault(label, set()).add(labels[label])
    return [f"{label}=~{quoted_choice(values)}" for label, values in sorted(groups.items())]


def in_namespaces(label: str, namespaces: Collection[str]) -> str:
    """Give a matcher, behind a comma, for series of these namespaces and of none; empty for too many of them."""
    if not 0 < len(namespaces) <= CHUNK:
        return ""
    return f",{label}=~{quoted_choice({*namespaces, ''})}"


def quoted_choice(values: Collection[str]) -> str:
    """Quote a regular expression that matches these texts and nothing else."""
    pattern = "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) for value in sorted({*values}))
    return quoted(pattern)


def quoted(text: str) -> str:
    """Quote a text for PromQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
