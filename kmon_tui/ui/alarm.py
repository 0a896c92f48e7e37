"""Which services have just failed, so that the bell may ring: never at the start, never twice for one failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from textual.app import App
from textual.timer import Timer

from kmon_tui.domain.replaced import replaced
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.state import State
from kmon_tui.render.cells import clean
from kmon_tui.render.rows import row_of

GRACE = timedelta(seconds=5)
"""What fails so soon after a place was first seen had failed before: its pods are listed after it."""
WAIT_FOR_VERDICT = timedelta(seconds=2)
QUIET = timedelta(seconds=5)
"""At most one ring in this time."""
FINE = frozenset({Readiness.READY, Readiness.COLD, Readiness.STOPPED})
NAMED = 3
LONGEST = 200


class Alarm:
    """Sees every State; a service that crashes again and again has failed once until it was well in between."""

    def __init__(self) -> None:
        self._place: tuple[str, str | None] | None = None
        self._since: datetime | None = None
        self._services: tuple[InferenceService, ...] = ()
        self._told: set[Key] = set()
        self._waiting: dict[Key, datetime] = {}
        self._rang: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether something is to be told soon."""
        return bool(self._waiting)

    def see(self, state: State, now: datetime) -> str:
        """Take over a State; give what is to be said now, or nothing."""
        if not state.fleet.synced:
            return ""
        place = (state.place.context, state.fleet.namespace)
        if place != self._place:
            self._place, self._since = place, now
            self._services, self._told, self._waiting = (), set(), {}
        self._look(state.fleet.services, now)
        return self._due(state, now)

    def _look(self, services: tuple[InferenceService, ...], now: datetime) -> None:
        """Find those that failed; only what changed is looked at."""
        pairs = replaced(self._services, services)
        changed = list(services) if pairs is None else [new for _, new in pairs]
        if pairs is None:
            self._forget_gone({isvc.key for isvc in services})
        self._services = services
        early = self._since is not None and now - self._since < GRACE
        for isvc in changed:
            if isvc.readiness in FINE:
                self._told.discard(isvc.key)
                self._waiting.pop(isvc.key, None)
            elif isvc.readiness is Readiness.FAILED and isvc.key not in self._told:
                self._told.add(isvc.key)
                if not early:
                    self._waiting[isvc.key] = now
            elif isvc.readiness is not Readiness.FAILED and self._waiting.pop(isvc.key, None) is not None:
                self._told.discard(isvc.key)  # it failed for a moment, as in a rollout

    def _forget_gone(self, there: set[Key]) -> None:
        self._told &= there
        self._waiting = {key: since for key, since in self._waiting.items() if key in there}

    def _due(self, state: State, now: datetime) -> str:
        if not self._waiting or (self._rang is not None and now - self._rang < QUIET):
            return ""
        oldest = min(self._waiting.values())
        if now - oldest < WAIT_FOR_VERDICT and not self._waiting.keys() <= state.reasons.keys():
            return ""
        keys, self._waiting, self._rang = list(self._waiting), {}, now
        return words(state, keys)


class Ringer:
    """Rings the terminal's bell, and says what failed."""

    def __init__(self, app: App[None], newest: Callable[[], State], now: Callable[[], datetime]) -> None:
        self._app, self._newest, self._now = app, newest, now
        self._alarm = Alarm()
        self._timer: Timer | None = None

    def look(self) -> None:
        """See the newest State; what waits for its verdict is looked at once more a little later."""
        said = self._alarm.see(self._newest(), self._now())
        if said:
            self._app.bell()
            self._app.notify(said, title="failed", severity="error", markup=False, timeout=15)
        if self._alarm.waits and self._timer is None:
            self._timer = self._app.set_timer(1.0, self._again)

    def _again(self) -> None:
        self._timer = None
        self.look()


def words(state: State, keys: list[Key]) -> str:
    """Say what failed, and why as far as it is known."""
    verdicts = list(dict.fromkeys(_verdict(state, key) for key in keys))
    names = ", ".join(clean(str(key)) for key in keys[:NAMED])
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    why = f": {verdicts[0]}" if len(verdicts) == 1 and verdicts[0] else ""
    return f"{names}{more} failed{why}"


def _verdict(state: State, key: Key) -> str:
    if (diagnosis := state.reasons.get(key)) is not None:
        return clean(diagnosis.verdict)[:LONGEST]
    isvc = next((one for one in state.fleet.services if one.key == key), None)
    return clean(row_of(isvc, None).reason)[:LONGEST] if isvc is not None else ""
