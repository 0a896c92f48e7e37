"""The part of the app that opens screens: none of them is imported before somebody wants it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from kmon_tui.domain.service import Key
from kmon_tui.render.lines import Line
from kmon_tui.ui.base import KmonScreen
from kmon_tui.ui.fleet_screen import FleetScreen
from kmon_tui.ui.messages import OpenLogs, OpenTab
from kmon_tui.ui.metrics_app import MetricsApp
from kmon_tui.ui.service_table import ServiceTable


class OpeningApp(MetricsApp):
    """An app above whose fleet other screens are opened, for the service that is looked at."""

    @property
    @abstractmethod
    def fleet(self) -> FleetScreen:
        """The screen below all others."""

    def on_service_table_opened(self, event: ServiceTable.Opened) -> None:
        """Show one service alone."""
        self.open_service(event.key)

    def on_open_tab(self, message: OpenTab) -> None:
        """Show a service by one of its tabs, in place of its logs."""
        self.open_service(message.key, message.tab)

    def on_open_logs(self, message: OpenLogs) -> None:
        """Show the logs of a service, or of some of its pods."""
        self.open_logs(message.key, message.pods, previous=message.previous)

    def action_service(self, tab: str) -> None:
        """Show the service that is looked at, by one of its tabs."""
        if (key := self._meant) is not None:
            self.open_service(key, tab)

    def action_metrics(self) -> None:
        """Show the Metrics view of the service that is looked at."""
        if (key := self._meant) is not None:
            self.open_metrics(key)

    def action_logs(self, previous: bool) -> None:
        """Show the logs of the service that is looked at; ``previous``: of before the last restart."""
        if (key := self._meant) is not None:
            self.open_logs(key, previous=previous)

    def open_service(self, key: Key, tab: str = "Why") -> None:
        """Show one service by one of its tabs; it is open only once."""
        # Only now: the first paint needs none of it.
        from kmon_tui.ui.service_screen import ServiceScreen
        from kmon_tui.ui.tab_bar import Tab

        below = next((one for one in self.screen_stack if isinstance(one, ServiceScreen) and one.key == key), None)
        if below is None:
            self.open_screen(ServiceScreen(self._surroundings, key, Tab(tab)))
            return
        while self.screen is not below:
            self.pop_screen()
        below.action_show_tab(tab)

    def open_logs(self, key: Key, pods: tuple[str, ...] = (), *, previous: bool = False) -> None:
        """Show the logs of a service, or of some of its pods."""
        from kmon_tui.ui.log_screen import LogScreen

        self.open_screen(LogScreen(self._surroundings, key, pods, previous=previous))

    def choose(
        self,
        chosen: Callable[[str | None], None],
        title: str,
        choices: list[tuple[str, str]],
        now: str = "",
        empty: str = "",
    ) -> None:
        """Let somebody choose; ``chosen`` gets the id, or None when nothing is chosen."""
        from kmon_tui.ui.chooser import Chooser

        self.push_screen(Chooser(title, choices, now, empty), chosen)

    def show_text(self, title: str, lines: tuple[Line, ...]) -> None:
        """Show a page of words."""
        from kmon_tui.ui.text_screen import TextScreen

        self.push_screen(TextScreen(title, lines))

    def lacks(self, action: str) -> str:
        """Give the right that is missing for an action, where somebody looks."""
        return self.screen.lacks(action) if isinstance(self.screen, KmonScreen) else ""

    def _warn(self, action: str) -> None:
        """Say which right a dim key lacks. It goes on: the manifest may be for another place, the URL another way."""
        if right := self.lacks(action):
            self.notify(f"may not {right}", title="a right is missing", severity="warning", markup=False)

    @property
    def _looked_at(self) -> Key | None:
        screen = self.screen
        return (screen.looked_at if isinstance(screen, KmonScreen) else None) or self.fleet.selected

    @property
    def _meant(self) -> Key | None:
        """The service that a key means; says so when there is none."""
        key = self._looked_at
        if key is None:
            self.notify("no service is selected", severity="warning")
        return key

    def action_predict(self) -> None:
        """Talk to the model of the service that is looked at."""
        if (key := self._meant) is None:
            return
        self._warn("app.predict")
        # Only now: an editor for text takes its time to be imported.
        from kmon_tui.ui.predict_screen import PredictScreen

        self.open_screen(PredictScreen(self._surroundings, key))

    def action_forwards(self) -> None:
        """Show the forwards."""
        from kmon_tui.ui.forwards_screen import ForwardsScreen

        self.open_screen(ForwardsScreen(self._surroundings))

    def action_new_forward(self) -> None:
        """Make a forward to the service that is looked at."""
        from kmon_tui.domain.forward import target_of
        from kmon_tui.ui.forwards_screen import ForwardsScreen

        self._warn("app.new_forward")
        key = self._looked_at
        self.open_screen(ForwardsScreen(self._surroundings, f"{target_of(key)} " if key is not None else " "))

    def action_deploy(self) -> None:
        """Deploy manifests, or look at the deploy that runs."""
        from kmon_tui.ui.deploy_screen import DeployScreen

        self._warn("app.deploy")
        self.open_screen(DeployScreen(self._surroundings))

    def action_doctor(self) -> None:
        """Ask the doctor about the service that is looked at, or about all."""
        self.open_doctor("")

    def open_doctor(self, name: str) -> None:
        """Open the doctor for the service of this name; without a name for the one that is looked at."""
        from kmon_tui.domain.names import wanted
        from kmon_tui.ui.doctor_screen import DoctorScreen

        key = self._looked_at
        if name:
            meant = wanted(name)
            key = next((one for one in self.fleet.rows.rows if meant.fits(one)), None)
            if key is None and name != "all":
                self.notify(f"no service {name}", severity="error", markup=False)
                return
        self.open_screen(DoctorScreen(self._surroundings, key))
