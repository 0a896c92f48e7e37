"""The output formats of `get`: table, wide, json, yaml, name, csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.names import full_name
from kmon_tui.domain.service import InferenceService
from kmon_tui.oneshot.items import item_of
from kmon_tui.oneshot.table import header, row, text_of
from kmon_tui.render.cells import clean
from kmon_tui.render.escapes import json_text, yaml_text

FORMATS = ("table", "wide", "json", "yaml", "name", "csv")
_CSV = ("namespace", "name", "kind", "readiness", "ready", "reason", "message", "since", "mode", "runtime", "format")


def checked(name: str, allowed: Sequence[str] = FORMATS) -> str:
    """Give the format; SettingsError when there is none of this name."""
    if name not in allowed:
        raise SettingsError(f"there is no output format {name!r}", f"Choose {', '.join(allowed)}.")
    return name


def write(
    services: Sequence[InferenceService],
    form: str,
    now: datetime,
    *,
    namespaces: bool = False,
    headers: bool = True,
    ascii_only: bool = False,
) -> str:
    """Write services in one format; ``namespaces`` adds their column to a table."""
    if form == "json":
        return json_text({"items": [item_of(isvc, now) for isvc in services]}, ascii_only=ascii_only)
    if form == "yaml":
        return yaml_text({"items": [item_of(isvc, now) for isvc in services]})
    if form == "name":
        return "".join(f"{clean(full_name(isvc.key))}\n" for isvc in services)
    if form == "csv":
        return _csv(services, now, headers=headers)
    wide = form == "wide"
    rows = [row(isvc, now, wide=wide, namespaces=namespaces) for isvc in services]
    if headers and rows:
        rows.insert(0, header(wide=wide, namespaces=namespaces))
    return text_of(rows)


def _csv(services: Sequence[InferenceService], now: datetime, *, headers: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if headers:
        writer.writerow((*_CSV, "url", "replicas_ready", "replicas_desired", "age_s"))
    for isvc in services:
        item = item_of(isvc, now)
        replicas = isvc.replicas
        cells = [*(item[name] for name in (*_CSV, "url")), replicas.ready, replicas.desired, item["age_s"]]
        writer.writerow(_csv_cell(cell) for cell in cells)
    return out.getvalue()


def _csv_cell(cell: object) -> str:
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else clean(str(cell))
