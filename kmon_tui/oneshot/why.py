"""`kmon-tui why [NAME]`: the cause of what is wrong with a service, or with all that are not healthy, by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.diagnosis import Together, diagnose, together
from kmon_tui.domain.names import Wanted, short_name
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Diagnosis, Evidence
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.items import age_s, time_text
from kmon_tui.oneshot.looking import Now, diagnose_many, look, suspects
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.oneshot.table import NONE, text_of
from kmon_tui.render.cells import clean
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.render.units import duration
from kmon_tui.settings import Settings

FORMATS = ("table", "json", "yaml")
FOUND = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted | None = None
    """None: everything in scope."""
    form: str = "table"
    ascii_only: bool = False


async def why(open_backend: OpenBackend, settings: Settings, wish: Wish, now: Now) -> Answer:
    """Answer once; exit code 1 when something is wrong. Raises BackendError, and Absent for an unknown name."""
    async with open_backend(settings) as backend:
        fleet = await complete_fleet(backend, settings, scaled=wish.wanted is None)
        if wish.wanted is None:
            found = await diagnose_many(backend, suspects(fleet.services), settings, now)
            groups = together(found)
            words = [*fleet.notes_at_first, *dict.fromkeys(text for one in found.values() for text in one.missing)]
            if not groups:
                where = "any namespace" if fleet.namespace is None else f"namespace {fleet.namespace}"
                count = len(fleet.services)
                words += [fleet.not_installed] if fleet.not_installed and not count else []
                words.append(f"all {count} services are healthy" if count else f"no services in {where}")
            return Answer(_write_all(groups, found, wish, now()), tuple(words), FOUND if groups else 0)
        key = chosen(fleet, wish.wanted).key
        diagnosis = diagnose(await look(backend, key, settings), now())
    text = _write(document(diagnosis, key), wish) or sentences(diagnosis, key, now())
    return Answer(text, code=0 if diagnosis.healthy else FOUND)


def document(diagnosis: Diagnosis, key: Key) -> dict[str, Any]:
    """Give what JSON shows of one service."""
    return {
        "kind": str(key.kind),
        "namespace": key.namespace,
        "name": key.name,
        "healthy": diagnosis.healthy,
        **_cause(diagnosis),
        "missing": list(diagnosis.missing),
    }


def sentences(diagnosis: Diagnosis, key: Key, now: datetime) -> str:
    """Give a diagnosis as text for people."""
    since = _age(diagnosis.since, now)
    lines = [f"{key}: {diagnosis.verdict}"]
    about = [f"cause {diagnosis.cause}", str(diagnosis.object or ""), f"since {since}" if since != NONE else ""]
    lines.append("  " + ", ".join(word for word in about if word))
    if diagnosis.serving:
        lines.append(f"  serving: {diagnosis.serving}")
    if diagnosis.evidence:
        lines.append("evidence:")
        lines += [_evidence(step, now) for step in diagnosis.evidence]
    if diagnosis.tries:
        lines.append("try:")
    for one in diagnosis.tries:
        key_hint = f" (key {one.key})" if one.key else ""
        lines.append(f"  {one.text}{key_hint}")
        lines += [f"    {one.command}"] if one.command else []
    if diagnosis.missing:
        lines.append("not seen:")
        lines += [f"  {text}" for text in diagnosis.missing]
    return "".join(f"{clean(line)}\n" for line in lines)


def _write(content: Mapping[str, Any], wish: Wish) -> str:
    if wish.form == "json":
        return json_text(content, ascii_only=wish.ascii_only)
    return yaml_text(content) if wish.form == "yaml" else ""


def _write_all(groups: Sequence[Together], found: Mapping[Key, Diagnosis], wish: Wish, now: datetime) -> str:
    items = [_group(group, found) for group in groups]
    if text := _write({"items": items}, wish):
        return text
    rows = [("CAUSE", "SERVICES", "SINCE", "VERDICT")] if groups else []
    for group in groups:
        names = [f"{key.namespace}/{short_name(key)}" for key in group.keys]
        shown = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        rows.append((group.cause, clean(shown), _age(group.since, now), clean(group.verdict)))
    return text_of(rows)


def _group(group: Together, found: Mapping[Key, Diagnosis]) -> dict[str, Any]:
    first = found[group.keys[0]] if len(group.keys) == 1 else group.first
    keys = [{"kind": str(key.kind), "namespace": key.namespace, "name": key.name} for key in group.keys]
    missing = dict.fromkeys(text for key in group.keys for text in found[key].missing)
    return {
        "services": keys,
        "shared": group.shared,
        **_cause(first),
        "verdict": group.verdict,
        "since": time_text(group.since),
        "missing": list(missing),
    }


def _cause(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "object": _ref(diagnosis.object),
        "since": time_text(diagnosis.since),
        "evidence": [
            {
                "text": step.text,
                "object": _ref(step.object),
                "since": time_text(step.since),
                "depth": step.depth,
                "stale": step.stale,
            }
            for step in diagnosis.evidence
        ],
        "serving": diagnosis.serving,
        "try": [{"text": one.text, "command": one.command, "key": one.key} for one in diagnosis.tries],
    }


def _ref(ref: Ref | None) -> dict[str, str] | None:
    return None if ref is None else {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _evidence(step: Evidence, now: datetime) -> str:
    since = _age(step.since, now)
    marks = [f"{since} ago" if since != NONE else "", "stale" if step.stale else ""]
    told = ", ".join(mark for mark in marks if mark)
    return f"  {'  ' * step.depth}{step.text}" + (f" ({told})" if told else "")


def _age(since: datetime | None, now: datetime) -> str:
    seconds = age_s(since, now)
    return NONE if seconds is None else duration(seconds)
