"""What every screen of kmon-tui has in common: it shows States, knows the clock and the signs of this terminal."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input

from kmon_tui.domain.doings import Doing
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import ASCII, UNICODE, Glyphs
from kmon_tui.render.summary import api_health
from kmon_tui.ui.cropping import CroppingCompositor
from kmon_tui.ui.family import families
from kmon_tui.ui.key_bar import KeyBar

DOINGS = {"app.predict": Doing.FORWARD, "app.new_forward": Doing.FORWARD, "app.deploy": Doing.DEPLOY}
"""Actions that need a right of their own."""


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What does not change while the program runs."""

    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None
    ascii: bool = False
    shaded: bool = False
    read_only: bool = False

    @property
    def glyphs(self) -> Glyphs:
        """The signs that this terminal can show."""
        return ASCII if self.ascii else UNICODE


class KmonScreen(Screen[None]):
    """A screen that draws the newest State; ``show`` may be called before it is mounted and at any time after."""

    LOOKS_INSIDE: ClassVar[bool] = False
    """Whether it shows what lies below the service that it looks at."""
    AUTO_FOCUS = ""  # else Textual gives the focus to a hidden row to type in
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "app.doctor", "doctor", show=False, id="app.doctor"),
        # With priority, so that the row is open before the next key of a burst finds the list.
        Binding("P", "app.choose_prometheus", "another Prometheus", show=False, id="app.prometheus"),
        Binding("colon", "command_line", "cmd", key_display=":", id="app.command", priority=True),
    ]

    def __init__(self, surroundings: Surroundings, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor = CroppingCompositor()
        self.surroundings = surroundings
        self.state = State()
        self.drawing = Drawing(now=_step(surroundings.now(), 60), glyphs=surroundings.glyphs, zone=surroundings.zone)
        self._report_came = surroundings.now()

    def looked_into(self) -> Key | None:
        """Give the service whose inside the uppermost screen shows that shows any."""
        others = [one for one in self.app.screen_stack if isinstance(one, KmonScreen) and one.LOOKS_INSIDE]
        return others[-1].looked_at if others else None

    def show(self, state: State) -> None:
        """Draw this State."""
        if state.traffic is not self.state.traffic:
            self._report_came = self.surroundings.now()
        lacks, self.state = self.state.lacks, state
        self._see_time()
        if not self._stands:
            return
        if lacks is not state.lacks:
            self.refresh_bindings()
        self.draw()

    @property
    def _stands(self) -> bool:
        """Whether there is something to draw on: not before it is mounted, and not while the program ends."""
        return self.is_mounted and self.app.is_running

    def draw(self) -> None:
        """Bring everything on the screen up to date with ``state`` and ``drawing``."""

    def tick(self) -> None:
        """Draw anew if the passing of time alone changes what is to be seen."""
        before = self.drawing
        self._see_time()
        if self.drawing is not before and self._stands:
            self.draw()

    def on_mount(self) -> None:
        """Draw what is known, and look at the clock each second."""
        self.draw()
        self.set_interval(1.0, self.tick)

    async def action_command_line(self) -> None:
        """Type a command; in a row to type in, the key is a character."""
        if isinstance(self.focused, Input):
            raise SkipAction
        self.ask_command()

    def ask_command(self, begun: str = "") -> None:
        """Open the command line, with a command that is begun."""
        from kmon_tui.render.pages import choices
        from kmon_tui.ui.command_row import CommandRow

        namespaces = sorted({isvc.key.namespace for isvc in self.state.fleet.services})
        arguments = {
            "ctx": self.state.place.contexts,
            "ns": ["all", *namespaces],
            "theme": sorted(BUILTIN_THEMES),
            "family": families(self.state),
            "scrape": ["on", "off"],
            "prom": [choice.text for choice in choices(self.state)],
        }
        self.query_one(CommandRow).ask(arguments, begun)

    def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """Do what the clicked key does."""
        self.app.simulate_key(event.key)

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be written here."""
        return self.surroundings.read_only or bool(self.state.place.read_only)

    def lacks(self, action: str) -> str:
        """Give the right that is missing for what a key does; empty when there is none, or nobody knows."""
        doing = DOINGS.get(action)
        key = self.looked_at
        namespace = key.namespace if key is not None else self.state.fleet.namespace
        if doing is None or namespace is None:
            return ""
        return self.state.lacks.get(namespace, {}).get(doing, "")

    @property
    def looked_at(self) -> Key | None:
        """The service that keys mean here; None: the one that is selected in the fleet."""
        return None

    def is_idle(self, action: str) -> bool:
        """Tell whether there is nothing here that an action could be about."""
        return False

    def service(self, key: Key) -> InferenceService | None:
        """Find a service in the State, whose services are sorted by key."""
        services = self.state.fleet.services
        index = bisect_left(services, key, key=lambda isvc: isvc.key)
        return services[index] if index < len(services) and services[index].key == key else None

    def _see_time(self) -> None:
        """Make a new Drawing when something in it has changed; it is the same object while nothing has."""
        now = self.surroundings.now()
        report = self.state.traffic
        waited_s = max(0.0, (now - self._report_came).total_seconds())
        failing = self.state.health.get(PROMETHEUS, Health()).status is Status.FAILING
        fresh = report is None or (not failing and waited_s <= 2 * report.prometheus.poll_s)
        api_failing = api_health(self.state).status is Status.FAILING
        drawing = replace(
            self.drawing,
            now=_step(now, 10 if api_failing else 60),
            api_failing=api_failing,
            shaded=self.surroundings.shaded,
            prometheus_failing=failing,
            report=report,
            report_age_s=0.0 if fresh else waited_s // 10 * 10,
        )
        if drawing != self.drawing:
            self.drawing = drawing


def _step(now: datetime, seconds: int) -> datetime:
    """Round down, so that ages change together and seldom: an idle screen writes nothing."""
    return now - timedelta(seconds=now.timestamp() % seconds)
