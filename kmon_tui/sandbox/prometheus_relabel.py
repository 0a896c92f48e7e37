"""Relabelling as Prometheus does it: keep, drop, replace, labeldrop, labelkeep, labelmap."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmon_tui.sandbox.promql.labels import expanded

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of relabel_configs or metric_relabel_configs."""

    action: str
    sources: tuple[str, ...]
    separator: str
    regex: re.Pattern[str]
    target: str
    replacement: str


def rules_of(entries: Sequence[Mapping[str, Any]] | None) -> tuple[Rule, ...]:
    """Read entries of a Prometheus configuration."""
    return tuple(
        Rule(
            action=entry.get("action", "replace").lower(),
            sources=tuple(entry.get("source_labels", ())),
            separator=entry.get("separator", ";"),
            regex=re.compile(entry.get("regex", "(.*)")),
            target=entry.get("target_label", ""),
            replacement=entry.get("replacement", "$1"),
        )
        for entry in entries or ()
    )


def relabelled(labels: Mapping[str, str], rules: Sequence[Rule]) -> dict[str, str] | None:
    """Apply the rules in order; None when one of them drops the target or series."""
    found = dict(labels)
    for rule in rules:
        if rule.action in ("labeldrop", "labelkeep", "labelmap"):
            _by_name(found, rule)
            continue
        value = rule.separator.join(found.get(name, "") for name in rule.sources)
        match = rule.regex.fullmatch(value)
        if (rule.action == "keep" and match is None) or (rule.action == "drop" and match is not None):
            return None
        if rule.action == "replace" and match is not None:
            _replace(found, rule, match)
    return {name: value for name, value in found.items() if value}


def _replace(labels: dict[str, str], rule: Rule, match: re.Match[str]) -> None:
    target = expanded(rule.target, match)
    if _LABEL_NAME.fullmatch(target) is None:
        return
    value = expanded(rule.replacement, match)
    if value:
        labels[target] = value
    else:
        labels.pop(target, None)


def _by_name(labels: dict[str, str], rule: Rule) -> None:
    for name in list(labels):
        match = rule.regex.fullmatch(name)
        if rule.action == "labelmap" and match is not None:
            labels[expanded(rule.replacement, match)] = labels[name]
        elif (rule.action == "labeldrop" and match is not None) or (rule.action == "labelkeep" and match is None):
            del labels[name]
