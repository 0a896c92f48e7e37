"""News: what the sources of one context say, put into the State with the time since when it is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kmon_tui.backend import Backend
from kmon_tui.domain.errors import BackendError, KmonError
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, Activity, State
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.monitor.store import Store


class News:
    """Takes what the sources of the context say that is open, and nothing more of one that was left."""

    def __init__(self, store: Store, now: Callable[[], datetime], is_left: Callable[[], bool]) -> None:
        self._store, self._now, self._is_left = store, now, is_left
        self.moving: Activity | None = None
        """The switch that ends once the new place is seen."""

    def arrived(self, backend: Backend) -> None:
        """A context was opened."""
        if self._is_left():
            return
        health = {KUBERNETES: self.health(Status.STARTING)}
        if backend.metrics is not None:
            health[PROMETHEUS] = self.health(Status.STARTING)
        self._store.put(replace(self._store.state, place=backend.place, health={**health, **self._still(health)}))

    def _still(self, fresh: dict[str, Health]) -> dict[str, Health]:
        """Healths that a second opening must not overwrite: a source that fails does so until it is heard again."""
        return {
            source: health
            for source, health in self._store.state.health.items()
            if source in fresh and health.status is Status.FAILING
        }

    def saw_fleet(self, fleet: Fleet) -> None:
        """The cluster tells of its services."""
        if self._is_left():
            return  # of the context that was left: it must not stand under the name of the next one
        old = self._store.state
        if old.fleet.synced and not fleet.synced:
            # A new list is under way; what was known stays on the screen until it is complete.
            fleet = replace(old.fleet, health=fleet.health)
        health = self._since(KUBERNETES, fleet.health)
        state = replace(old, fleet=fleet) if fleet is not old.fleet else old
        if health is not old.health.get(KUBERNETES):
            state = state.with_health(KUBERNETES, health)
        self._store.put(self._moved(state, fleet))

    def saw_traffic(self, report: TrafficReport) -> None:
        """Prometheus, or who stands in for it, told of a tick."""
        if self._is_left():
            return
        state = replace(self._store.state, traffic=report)
        health = self._since(PROMETHEUS, Health(Status.LIVE))
        if health is not state.health.get(PROMETHEUS):
            state = state.with_health(PROMETHEUS, health)
        self._store.put(state)

    def fails(self, source: str, error: KmonError) -> None:
        """A source cannot say anything, for this reason."""
        if self._is_left():
            return
        health = Health(Status.FAILING, error.message, error.hint, kind=type(error).__name__)
        if isinstance(error, BackendError):
            health = replace(health, choices=error.choices, asked=error.asked)
        health = self._since(source, health)
        if health is not self._store.state.health.get(source):
            self._store.put(self._store.state.with_health(source, health))

    def _moved(self, state: State, fleet: Fleet) -> State:
        """Finish the activity of a switch once the new place is seen, or cannot be."""
        if self.moving is None or (fleet.health.status is Status.STARTING and not fleet.synced):
            return state
        failing = fleet.health.status is Status.FAILING
        text = fleet.health.error if failing else f"watching {state.place.context}"
        done = replace(self.moving, done=not failing, text=text)
        self.moving = None
        return state.with_activity(done)

    def health(self, status: Status) -> Health:
        """Give a health that begins now."""
        return Health(status, since=self._now())

    def _since(self, source: str, health: Health) -> Health:
        """Give the health with the time when its status began; the very one that is known when nothing is new."""
        known = self._store.state.health.get(source)
        if known is None or known.status is not health.status:
            return replace(health, since=self._now())
        return known if (known.error, known.hint) == (health.error, health.hint) else replace(health, since=known.since)
