"""KmonApp: runs the monitor in one worker, follows its State in another, and hands both ways on."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from textual import events
from textual.binding import Binding, BindingType
from textual.filter import NoColor
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from kmon_tui.domain.command import Awake, Command
from kmon_tui.domain.state import State
from kmon_tui.render.deploy_line import deploy_in
from kmon_tui.render.drawing import Drawing
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.base import KmonScreen, Surroundings, utc_now
from kmon_tui.ui.burst import Burst
from kmon_tui.ui.fleet_screen import FleetScreen
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.obeying_app import ObeyingApp
from kmon_tui.ui.plain_filter import PlainFilter, terminal_encoding
from kmon_tui.ui.sweeper import LOOK_S, Sweeper, leave_old_alone

SECOND_CTRL_C = timedelta(seconds=2)
TELL_AWAKE_EVERY = timedelta(minutes=1)


class Watcher(Protocol):
    """What the app needs of the monitor."""

    @property
    def state(self) -> State:
        """The newest State."""

    def follow(self) -> AsyncGenerator[State, None]:
        """Stream the newest State; a slow follower skips."""

    def send(self, command: Command) -> None:
        """Do what a person wants; what became of it is in a later State."""

    async def run(self) -> None:
        """Run until cancelled; everything is released when it returns."""


class KmonApp(ObeyingApp):
    """Two workers and the screens; everything that is shown comes from the State, every wish goes to the monitor."""

    TITLE = "kmon-tui"
    CSS_PATH = Path(__file__).with_name("kmon.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, id="app.quit_now"),
        Binding("ctrl+c", "help_quit", "quit (twice)", show=False, system=True, id="app.interrupt"),
    ]

    def __init__(
        self,
        watcher: Watcher,
        view: ViewSettings,
        *,
        read_only: bool = False,
        open_name: str | None = None,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        notes: tuple[str, ...] = (),
        watch_css: bool = False,
    ) -> None:
        theme = view.theme or ("ansi-dark" if view.no_color else None)
        plain = view.no_color or (theme or "").startswith("ansi")
        super().__init__(ansi_color=True if plain else None, watch_css=watch_css)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (160, "-huge")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]
        self._watcher = watcher
        self._wanted_theme = theme
        if view.no_color and not self.no_color:  # said by a flag: Textual itself reads only NO_COLOR
            self.no_color = True
            self._filters.append(NoColor())
        if view.ascii:
            self._filters.append(PlainFilter(terminal_encoding()))
        self._surroundings = Surroundings(
            now=now, zone=zone, ascii=view.ascii, shaded=plain or view.ascii, read_only=read_only
        )
        self._notes = notes
        self._filter_text = view.filter
        self._open_name = open_name
        self._awaiting = False
        self._burst = Burst(self, self._press)
        self._interrupted: datetime | None = None
        self._told_awake: datetime | None = None
        self._running_deploy: int | None = None
        self._told_note = ""
        self._sweeper = Sweeper()
        self._bell = view.bell
        self._ring: Callable[[], None] | None = None
        self._workers_of_ours: list[Worker[None]] = []

    def get_default_screen(self) -> Screen[None]:
        """Begin with the fleet."""
        return FleetScreen(self._surroundings, self._filter_text)

    def on_mount(self) -> None:
        """Take over the theme, paint, and only then begin to work."""
        if self._wanted_theme is not None and self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
        self.set_class(self._surroundings.ascii, "-ascii")
        self.call_after_refresh(self._start)

    async def on_unmount(self) -> None:
        """Wait until the monitor has released what it holds; Textual itself only cancels."""
        for worker in self._workers_of_ours:
            worker.cancel()
        for worker in self._workers_of_ours:
            try:
                await worker.wait()
            except (WorkerCancelled, WorkerFailed):
                continue

    def _start(self) -> None:
        if not gc.isenabled():  # paused by who started us: what is here by now stays until the end
            gc.freeze()
            leave_old_alone()
            gc.enable()
        wanted = self._wanted_theme
        unknown = wanted is not None and wanted not in self.available_themes
        for note in (*self._notes, *((f"there is no theme {wanted}: :theme chooses one",) if unknown else ())):
            self.notify(note, severity="warning", markup=False, timeout=15)
        self._workers_of_ours = [
            self.run_worker(self._watcher.run(), name="monitor"),
            self.run_worker(self._follow(), name="screen"),
        ]
        self.set_interval(LOOK_S, self._sweeper.look)
        # Its import takes 100 ms: too long for the first paint and for the loop.
        threading.Thread(
            target=import_module, args=("kmon_tui.render.lean_plotext",), name="import", daemon=True
        ).start()

    async def _follow(self) -> None:
        async for state in self._watcher.follow():
            for screen in self.screen_stack:
                if isinstance(screen, KmonScreen):
                    screen.show(state)
            self._tell_deploy(state)
            self._tell_forwards(state)
            if self._bell and state.fleet.synced:
                self._ring = self._ring or self._make_ring()
                self._ring()
            if self._open_name is not None and state.fleet.synced and self.screen is self.fleet:
                self._open_named(self._open_name)

    def _make_ring(self) -> Callable[[], None]:
        from kmon_tui.ui.alarm import Ringer  # late: nothing rings before the first paint

        return Ringer(self, lambda: self._watcher.state, self._surroundings.now).look

    @property
    def fleet(self) -> FleetScreen:
        """The screen below all others."""
        screen = self.screen_stack[0]
        assert isinstance(screen, FleetScreen)
        return screen

    @property
    def newest(self) -> State:
        """The newest State."""
        return self._watcher.state

    @property
    def drawing(self) -> Drawing:
        """The clock and the signs of the screens."""
        return self.fleet.drawing

    def wish(self, command: Command) -> None:
        """Send a wish to the monitor."""
        self._watcher.send(command)

    def open_screen(self, screen: KmonScreen) -> None:
        """Put a screen on top and give it the newest State."""
        screen.show(self._watcher.state)
        self.push_screen(screen)

    def on_ask(self, message: Ask) -> None:
        """Send a wish to the monitor."""
        self._watcher.send(message.command)

    async def action_quit(self) -> None:
        """Quit; ask first when that would cut connections."""
        busy = [one for one in self._watcher.state.forwards if one.connections]
        if not busy:
            self.exit()
            return
        from kmon_tui.render.forwards import quit_lines
        from kmon_tui.ui.confirm import Confirm

        self.push_screen(Confirm("quit", quit_lines(busy)), self._quit_if)

    def _quit_if(self, yes: bool | None) -> None:
        if yes:
            self.exit()

    def _tell_deploy(self, state: State) -> None:
        """Say how a deploy ended when nobody looks at it."""
        deploy = deploy_in(state)
        if deploy is None:
            return
        if deploy.done is None:
            self._running_deploy = deploy.id
        elif deploy.id == self._running_deploy:
            self._running_deploy = None
            if self.screen.id != "deploy":
                severity: Literal["information", "error"] = "information" if deploy.done else "error"
                self.notify(deploy.text, title="deploy", severity=severity, markup=False, timeout=15)

    def _tell_forwards(self, state: State) -> None:
        """Say what is wrong with the file of the forwards, once: else it is seen only on their screen."""
        if state.forwards_note != self._told_note:
            self._told_note = state.forwards_note
            if self._told_note:
                self.notify(self._told_note, title="forwards", severity="warning", markup=False, timeout=15)

    async def on_event(self, event: events.Event) -> None:
        """See every key first: it says that somebody is there, and a second ctrl+c quits whatever has the focus."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._see_key(event.key)
            if not self._burst.holds(event):
                await self._press(event)
            return
        await super().on_event(event)

    async def _press(self, key: events.Key) -> None:
        if not self._burst.holds(key):
            focused = self.focused
            await super().on_event(key)
            self._burst.pressed(key, focused)

    def _see_key(self, key: str) -> None:
        self._sweeper.see_key()
        now = self._surroundings.now()
        if self._told_awake is None or now - self._told_awake >= TELL_AWAKE_EVERY:
            self._told_awake = now
            self._watcher.send(Awake())
        if key == "ctrl+c":
            if self._interrupted is not None and now - self._interrupted <= SECOND_CTRL_C:
                self.exit()
            self._interrupted = now

    def action_command_palette(self) -> None:
        """Open Textual's palette, made safe for keys that are faster than its list."""
        from kmon_tui.ui.command_list import KmonPalette

        if not isinstance(self.screen, KmonPalette):
            self.push_screen(KmonPalette(id="--command-palette"))

    def action_help_quit(self) -> None:
        """Say that a second ctrl+c quits."""
        self.notify("ctrl+c again quits", timeout=2)

    def _open_named(self, name: str) -> None:
        """Open the service that was named at the start, as soon as it is there, unless somebody looks at others."""
        if self._awaiting and not self.fleet.view.awaited:
            self._open_name = None
            return
        self._awaiting = True
        if (key := self.fleet.select_service(name)) is not None:
            self._open_name = None
            self.open_service(key)
