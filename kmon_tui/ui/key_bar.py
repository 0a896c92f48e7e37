"""The bottom line: the keys that do something here, from the real bindings. One widget, where Footer has one a key."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.screen import Screen

from kmon_tui.render.lines import Span
from kmon_tui.ui.palette import LinesView


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

    def _changed(self, screen: Screen[object]) -> None:
        spans: list[Span] = []
        self._ends = []
        width = 0
        shown = [(active.binding, active.enabled) for active in screen.active_bindings.values() if active.binding.show]
        seen: set[str] = set()
        for binding, enabled in sorted(shown, key=lambda one: one[0].id != "app.help"):
            if binding.action in seen:
                continue
            seen.add(binding.action)
            key = binding.key_display or binding.key.replace("ctrl+", "^").replace("escape", "esc")
            look = ("key", "") if enabled else ("dim", "dim")  # what cannot be done now stays in its place
            spans.extend(((f" {key}", look[0]), (f" {binding.description} ", look[1])))
            width += len(key) + len(binding.description) + 3
            self._ends.append((width, binding.key))
        self.show((tuple(spans),))
