"""The bottom line: the keys that do something here, from the real bindings. One widget, where Footer has one a key."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen

from kmon_tui.render.lines import Line, width_of
from kmon_tui.ui.palette import LinesView


@runtime_checkable
class Screened(Protocol):
    """A screen that knows which of its keys can do nothing now."""

    def is_idle(self, action: str) -> bool:
        """Tell whether there is nothing that an action could be about."""

    def lacks(self, action: str) -> str:
        """Give the right that is missing for an action."""


class KeyBar(LinesView):
    """Shows the bindings that want to be shown, and can be clicked."""

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._ends: list[tuple[int, str]] = []
        """Column behind each key's words, and the key."""

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def on_click(self, event: events.Click) -> None:
        """Tell which key was clicked."""
        key = next((key for end, key in self._ends if event.x < end), None)
        if key is not None:
            self.post_message(self.Pressed(key))

    def on_resize(self) -> None:
        """Show the keys that fit now."""
        self._changed(self.screen)

    def _changed(self, screen: Screen[object]) -> None:
        screened = screen if isinstance(screen, Screened) else None
        shown = [(active.binding, active.enabled) for active in screen.active_bindings.values() if active.binding.show]
        parts: dict[str, tuple[str, Line]] = {}
        for binding, enabled in sorted(shown, key=lambda one: (_place(one[0]), one[0].id != "app.help")):
            key = binding.key_display or binding.key.replace("ctrl+", "^").replace("escape", "esc")
            off = screened is not None and (screened.lacks(binding.action) or screened.is_idle(binding.action))
            look = ("dim", "dim") if off or not enabled else ("key", "")  # what cannot be done stays in its place
            words: Line = ((f" {key}", look[0]), (f" {binding.description} ", look[1]))
            parts.setdefault(binding.action, (binding.key, words))
        kept = fitting(list(parts.values()), screen.size.width)
        self._ends = []
        width = 0
        for key, words in kept:
            width += width_of(words)
            self._ends.append((width, key))
        self.show((tuple(span for _, words in kept for span in words),))


def fitting(parts: list[tuple[str, Line]], width: int) -> list[tuple[str, Line]]:
    """Give whole keys that fit: those before the last go first, since the last one leads out."""
    kept = list(parts)
    while len(kept) > 1 and sum(width_of(words) for _, words in kept) > width:
        kept.pop(-2)
    return kept


def _place(binding: Binding) -> bool:
    """Put what leads out at the end."""
    return binding.action in {"app.quit", "app.back"}
