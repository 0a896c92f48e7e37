"""The Metrics view of one service: requests, latency, the heat map with its cursor, pods, tokens; for any screen.

A host calls ``fill`` with each State, and gives the view the focus so that its keys work. It asks for longer times by
itself (LookAt with a Span); whoever comes after it looks at the list again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message

from kmon_tui.domain.command import LookAt, Span
from kmon_tui.domain.deploys import Deployed, deploys_of
from kmon_tui.domain.service import InferenceService, Key, TrafficShare
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Buckets, Traffic
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.render import metrics, panels
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.heading import Heading, heat_heading, latency_heading, requests_heading
from kmon_tui.render.heatmap import LABEL_WIDTH, HeatGrid, grid_of, heat_lines
from kmon_tui.render.lines import Line
from kmon_tui.render.marks import Mark, What, marks_of
from kmon_tui.render.metrics import RANGES_S, USUAL_S, Cursor
from kmon_tui.render.rows import Row, split_words
from kmon_tui.render.story import SCRAPE, no_traffic_words
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.panel import Panel

PANELS = ("requests", "latency", "heat", "pods", "llm")
MEDIUM, TALL = (100, 27), 45
"""Columns and lines, and lines alone, from which on the panels have more room."""
LEAST_STEPS, MOST_STEPS = 20, 160


class MetricsView(Container, can_focus=True):
    """Panels of one service over a time that a person chooses; what is drawn can be paused, what is asked cannot."""

    DEFAULT_CSS = """
    MetricsView { layout: grid; grid-size: 2 5; grid-columns: 1fr; grid-rows: 1 1fr 1fr 2 0; grid-gutter: 0 1; }
    MetricsView #span, MetricsView #heat, MetricsView #pods, MetricsView #llm { column-span: 2; }
    MetricsView #llm { display: none; }
    MetricsView.-llm { grid-rows: 1 1fr 1fr 2 3; }
    MetricsView.-llm #llm { display: block; }
    MetricsView.-medium { grid-rows: 1 1fr 1fr 7; grid-size: 2 4; }
    MetricsView.-medium.-llm { grid-rows: 1 1fr 1fr 10; }
    MetricsView.-medium.-llm #pods, MetricsView.-medium.-llm #llm { column-span: 1; }
    MetricsView.-medium.-tall, MetricsView.-medium.-tall.-llm { grid-rows: 1 1fr 1fr 14; }
    MetricsView.-mute, MetricsView.-mute.-medium, MetricsView.-mute.-medium.-tall {
        grid-size: 1 3; grid-rows: 1 1fr 2;
    }
    MetricsView.-mute #requests, MetricsView.-mute #latency { display: none; }
    MetricsView.-mute #span, MetricsView.-mute #heat, MetricsView.-mute #pods { column-span: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cursor(-1, 0)", "cell", key_display="arrows", id="metrics.left"),
        Binding("right", "cursor(1, 0)", "later column", show=False, id="metrics.right"),
        Binding("up", "cursor(0, 1)", "slower bucket", show=False, id="metrics.up"),
        Binding("down", "cursor(0, -1)", "faster bucket", show=False, id="metrics.down"),
        Binding("less_than_sign", "span(-1)", "range", key_display="< >", id="metrics.shorter"),
        Binding("greater_than_sign", "span(1)", "longer range", show=False, id="metrics.longer"),
        Binding("P", "pause", "pause", id="metrics.pause"),
        Binding("Q", "queries", "PromQL", id="metrics.queries"),
        Binding("ctrl+s,E", "export", "export", key_display="^s", id="metrics.export"),
    ]

    class Queries(Message):
        """A person wants to read the PromQL behind the panels."""

        def __init__(self, buckets: Buckets | None) -> None:
            super().__init__()
            self.buckets = buckets

    class Export(Message):
        """A person wants what is shown as a file."""

        def __init__(self, view: MetricsView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.range_s = USUAL_S
        self.cursor: Cursor | None = None
        self.buckets: Buckets | None = None
        """What is drawn: of the time that was chosen, or what is known until that has come."""
        self._newest: tuple[State, Row | None, Drawing] = (State(), None, Drawing())
        self._frozen: tuple[State, Row | None, Drawing] | None = None
        self._drawn: tuple[object, ...] = ()
        self._grid: HeatGrid | None = None
        self._seen: list[Mark] = []
        self._where = ""
        self._tree: ObjectTree | None = None
        self._deployed: tuple[Deployed, ...] = ()
        self._split: tuple[TrafficShare, ...] | None = None
        self._asked: Span | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield LinesView(id="span")
        for name in PANELS:
            yield Panel(id=name)

    def fill(self, state: State, row: Row | None, drawing: Drawing) -> None:
        """Take over what is known; it is drawn unless somebody has paused the view."""
        self._newest = (state, row, drawing)
        if row is not None:
            if state.place.context != self._where:
                self._where, self._seen, self._split, self._deployed = state.place.context, [], None, ()
            self._notice(row.isvc, drawing.now)
            self._remember(state, row.isvc)
        if self.is_mounted and self._span != self._asked:
            # How far the books reach has changed. Later: what is posted while the app hands the State over
            # counts as the app's own message, and does not come back to it.
            self.call_later(self._ask)
        self.draw()

    def draw(self) -> None:
        """Bring the panels up to date; nothing is drawn when nothing that they show has changed."""
        state, row, drawing = self._frozen or self._newest
        known = state.traffic.buckets.get(row.isvc.key) if state.traffic is not None and row is not None else None
        view = (self.range_s, self.size, len(self._seen), self._deployed)
        shown = (row, known, drawing, state.health, state.causes, self._newest[0].traffic, self._frozen is None, view)
        if not self.is_mounted or not self.size.width or (*shown, self.cursor) == self._drawn:
            return
        only_cursor, self._drawn = shown == self._drawn[:-1], (*shown, self.cursor)
        traffic = row.traffic if row is not None else None
        why = no_traffic_words(state, row)
        if not only_cursor:
            self.buckets = metrics.within(known, self.range_s) if known is not None else None
            self.set_class((traffic is None or traffic.ended) and known is None, "-mute")
            self.set_class(traffic is not None and traffic.llm is not None, "-llm")
            self._draw_charts(traffic, drawing, why)
            self.call_later(self._draw_others, row, drawing)  # apart: together they would hold up keys for 20 ms
        self._draw_heat(traffic, drawing, why)
        self._draw_span(state, drawing)

    @property
    def key(self) -> Key | None:
        """The service that is shown."""
        row = self._newest[1]
        return row.isvc.key if row is not None else None

    @property
    def row(self) -> Row | None:
        """What is drawn of the list's row."""
        return (self._frozen or self._newest)[1]

    @property
    def drawing(self) -> Drawing:
        """The clock and the signs of what is drawn."""
        return (self._frozen or self._newest)[2]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Deploys and scalings in the time that is shown."""
        row, buckets = self.row, self.buckets
        if row is None:
            return ()
        curves = metrics.pods_curves(buckets)
        found = marks_of(row.isvc, curves[-1].series if curves else None, self._seen, self._deployed)
        end_s = buckets.end_s if buckets is not None else self.drawing.now.timestamp()
        since_s = end_s - self.range_s
        return tuple(mark for mark in found if mark.at_s >= since_s)

    def on_resize(self) -> None:
        """Give the panels the room that is there now."""
        width, height = self.size.width, self.size.height
        self.set_class(width >= MEDIUM[0] and height >= MEDIUM[1], "-medium")
        self.set_class(height >= TALL, "-tall")
        self._ask()
        self.call_after_refresh(self.draw)

    def action_cursor(self, right: int, up: int) -> None:
        """Point at another cell of the heat map."""
        if self._grid is not None:
            self.cursor = metrics.moved(self._grid, self.cursor, right, up)
            self.draw()

    def action_span(self, by: int) -> None:
        """Show a shorter or a longer time."""
        index = max(0, min(len(RANGES_S) - 1, RANGES_S.index(self.range_s) + by))
        self.range_s = RANGES_S[index]
        self.cursor = None
        self._frozen = None  # what stands still holds no longer time
        self._ask()
        self.draw()

    def action_pause(self) -> None:
        """Let what is drawn stand still, or go on with the newest."""
        self._frozen = None if self._frozen is not None else self._newest
        self.draw()

    def action_queries(self) -> None:
        """Show the PromQL behind the panels."""
        self.post_message(self.Queries(self.buckets))

    def action_export(self) -> None:
        """Write what is shown into a file."""
        self.post_message(self.Export(self))

    @property
    def _span(self) -> Span | None:
        """The time to ask for, in steps that there is room for; None: the books hold it."""
        if not self.size.width or not metrics.beyond_books(self.range_s, self._newest[2]):
            return None
        return Span(self.range_s, max(LEAST_STEPS, min(MOST_STEPS, self.size.width - LABEL_WIDTH - 1)))

    def _ask(self) -> None:
        """Ask for the time that is shown; what the books hold anyway is not asked for."""
        key, span = self.key, self._span
        if key is not None and span != self._asked:
            self._asked = span
            self.post_message(Ask(LookAt(selected=key, visible=(key,), span=span)))

    def _remember(self, state: State, isvc: InferenceService) -> None:
        """Take over when revisions were made; what was known stays while its objects are gone or cannot be read."""
        opened = state.opened
        tree = opened.tree if opened is not None and opened.key == isvc.key else None
        if tree is None or tree is self._tree:
            return
        self._tree = tree
        known = {one.revision: one for one in (*self._deployed, *deploys_of(tree, isvc.entry))}
        self._deployed = tuple(sorted(known.values(), key=lambda one: one.at))

    def _notice(self, isvc: InferenceService, now: datetime) -> None:
        """Remember another split of traffic while somebody looks: nothing else tells when it was."""
        if self._split is not None and isvc.traffic != self._split:
            self._seen.append(Mark(now.timestamp(), What.TRAFFIC, f"traffic {split_words(isvc.traffic)}"))
        self._split = isvc.traffic

    def _panel(self, name: str) -> Panel:
        return self.query_one(f"#{name}", Panel)

    def _draw_span(self, state: State, drawing: Drawing) -> None:
        buckets = self.buckets
        latest = self._newest[0].traffic if self._frozen is not None else None
        words, look = metrics.state_words(state.traffic, latest, buckets, self.range_s, drawing)
        width = self.size.width
        right = metrics.marks_line(self.marks, drawing, width - 40 - len(words))
        if self.cursor is not None and buckets is not None and self._grid is not None:
            right = metrics.moment_words(self._grid, buckets, self.cursor)
        self.query_one("#span", LinesView).show(
            (metrics.range_line(self.range_s, buckets, (words, look), right, width),)
        )

    def _draw_charts(self, traffic: Traffic | None, drawing: Drawing, why: str) -> None:
        buckets, marks = self.buckets, self.marks
        curves, quantiles = panels.request_curves(traffic, buckets), panels.latency_curves(buckets)
        glyphs = drawing.glyphs
        self._panel("requests").fill(
            panels.requests(traffic, buckets, drawing, why, marks),
            requests_heading(traffic, drawing),
            glyphs,
            panels.legend(curves, glyphs),
        )
        self._panel("latency").fill(
            panels.latency(traffic, buckets, drawing, why, marks),
            latency_heading(traffic, drawing),
            glyphs,
            panels.legend(quantiles, glyphs),
        )

    def _draw_heat(self, traffic: Traffic | None, drawing: Drawing, why: str) -> None:
        buckets, marks = self.buckets, self.marks
        if self.has_class("-mute"):
            self._grid = None
            state, row, _ = self._frozen or self._newest
            cause = state.causes.get(row.isvc.key) if row is not None else None
            drawn = panels.mute(why.removesuffix(SCRAPE), cause.fix if cause is not None else "")
            self._panel("heat").fill(drawn, Heading(("no traffic to show",)), drawing.glyphs)
            return

        def draw(width: int, height: int) -> list[Line]:
            self._grid = grid = grid_of(buckets, width, height) if buckets is not None else None
            if grid is None and buckets is not None and buckets.le_ms:
                return []  # no room
            if grid is None:
                return panels.sentence(panels.waiting(traffic, buckets, why), width)
            spot = metrics.spot_of(grid, self.cursor) if self.cursor is not None else None
            shaded = drawing.shaded or panels.is_old(traffic, drawing)
            lines = heat_lines(grid, drawing.glyphs, drawing.zone, shaded=shaded, cursor=spot, marks=marks)
            return lines if spot is not None else panels.faded(lines, traffic, drawing)

        heading = heat_heading(traffic, buckets, drawing)
        if self.cursor is not None and self._grid is not None:
            heading = replace(heading, answers=(metrics.cell_words(self._grid, self.cursor, drawing),))
        self._panel("heat").fill(draw, heading, drawing.glyphs)

    def _draw_others(self, row: Row | None, drawing: Drawing) -> None:
        buckets, marks = self.buckets, self.marks
        if row is None:
            self._panel("pods").fill(lambda _width, _height: [])
            return
        traffic, glyphs = row.traffic, drawing.glyphs
        self._panel("pods").fill(
            metrics.pods(buckets, traffic, drawing, marks),
            metrics.pods_heading(row.isvc, traffic, buckets, drawing),
            glyphs,
            panels.legend(metrics.pods_curves(buckets), glyphs),
        )
        if traffic is not None and traffic.llm is not None:
            self._panel("llm").fill(
                metrics.tokens(traffic.llm, buckets, traffic, drawing, marks),
                metrics.llm_heading(traffic.llm, traffic, drawing),
                glyphs,
                panels.legend(panels.token_curves(buckets), glyphs),
            )
