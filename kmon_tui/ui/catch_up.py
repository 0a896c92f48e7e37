"""New numbers of thousands of rows: those on the screen have them at once, the others between keys, in slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.message_pump import MessagePump
from textual.timer import Timer

from kmon_tui.domain.service import Key
from kmon_tui.render.fleet_rows import FleetRows

BETWEEN_S = 0.005


class CatchUp:
    """Lets rows catch up; one timer at a time, none when nothing is behind."""

    def __init__(self, pump: MessagePump, rows: FleetRows, done: Callable[[bool], None]) -> None:
        self._pump, self._rows, self._done = pump, rows, done
        """``done`` is called when all have caught up: whether any row is another value now."""
        self._timer: Timer | None = None
        self._changed = False

    def begin(self, first: Iterable[Key]) -> bool:
        """Do the first slice, and these rows; the rest follows. Says whether any of them is another value now."""
        if not self._rows.is_behind:
            return False
        changed = bool(self._rows.catch_up(first))
        while self._rows.is_behind and not self._pump.is_running:
            changed |= bool(self._rows.catch_up())
        self._go_on()
        return changed

    def _go_on(self) -> None:
        if self._rows.is_behind and self._timer is None:
            self._timer = self._pump.set_timer(BETWEEN_S, self._slice)

    def _slice(self) -> None:
        self._timer = None
        self._changed |= bool(self._rows.catch_up())
        self._go_on()
        if self._timer is None:
            changed, self._changed = self._changed, False
            self._done(changed)
