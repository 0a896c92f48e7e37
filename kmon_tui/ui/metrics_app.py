"""The part of the app that is about numbers: which Prometheus and family they are of, and the Metrics views."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from kmon_tui.domain.command import ChoosePrometheus, Command
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.render.drawing import Drawing
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.quiet_app import QuietApp

if TYPE_CHECKING:  # no first paint waits for charts
    from kmon_tui.ui.metrics_view import MetricsView


class MetricsApp(QuietApp):
    """An app that shows numbers and lets a person choose where they come from."""

    _surroundings: Surroundings

    @property
    @abstractmethod
    def newest(self) -> State:
        """The newest State."""

    @property
    @abstractmethod
    def drawing(self) -> Drawing:
        """The clock and the signs of the screens."""

    @abstractmethod
    def wish(self, command: Command) -> None:
        """Send a wish to the monitor."""

    @abstractmethod
    def open_screen(self, screen: KmonScreen) -> None:
        """Put a screen on top and give it the newest State."""

    def open_metrics(self, key: Key) -> None:
        """Show the Metrics view of one service alone."""
        from kmon_tui.ui.metrics_screen import MetricsScreen

        self.open_screen(MetricsScreen(self._surroundings, key))

    def on_metrics_view_queries(self, event: MetricsView.Queries) -> None:
        """Show the PromQL behind the panels."""
        from kmon_tui.ui.queries_screen import QueriesScreen

        self.push_screen(QueriesScreen(event.buckets.queries if event.buckets is not None else {}))

    def on_metrics_view_export(self, event: MetricsView.Export) -> None:
        """Write what a Metrics view shows into a file."""
        from kmon_tui.ui.exporting import export

        export(self, event.view, self.newest, self._surroundings.now())

    def _prometheus(self, argument: str) -> None:
        """Show which Prometheus is asked, or ask another one."""
        from kmon_tui.render.pages import prometheus_lines
        from kmon_tui.ui.prometheus_screen import PrometheusScreen, wish_of

        if not argument:
            self.push_screen(PrometheusScreen(lambda: prometheus_lines(self.newest, self.drawing)))
            return
        self.wish(wish_of(argument))
        made = next(iter(self.newest.activity[-1:]), None)
        if made is None or not isinstance(made.command, ChoosePrometheus):
            return
        if made.done is False:
            self.notify(f"{made.text}. {made.hint}", severity="error", markup=False)
        elif made.done:
            self.notify(made.text, severity="warning" if "not remembered" in made.text else "information", markup=False)

    def _scrape_pods(self, argument: str) -> None:
        """Read pods directly where Prometheus has nothing, or stop that."""
        from kmon_tui.ui.commands import CommandError
        from kmon_tui.ui.family import scrape_wish

        try:
            wish = scrape_wish(argument)
        except CommandError as error:
            self.notify(error.message, severity="error", markup=False)
            return
        self.wish(wish)
        words = "the pods of the selected service are read every 30 s" if wish.on else "no pod is read any more"
        self.notify(f"{words}, where Prometheus has nothing" if wish.on else words, markup=False)

    def _choose_family(self, name: str) -> None:
        """Take the numbers from another family of metrics."""
        from kmon_tui.ui.commands import CommandError
        from kmon_tui.ui.family import family_chooser, family_wish

        if not name:

            def chosen(text: str | None) -> None:
                if text is not None:
                    self._choose_family(text)

            self.push_screen(family_chooser(self.newest), chosen)
            return
        try:
            self.wish(family_wish(name))
        except CommandError as error:
            self.notify(f"{error.message}. {error.hint}", severity="error", markup=False)

    def action_choose_prometheus(self) -> None:
        """Choose another Prometheus, or only some series of this one."""
        from kmon_tui.ui.prometheus_screen import TYPE, PrometheusScreen, chooser

        def chosen(text: str | None) -> None:
            if text is None:
                return
            if isinstance(self.screen, PrometheusScreen):
                self.pop_screen()
            if text != TYPE:
                self._prometheus(text)
            elif isinstance(self.screen, KmonScreen):
                self.screen.ask_command("prom ")

        self.push_screen(chooser(self.newest), chosen)
