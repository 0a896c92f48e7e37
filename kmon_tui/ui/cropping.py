"""Paints and writes to the terminal only what was asked for.

Textual cuts an update at its right edge but begins each line at the widget's left edge (``ChopsUpdate``: "crop to x
extents"); over SSH that is half of all bytes. And for each paint it renders all lines of all widgets that the update's
outline meets, also of containers that lie wholly behind their children; that is half of what a key costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kmon_tui.domain.late import dataclass

Rows = int
"""A set of rows of the screen: bit n stands for row n."""


class CroppedUpdate(ChopsUpdate):
    """An update whose lines begin where they differ."""

    def render_segments(self, console: Console) -> str:
        """Give what is written to the terminal."""
        out: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if strip is None or start >= stop:
                    continue
                out.append(Control.move_to(start, y).segment.text)
                whole = start == x and stop == end
                out.append((strip if whole else strip.crop(start - x, stop - x)).render(console))
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where something of each widget can be seen, for one arrangement of the widgets."""

    of: Mapping[Widget, tuple[Region, Region]]
    """The widgets from front to back, each with its region and what it is clipped to."""
    seen: Mapping[Widget, Rows]

    @classmethod
    def whole(cls, widgets: Mapping[Widget, tuple[Region, Region]], height: int) -> Layout:
        """Leave nothing out: each widget counts as seen in all rows that it has."""
        seen = {}
        for widget, (region, clip) in widgets.items():
            part = region.intersection(clip).intersection(Region(0, 0, clip.right, height))
            seen[widget] = _rows_of([part]) if part else 0
        return cls(widgets, seen)

    @classmethod
    def arranged(cls, widgets: Mapping[Widget, tuple[Region, Region]]) -> Layout:
        """Find the rows in which each widget is not wholly behind those before it."""
        covered: dict[int, int] = {}
        seen = {}
        for widget, (region, clip) in widgets.items():
            x, top, width, height = region.intersection(clip)
            columns = ((1 << width) - 1) << max(0, x)
            rows: Rows = 0
            for y in range(max(0, top), top + height):
                before = covered.get(y, 0)
                if columns & ~before:
                    rows |= 1 << y
                    covered[y] = before | columns
            seen[widget] = rows
        return cls(widgets, seen)


class CroppingCompositor(Compositor):
    """A compositor whose partial updates are cropped on all sides."""

    _layout = Layout({}, {})
    _dirty_rows: Rows | None = None

    def render_partial_update(self) -> ChopsUpdate | None:
        """Give the update for the dirty regions, if there are any."""
        self._dirty_rows = _rows_of(self._dirty_regions)
        try:
            update = super().render_partial_update()
        finally:
            self._dirty_rows = None
        return update and CroppedUpdate(update.chops, update.spans, update.chop_ends)

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """Render, and where a widget gave less than its place, again with all that lies behind it.

        A widget that was just shown or has another size gives the lines of its old size until it heard of the new one.
        """
        chops = super()._render_chops(crop, is_rendered_line)
        if not self._has_gaps(chops, [y for y in crop.line_range if is_rendered_line(y)], crop):
            return chops
        self._layout = Layout.whole(self.visible_widgets, self.size.height)
        try:
            return super()._render_chops(crop, is_rendered_line)
        finally:
            self._layout = Layout({}, {})

    def _has_gaps(self, chops: Sequence[Mapping[int, Strip | None]], rows: Sequence[int], crop: Region) -> bool:
        return any(
            strip is None and x < crop.right and end > crop.x
            for y in rows
            for (x, strip), end in zip(chops[y].items(), self.cuts[y][1:], strict=True)
        )

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Render of each widget that can be seen there the lines from the first dirty one to the last."""
        widgets = self.visible_widgets
        if self._layout.of is not widgets:
            self._layout = Layout.arranged(widgets)
        dirty = _rows_of([crop or self.size.region]) if self._dirty_rows is None else self._dirty_rows
        for widget, (region, clip) in widgets.items():
            rows = self._layout.seen[widget] & dirty
            if not rows:
                continue
            first, height = (rows & -rows).bit_length() - 1, rows.bit_length()
            lines = clip.intersection(Region(0, first, self.size.width, height - first))
            part = region.intersection(lines)
            if crop is None or crop.overlaps(part):
                yield region, lines, widget.render_lines(part.translate((-region.x, -region.y)))


def _rows_of(regions: Iterable[Region]) -> Rows:
    rows: Rows = 0
    for region in regions:
        rows |= ((1 << region.height) - 1) << max(0, region.y)
    return rows
