"""One service in full: its story, requests by code, quantiles, and the heat map of its latency."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer

from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Buckets, Traffic
from kmon_tui.render.cells import clean, wrap
from kmon_tui.render.charts import Curve, line_chart
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.heatmap import heat_map
from kmon_tui.render.lines import Line, in_look
from kmon_tui.render.rows import Row
from kmon_tui.render.story import (
    heat_title,
    latency_title,
    no_traffic_words,
    requests_title,
    source_words,
    story_lines,
)
from kmon_tui.render.units import milliseconds, number
from kmon_tui.ui.palette import LinesView

Draw = Callable[[int, int], list[Line]]
PANELS = ("story", "requests", "latency", "heat")
CODES = ("2xx", "3xx", "4xx", "5xx")


class Panel(LinesView):
    """A box whose lines are drawn for its size, and whose title holds the answer."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._draw: Draw = lambda _width, _height: []

    def fill(self, title: str, draw: Draw, *, source: str = "", stale: bool = False) -> None:
        """Take over a title, the words at the foot, and the way to draw."""
        # Nothing in these comes from the cluster, so nothing in them can be markup.
        if self.border_title != title:
            self.border_title = title
        if self.border_subtitle != source:
            self.border_subtitle = source
        self.set_class(stale, "-stale")
        self._draw = draw
        self._draw_now()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw_now()

    def _draw_now(self) -> None:
        if self.size.width and self.size.height and self.display:
            self.show(tuple(self._draw(self.size.width, self.size.height)))


class DetailPane(Container):
    """Four panels; how they are arranged is said by a class: -beside or -screen, and -mute without numbers."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[object, ...] = ()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Panel(id="story")
        yield Panel(id="requests")
        yield Panel(id="latency")
        yield Panel(id="heat")

    def fill(self, state: State, row: Row | None, drawing: Drawing) -> None:
        """Show this service; nothing is drawn when nothing that it shows has changed."""
        key = row.isvc.key if row is not None else None
        buckets = state.traffic.buckets.get(key) if state.traffic is not None and key is not None else None
        shown = (row, buckets, drawing, state.health)
        if shown == self._shown or not self.is_mounted:
            return
        self._shown = shown
        traffic = row.traffic if row is not None else None
        stale = traffic is not None and drawing.stale_age_s(traffic) is not None
        why = no_traffic_words(state, row)
        source = source_words(traffic, drawing)
        story, requests, latency, heat = (self.query_one(f"#{name}", Panel) for name in PANELS)
        mute = traffic is None and buckets is None
        self.set_class(mute, "-mute")
        story.fill("", _story(row, drawing, why if mute else ""))
        requests.fill(requests_title(traffic), _requests(traffic, buckets, drawing, why), source=source, stale=stale)
        latency.fill(latency_title(traffic), _latency(traffic, buckets, drawing, why), source=source, stale=stale)
        title = heat_title(buckets) if latency.display else latency_title(traffic)
        heat.fill(title, _heat(traffic, buckets, drawing, why), source=source, stale=stale)


def _story(row: Row | None, drawing: Drawing, why: str) -> Draw:
    """Draw the words about a service; at their end, why there are no charts."""

    def draw(width: int, height: int) -> list[Line]:
        if row is None:
            return []
        lines = story_lines(row, drawing, width)
        if why:
            lines.extend([(), (("no traffic to show", "bold"),), *(((line, "dim"),) for line in wrap(why, width))])
        return lines[:height]

    return draw


def _requests(traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str) -> Draw:
    curves: list[Curve] = []
    if buckets is not None:
        for code, series in sorted(buckets.by_code.items()):
            curves.append(Curve(code, series, f"code-{code}" if code in CODES else "code-other"))
    if not curves and traffic is not None:
        curves = [Curve("all", traffic.requests, "trend")]
    return _chart(curves, drawing, number, why, traffic)


def _latency(traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str) -> Draw:
    curves = []
    if buckets is not None:
        curves = [Curve(name, series, name) for name, series in sorted(buckets.quantiles.items(), reverse=True)]
    return _chart(curves, drawing, milliseconds, _waiting(traffic, buckets, why), traffic)


def _heat(traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str) -> Draw:
    def draw(width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        if buckets is not None and any(row for row in buckets.counts):
            lines = heat_map(buckets, width, height, drawing.glyphs, drawing.zone, shaded=drawing.shaded)
        return _faded(lines, traffic, drawing) or _sentence(_waiting(traffic, buckets, why), width)

    return draw


def _waiting(traffic: Traffic | None, buckets: Buckets | None, why: str) -> str:
    """Say why there are no buckets."""
    if traffic is None or traffic.problem:
        return why
    if buckets is not None and not buckets.problem:
        return "this Prometheus has no latency buckets of this service"
    return "the buckets are being asked for" if buckets is None else clean(buckets.problem) or why


def _chart(
    curves: list[Curve], drawing: Drawing, unit: Callable[[float], str], why: str, traffic: Traffic | None
) -> Draw:
    def draw(width: int, height: int) -> list[Line]:
        legend = len(curves) > 1 and height > 5
        lines = line_chart(curves, width, height - legend, drawing.glyphs, drawing.zone, unit)
        if lines and legend:
            rule = drawing.glyphs.rule
            lines.insert(0, tuple((f" {rule}{rule} {curve.name} ", curve.look) for curve in curves))
        return _faded(lines, traffic, drawing) or _sentence(why, width)

    return draw


def _faded(lines: list[Line], traffic: Traffic | None, drawing: Drawing) -> list[Line]:
    """Take the colours off numbers that are old."""
    if traffic is None or drawing.stale_age_s(traffic) is None:
        return lines
    return [in_look(line, "stale") for line in lines]


def _sentence(words: str, width: int) -> list[Line]:
    return [((f" {line}", "dim"),) for line in wrap(words, max(8, width - 2))]
