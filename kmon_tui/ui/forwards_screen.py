"""The forwards: which there are and how they go, the log of one, and a row to make another."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.markup import escape

from kmon_tui.domain.command import CloseForward, OpenForward, RemoveForward, SaveForward, StartForward
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.forward import Forward, ForwardKey, ForwardSpec, parse_ports, parse_target, target_of
from kmon_tui.domain.state import State
from kmon_tui.render import forwards as draw
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.confirm import Confirm
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView

NEW = "TARGET [LOCAL PORT] [shared]"


class ForwardsScreen(KmonScreen):
    """Shows the forwards of the State; what a key does arrives in a later one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("escape,q,f", "app.back", "back", id="forwards.back"),
        Binding("minus", "app.back", "last view", show=False),
        Binding("enter", "start_or_stop", "start/stop", key_display="enter", id="forwards.toggle"),
        Binding("F", "new", "new", id="forwards.new"),
        Binding("u", "copy_url", "URL", id="forwards.url"),
        Binding("S", "save", "save", id="forwards.save"),
        Binding("ctrl+d", "remove", "remove", key_display="^d", id="forwards.remove"),
        Binding("j,down", "move(1)", "down", show=False, id="forwards.down"),
        Binding("k,up", "move(-1)", "up", show=False, id="forwards.up"),
        Binding("g,home", "move(-9999)", "top", show=False),
        Binding("G,end", "move(9999)", "end", show=False),
        Binding("pagedown,ctrl+f", "move(10)", show=False),
        Binding("pageup,ctrl+b", "move(-10)", show=False),
    ]

    def __init__(self, surroundings: Surroundings, new: str = "") -> None:
        """``new``: a target to begin a new forward with."""
        super().__init__(surroundings)
        self._selected: ForwardKey | None = None
        self._new = new
        self._known: frozenset[ForwardKey] | None = None
        """Those that there were when another one was made: the row of the new one is selected when it comes."""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="top")
        yield LinesView(id="forwards")
        yield LinesView(id="log")
        yield EntryRow(">", id="asked")
        yield CommandRow()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin with the row to type in when a service was named."""
        super().on_mount()
        if self._new:
            self.call_after_refresh(self.action_new)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Keep the selection on its forward."""
        rows = draw.shown(state)
        if self._known is not None and (made := [one.key for one in rows if one.key not in self._known]):
            self._selected, self._known = made[-1], None
        if rows and self._selected not in {one.key for one in rows}:
            self._selected = rows[0].key
        super().show(state)

    @property
    def selected(self) -> Forward | None:
        """The forward under the cursor."""
        return next((one for one in draw.shown(self.state) if one.key == self._selected), None)

    def draw(self) -> None:
        """Bring everything up to date."""
        rows, width = draw.shown(self.state), self.size.width
        self.query_one("#top", LinesView).show((draw.title_line(rows, self.state.forwards_note, width),))
        view = self.query_one("#forwards", LinesView)
        height = max(2, view.size.height)
        view.show(draw.forward_lines(rows, self._selected, self.state, self.drawing, width, height))
        log = self.query_one("#log", LinesView)
        log.border_title = escape(draw.log_title(self.selected))
        log.show(draw.log_lines(self.selected, self.drawing, max(1, log.size.width), max(1, log.size.height)))

    def action_move(self, by: int) -> None:
        """Select another one."""
        keys = [one.key for one in draw.shown(self.state)]
        if keys:
            at = keys.index(self._selected) if self._selected in keys else 0
            self._selected = keys[max(0, min(len(keys) - 1, at + by))]
            self.draw()

    def on_click(self, event: Click) -> None:
        """Select the forward whose row was clicked."""
        view = self.query_one("#forwards", LinesView)
        if event.widget is view:
            rows = draw.shown(self.state)
            self._selected = draw.at_line(rows, self._selected, max(2, view.size.height), event.y) or self._selected
            self.draw()

    def action_start_or_stop(self) -> None:
        """Start the selected one, or stop it."""
        if (one := self._need()) is not None:
            self.post_message(Ask(CloseForward(one.key) if one.listening else StartForward(one.key)))

    def action_copy_url(self) -> None:
        """Copy where programs can connect, by OSC 52: over SSH, too."""
        if (one := self._need()) is None:
            return
        if not one.listening:
            self.notify("it does not listen: enter starts it", severity="warning", markup=False)
            return
        self.app.copy_to_clipboard(one.url)
        self.notify(f"copied {one.url}", markup=False)

    def action_save(self) -> None:
        """Save it; one that is saved starts by itself from now on, or not any more."""
        if (one := self._need()) is not None:
            self.post_message(Ask(SaveForward(one.key, autostart=one.saved and not one.spec.autostart)))
            word = "saved" if not one.saved else "autostart off" if one.spec.autostart else "autostart on"
            self.notify(f"{one.spec.name}: {word}", markup=False)

    def action_remove(self) -> None:
        """Ask, then forget it."""
        if (one := self._need()) is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.post_message(Ask(RemoveForward(one.key)))

        self.app.push_screen(Confirm("remove a forward", draw.remove_lines(one)), answered)

    def action_new(self) -> None:
        """Type what to forward to."""
        row = self.query_one("#asked", EntryRow)
        services = [str(target_of(isvc.key)) for isvc in self.state.fleet.services]
        row.open(self._new, services)
        row.say(f"{NEW}  esc back ")

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Make none."""
        event.stop()
        event.row.close()
        self.set_focus(None)

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Make it; what cannot be used stays, with what is wrong beside it."""
        event.stop()
        try:
            spec = read_spec(event.text)
        except KmonError as error:
            event.row.say(f"{error.message} ", failed=True)
            return
        if spec is not None:
            self._known = frozenset(one.key for one in self.state.forwards)
            self.post_message(Ask(OpenForward(spec)))
        event.row.close()
        self._new = ""
        self.set_focus(None)

    def _need(self) -> Forward | None:
        if self.selected is None:
            self.notify("there is no forward yet: F makes one", severity="warning", markup=False)
        return self.selected


def read_spec(text: str) -> ForwardSpec | None:
    """Read a target, a local port and the word ``shared``; None for nothing. Raises SettingsError."""
    words = text.split()
    shared = "shared" in words
    words = [word for word in words if word != "shared"]
    if not words:
        return None
    target = parse_target(words[0])
    local_port, port = parse_ports(words[1]) if len(words) > 1 else (0, "")
    if port:
        target = parse_target(f"{str(target).removesuffix(f':{target.port}') if target.port else target}:{port}")
    return ForwardSpec(target.name, target, local_port, shared)
