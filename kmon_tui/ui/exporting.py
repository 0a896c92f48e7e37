"""What a Metrics view shows, written into a file whose path is said; nothing is ever overwritten."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from textual.app import App

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.export import csv_text, file_stem, json_document, plain_svg
from kmon_tui.settings.exports import write_new
from kmon_tui.settings.paths import paths_of
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.metrics_view import MetricsView

FORMS = (
    ("csv", "CSV   one row a step, for a spreadsheet"),
    ("json", "JSON  everything, with source and PromQL"),
    ("svg", "SVG   a picture of this screen"),
)


def export(app: App[None], view: MetricsView, state: State, now: datetime) -> None:
    """Ask for the form, write the file, and say where it is."""
    row, buckets = view.row, view.buckets
    if row is None or buckets is None:
        app.notify("there are no numbers to export", severity="warning")
        return
    key, marks, range_s = row.isvc.key, view.marks, view.range_s
    prometheus = state.traffic.prometheus if state.traffic is not None else Prometheus()
    picture = plain_svg(app.export_screenshot(title=f"kmon-tui: {file_stem(key, now)}"))

    def chosen(form: str | None) -> None:
        if form is None:
            return
        if form == "csv":
            text = csv_text(buckets)
        elif form == "json":
            text = json_document(key, buckets, row.traffic, prometheus, marks, range_s)
        else:
            text = picture
        try:
            path = write_new((Path.cwd(), paths_of(os.environ).data / "exports"), file_stem(key, now), form, text)
        except KmonError as error:
            app.notify(f"{error.message}. {error.hint}", severity="error", markup=False)
            return
        app.notify(f"wrote {path}", markup=False, timeout=15)

    app.push_screen(Chooser("export", FORMS), chosen)
