"""A list of files to choose a manifest from, or a whole folder of them; a path can be typed, too."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from kmon_tui.render.cells import clean, middle
from kmon_tui.ui.entry_row import EntryRow

SUFFIXES = (".yaml", ".yml", ".json")
LABEL_WIDTH = 50


class FileChooser(ModalScreen[str | None]):
    """Gives the path of a file or a folder, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "back"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("backspace,left,h", "up", "folder above", show=False),
        Binding("slash", "type", "type a path"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._choices: list[tuple[Path, bool]] = []
        """Path of each line, and whether it is taken as it is (a folder is entered otherwise)."""

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(id="box") as box:
            box.border_subtitle = "enter choose  / type a path  esc back"
            yield OptionList(markup=False)
        yield EntryRow("path ", id="typed-path")

    def on_mount(self) -> None:
        """Show the first folder."""
        self._list()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the file, or go into the folder."""
        path, taken = self._choices[event.option_index]
        if taken:
            self.dismiss(str(path))
        else:
            self._folder = path
            self._list()

    def action_move(self, by: int) -> None:
        """Go to the next line, or the one before."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_up(self) -> None:
        """Go to the folder above."""
        self._folder = Path("..") if str(self._folder) == "." else self._folder.parent
        self._list()

    def action_type(self) -> None:
        """Type a path."""
        start = "" if str(self._folder) == "." else f"{self._folder}/"
        self.query_one(EntryRow).open(start)

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Take what was typed."""
        event.stop()
        if event.text.strip():
            self.dismiss(event.text.strip())
        else:
            self._leave_row()

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Wait until it is complete."""
        event.stop()

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Go back to the list."""
        event.stop()
        self._leave_row()

    def _leave_row(self) -> None:
        self.query_one(EntryRow).close()
        self.query_one(OptionList).focus()

    def _list(self) -> None:
        """Show what is in the folder: all of it first, then the folders, then the manifests."""
        self.query_one("#box").border_title = Text(f"deploy from {clean(str(self._folder))}/").markup
        folders, files, trouble = _content(self._folder)
        self._choices = [(self._folder, True)] if len(files) > 1 else []
        labels = [f"all {len(files)} manifests of this folder"] if len(files) > 1 else []
        self._choices += [(file, True) for file in files]
        labels += [file.name for file in files]
        self._choices += [(folder, False) for folder in (*folders, self._folder / "..")]
        labels += [*(f"{folder.name}/" for folder in folders), "../"]
        if trouble:
            labels[-1] += f"  ({trouble})"
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Text(middle(clean(label), LABEL_WIDTH))) for label in labels])
        options.highlighted = 1 if len(files) > 1 else 0
        options.focus()


def first_folder(here: Path) -> Path:
    """Give the folder to begin with: manifests/ where there is one."""
    return here / "manifests" if (here / "manifests").is_dir() else here


def _content(folder: Path) -> tuple[list[Path], list[Path], str]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        folders = [entry for entry in entries if entry.is_dir()]
        files = [entry for entry in entries if entry.suffix in SUFFIXES and entry.is_file()]
    except OSError as error:
        return [], [], error.strerror or "it cannot be read"
    return folders, files, "" if files else "no manifests here"
