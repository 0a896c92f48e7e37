"""Keys that come in one burst: those behind the one that leaves a row to type in wait until the row has done its work.

A row reads its keys in its own queue, and what follows from them passes through more queues on its way to the screen
and the app. Without waiting, the keys behind an Enter would still go into the row, or find a list that is not filtered
yet; scripts, pastes and slow lines send such bursts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import events
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widget import Widget

from kmon_tui.ui.entry_row import EntryRow, LineInput

LEAVING = ("enter", "escape", "down")
"""Keys that leave a row to type in."""
PATIENCE_S = 1.0
"""A row that is taken away in the middle of it must not keep the keys for ever."""


class Burst:
    """Holds keys back while a row does what its last key said."""

    def __init__(self, app: MessagePump, press: Callable[[events.Key], Awaitable[None]]) -> None:
        self._app = app
        self._press = press
        """What is done with a key."""
        self._held: list[events.Key] | None = None
        self._timer: Timer | None = None

    def holds(self, key: events.Key) -> bool:
        """Keep this key for later if something is under way."""
        if self._held is None:
            return False
        self._held.append(key)
        return True

    def pressed(self, key: events.Key, focused: Widget | None) -> None:
        """Look at a key that was handed on: from one that leaves a row on, keys are held until the row is done."""
        if key.key not in LEAVING or not isinstance(focused, LineInput):
            return
        row = next((one for one in focused.ancestors if isinstance(one, EntryRow)), None)
        if row is None:
            return
        self._held = []
        self._timer = self._app.set_timer(PATIENCE_S, self._release)
        # The key goes up to the app, which finds its binding; the row's messages then go up the same way, and some of
        # them pass a queue twice. A mark that goes through all of these queues always comes behind them.
        above = [one for one in row.ancestors if isinstance(one, Widget)]
        self._go_through([focused, row, *above, self._app, focused, focused, row, row, row, *above])

    def _go_through(self, places: Sequence[MessagePump]) -> None:
        if places:
            places[0].call_later(self._go_through, places[1:])
        else:
            self._app.call_later(self._release)

    async def _release(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        held, self._held = self._held or [], None
        for key in held:
            await self._press(key)
