"""A list to choose one thing from: contexts, namespaces, orders, themes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from kmon_tui.render.cells import clean, middle

LABEL_WIDTH = 46
BORDERS = 10
"""Cells around a label: the frame of the box, the mark, the room for a scroll bar."""


class Chooser(ModalScreen[str | None]):
    """Gives the chosen value, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "back"),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, str]],
        chosen: str = "",
        empty: str = "",
        *,
        label_width: int = LABEL_WIDTH,
    ) -> None:
        super().__init__()
        self._label_width = label_width
        self._title = title
        self._choices = choices
        """Value and label of each."""
        self._chosen = chosen
        self._empty = empty

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(id="box") as box:
            if self._label_width > LABEL_WIDTH:
                box.styles.width = self._label_width + BORDERS
            box.border_title = Text(clean(self._title)).markup
            box.border_subtitle = "enter choose  esc back"
            yield OptionList(*self._options(), markup=False)

    def on_mount(self) -> None:
        """Begin at the present choice."""
        values = [value for value, _ in self._choices]
        self.query_one(OptionList).highlighted = values.index(self._chosen) if self._chosen in values else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Hand the choice back."""
        self.dismiss(self._choices[event.option_index][0])

    def action_cursor_down(self) -> None:
        """Go to the next one."""
        self.query_one(OptionList).action_cursor_down()

    def action_cursor_up(self) -> None:
        """Go to the previous one."""
        self.query_one(OptionList).action_cursor_up()

    def _options(self) -> list[Option]:
        if not self._choices:
            return [Option(self._empty, disabled=True)]
        return [
            Option(Text(("> " if value == self._chosen else "  ") + middle(clean(label), self._label_width)))
            for value, label in self._choices
        ]
