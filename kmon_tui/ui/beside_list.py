"""The pane beside the list: it follows the cursor, but not each of its steps, for its charts cost ten times as much."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.rows import Row

if TYPE_CHECKING:
    from kmon_tui.ui.detail_pane import DetailPane

EVERY_S = 0.3
"""While the cursor runs the pane follows so often, and once it rests."""


class BesideList:
    """Knows what the pane shows, and since when."""

    def __init__(self) -> None:
        self.pane: DetailPane | None = None
        """None until what the first paint need not wait for is there."""
        self._key: Key | None = None
        self._drawn_s = 0.0

    def is_due(self, key: Key | None) -> bool:
        """Say whether the pane is to be drawn although the cursor may run on."""
        return key == self._key or monotonic() - self._drawn_s > EVERY_S

    def draw(self, key: Key | None, state: State, row: Row | None, drawing: Drawing) -> None:
        """Draw the selected service, where there is room for the pane."""
        pane = self.pane
        if pane is not None and pane.display and pane.size.width:
            if key != self._key:
                self._key, self._drawn_s = key, monotonic()
            pane.fill(state, row, drawing)
