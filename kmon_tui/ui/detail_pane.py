"""The selected service beside or below the list: its story, requests by code, quantiles, the heat map of latency."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from kmon_tui.domain.state import State
from kmon_tui.render import panels
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.heading import heat_heading, latency_heading, requests_heading
from kmon_tui.render.rows import Row
from kmon_tui.render.story import no_traffic_words
from kmon_tui.ui.panel import Panel

PANELS = ("story", "requests", "latency", "heat")


class DetailPane(Container):
    """Four panels; where they are is said by the screen's classes, and -mute when there are no numbers."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        for name in PANELS:
            yield Panel(id=name)

    def fill(self, state: State, row: Row | None, drawing: Drawing) -> None:
        """Show this service; nothing is drawn when nothing that it shows has changed."""
        key = row.isvc.key if row is not None else None
        buckets = state.traffic.buckets.get(key) if state.traffic is not None and key is not None else None
        diagnosis = state.reasons.get(key) if key is not None else None
        shown = (row, buckets, drawing, state.health, diagnosis, state.causes.get(key) if key is not None else None)
        if shown == self._shown or not self.is_mounted:
            return
        self._shown = shown
        traffic = row.traffic if row is not None else None
        why = no_traffic_words(state, row)
        story, requests, latency, heat = (self.query_one(f"#{name}", Panel) for name in PANELS)
        mute = (traffic is None or traffic.ended) and buckets is None
        self.set_class(mute, "-mute")
        story.fill(panels.story(row, drawing, why if mute else "", diagnosis))
        glyphs = drawing.glyphs
        requests.fill(
            panels.requests(traffic, buckets, drawing, why),
            requests_heading(traffic, drawing),
            glyphs,
            panels.legend(panels.request_curves(traffic, buckets), glyphs),
        )
        latency.fill(
            panels.latency(traffic, buckets, drawing, why),
            latency_heading(traffic, drawing),
            glyphs,
            panels.legend(panels.latency_curves(buckets), glyphs),
        )
        # Where the quantiles have no panel of their own, the map's heading is the place for them.
        answer = heat_heading(traffic, buckets, drawing) if latency.display else latency_heading(traffic, drawing)
        heat.fill(panels.heat(traffic, buckets, drawing, why), answer, glyphs)
