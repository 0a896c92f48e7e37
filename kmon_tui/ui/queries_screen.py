"""The PromQL behind the panels: to read, and to copy by the number of a panel (OSC 52: over SSH, too)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from kmon_tui.render.cells import clean, wrap
from kmon_tui.render.lines import Line
from kmon_tui.ui.text_screen import TextScreen

TITLES: Mapping[str, str] = {
    "requests": "requests/s by code, where they have one",
    "errors": "errors, as a share of requests",
    "users": "errors as callers saw them (users), with what never reached a pod",
    "latency": "latency, p90 (0.5 and 0.99 for the others)",
    "heat": "latency buckets, up to each bound, in the rate window",
    "pods": "pods that answer their scrape",
    "llm": "time to the first token, p90",
    "raw": "what kmon-tui asks: raw counters, from which it works out all of these",
}
OF_PODS = "errors as the pods saw them, as a share of requests"
WIDTH = 66
MOST_BYTES = 74_000
"""Of a longer sequence terminals take nothing at all."""


class QueriesScreen(TextScreen):
    """Shows one expression a panel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"copy({n})", f"copy number {n}", show=False) for n in range(1, len(TITLES) + 1)),
    ]

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = [(name, queries[name]) for name in TITLES if name in queries]
        self._titles = {**TITLES, "errors": OF_PODS} if "users" in queries else TITLES
        super().__init__("PromQL", tuple(_lines(self._queries, self._titles)))

    def on_mount(self) -> None:
        """Say how to copy."""
        if self._queries:
            self.query_one("#page").border_subtitle = f"1-{len(self._queries)} copy  esc back  / search"

    def action_copy(self, number: int) -> None:
        """Copy one expression to the clipboard of the terminal."""
        if number > len(self._queries):
            return
        name, text = self._queries[number - 1]
        if len(text.encode()) > MOST_BYTES:
            self.notify("it is longer than terminals take", severity="warning")
            return
        self.app.copy_to_clipboard(text)
        self.notify(f"copied: {self._titles[name]}", markup=False)


def _lines(queries: list[tuple[str, str]], titles: Mapping[str, str]) -> list[Line]:
    if not queries:
        return [(("nothing is asked for this service: it has no series", ""),)]
    lines: list[Line] = []
    for number, (name, text) in enumerate(queries, start=1):
        lines.append(((f"{number} ", "key"), (titles[name], "bold")))
        lines.extend(((f"  {line}", ""),) for line in wrap(clean(text), WIDTH))
        lines.append(())
    return lines
