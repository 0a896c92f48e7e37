"""What a Metrics view shows, written into a file whose path is said; nothing is ever overwritten."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from textual.app import App
from textual.widgets._toast import ToastRack

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.export import csv_text, file_stem, json_document
from kmon_tui.render.picture import plain_svg
from kmon_tui.settings.exports import write_new
from kmon_tui.settings.paths import paths_of
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.metrics_view import MetricsView

FORMS = (
    ("csv", "CSV   one row a step, for a spreadsheet"),
    ("json", "JSON  everything, with source and PromQL"),
    ("svg", "SVG   a picture of this screen"),
)

MOST_TRIES = 5


def export(app: App[None], view: MetricsView, state: State, now: datetime) -> None:
    """Ask for the form, write the file, and say where it is."""
    row, buckets = view.row, view.buckets
    if row is None or buckets is None:
        app.notify("there are no numbers to export", severity="warning")
        return
    key, traffic, marks = row.isvc.key, row.traffic, view.marks
    age_s = view.drawing.data_age_s(traffic.sampled_at) if traffic is not None else None
    prometheus = state.traffic.prometheus if state.traffic is not None else Prometheus()

    def chosen(form: str | None) -> None:
        if form == "csv":
            write(form, csv_text(buckets, traffic, prometheus))
        elif form == "json":
            write(form, json_document(key, buckets, traffic, prometheus, marks, age_s))
        elif form == "svg":
            _without_toasts(view, picture)

    def picture() -> None:
        write("svg", plain_svg(app.export_screenshot(title=f"kmon-tui: {file_stem(key, now)}")))

    def write(form: str, text: str) -> None:
        try:
            path = write_new((Path.cwd(), paths_of(os.environ).data / "exports"), file_stem(key, now), form, text)
        except KmonError as error:
            app.notify(f"{error.message}. {error.hint}", severity="error", markup=False)
            return
        app.notify(f"wrote {path}", markup=False, timeout=15)

    app.push_screen(Chooser("export", FORMS), chosen)


def _without_toasts(view: MetricsView, take: Callable[[], None]) -> None:
    """Call once the screen of the view is painted without what was told at its corner, and show that again."""
    hidden: set[ToastRack] = set()

    def hide(tries: int) -> None:
        shown = {rack for rack in view.screen.query(ToastRack) if rack.display}
        if shown and tries:  # again: a screen that comes back shows them anew
            hidden.update(shown)
            for rack in shown:
                rack.display = False
            view.call_after_refresh(hide, tries - 1)
            return
        take()
        for rack in hidden:
            rack.display = True

    view.call_after_refresh(hide, MOST_TRIES)
