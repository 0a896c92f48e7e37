"""The question before every write: its default is No, and neither a paste nor a stray key is an answer."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from kmon_tui.render.lines import Line
from kmon_tui.ui.entry_row import LineInput
from kmon_tui.ui.palette import LinesView

DEAF_S = 0.3
"""So long after it appears nothing is an answer: the fingers were still at something else."""
BURST_S = 0.05
"""Keys that are closer together come from a paste or a script, not from a person who has read the question."""


class Ear:
    """Tells keys of a person from those of a burst, by the times at which they came."""

    def __init__(self) -> None:
        self._deaf_until: float | None = None
        self.last = float("-inf")
        """When the newest key came, whether it counted or not."""

    def hears(self, time_s: float) -> bool:
        """Say whether a key at this time may count; one that does not makes the deafness last."""
        if self._deaf_until is None:
            self._deaf_until = time_s + DEAF_S
        burst = time_s - self.last < BURST_S
        self.last = time_s
        if time_s < self._deaf_until or burst:
            self._deaf_until = max(self._deaf_until, time_s + BURST_S)
            return False
        return True

    def appear(self, time_s: float) -> None:
        """Begin to be deaf: the question is on the screen now."""
        self._deaf_until = time_s + DEAF_S


class NameInput(LineInput):
    """Takes the name that must be typed: by hand."""

    def __init__(self, ear: Ear) -> None:
        super().__init__(compact=True, select_on_focus=False, id="name")
        self.cursor_blink = False
        self._ear = ear

    def on_key(self, event: events.Key) -> None:
        """Take no key of a burst."""
        if event.is_printable and not self._ear.hears(event.time):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Take nothing that was pasted."""
        event.stop()
        event.prevent_default()


class Confirm(ModalScreen[bool]):
    """Asks once; True only for a clear yes: the key y, or the name typed where one is wanted."""

    AUTO_FOCUS = "#name"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", id="confirm.yes"),
        Binding("n,q,escape", "no", "no", id="confirm.no"),
        Binding("enter", "remind", "", show=False, id="confirm.enter"),
    ]

    def __init__(self, title: str, lines: tuple[Line, ...], name: str = "") -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._name = name
        """What must be typed; empty: the key y is enough."""
        self._ear = Ear()
        self._meant: float | None = None
        """When the key came that may be an answer; None: none did."""

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(id="confirm") as box:
            box.border_title = self._title
            view = LinesView(id="confirm-lines")
            view.styles.height = len(self._lines) + 2
            view.show((*self._lines, (), self._how()))
            yield view
            if self._name:
                yield NameInput(self._ear)

    def on_mount(self) -> None:
        """Be deaf from the moment when it can be seen."""
        self.call_after_refresh(lambda: self._ear.appear(events.Event().time))

    def on_key(self, event: events.Key) -> None:
        """Let only keys of a person through."""
        self._meant = event.time if self._ear.hears(event.time) else None
        if self._meant is None:
            event.stop()

    def action_yes(self) -> None:
        """Count it as the answer unless more keys follow at once.

        Keys of the burst that opened the question went to the screen below, and come here past ``on_key``: the app
        looks for the meaning of a key when this one is on top already. They mean nothing.
        """
        if not self._name and self._meant is not None:
            self.set_timer(BURST_S * 2, partial(self._agree, self._meant))

    def action_no(self) -> None:
        """Nothing is done."""
        self.dismiss(False)

    def action_remind(self) -> None:
        """Enter is no answer: it is what the hand does by itself."""
        self.app.bell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the name for a yes when it is the right one; anything else is no answer."""
        event.stop()
        if event.value == self._name:
            self.dismiss(True)
        else:
            self.action_remind()

    def _agree(self, meant: float) -> None:
        """Take it for a yes if no other key came with it: what follows may overtake what it means."""
        if self._ear.last == meant and self.is_current:
            self.dismiss(True)

    def _how(self) -> Line:
        if self._name:
            return (("type ", ""), (self._name, "key"), (" and Enter to do it", ""), ("   esc no (default)", "dim"))
        return (("n", "key"), (" no (default)   ", "bold"), ("y", "key"), (" yes", ""))
