"""The part of the app that serves Metrics views: opens one alone, shows its PromQL, writes its files."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.quiet_app import QuietApp

if TYPE_CHECKING:  # no first paint waits for charts
    from kmon_tui.ui.metrics_view import MetricsView


class MetricsApp(QuietApp):
    """An app whose screens may hold a Metrics view."""

    _surroundings: Surroundings

    @property
    @abstractmethod
    def newest(self) -> State:
        """The newest State."""

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
