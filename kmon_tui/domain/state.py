"""All current values together: everything that a screen can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from kmon_tui.domain.command import Command
from kmon_tui.domain.doings import Lacks
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import TrafficReport

if TYPE_CHECKING:
    from kmon_tui.domain.doctor.finding import Finding
    from kmon_tui.domain.forward import Forward
    from kmon_tui.domain.logs import LogView
    from kmon_tui.domain.tree import ObjectTree
    from kmon_tui.domain.verdict import Diagnosis

KUBERNETES = "kubernetes"
PROMETHEUS = "prometheus"


@dataclass(frozen=True, slots=True)
class Activity:
    """One command and what became of it."""

    id: int
    command: Command
    started: datetime
    done: bool | None = None
    """None while it runs, then whether it worked."""
    text: str = ""
    """How far it is, or how it ended, in one sentence."""
    hint: str = ""
    """What to do about a failure."""
    value: object = None
    """What came of it so far: a Prediction, a Plan, a Rollout…; None while there is nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """The service whose inside is watched while a screen shows it."""

    key: Key
    tree: ObjectTree | None = None
    """None until something of it was read; stays when the API goes away, with the reason in ``health``."""
    diagnosis: Diagnosis | None = None
    health: Health = Health()


@dataclass(frozen=True, slots=True)
class State:
    """The newest value of every source."""

    place: Place = Place()
    fleet: Fleet = Fleet()
    traffic: TrafficReport | None = None
    """None until the first tick; stays, with its age, when Prometheus goes away."""
    health: Mapping[str, Health] = field(default_factory=dict)
    """By source: KUBERNETES, PROMETHEUS. No entry for PROMETHEUS: none is configured."""
    activity: tuple[Activity, ...] = ()
    causes: Mapping[Key, Finding] = field(default_factory=dict)
    """By service without numbers: the first failing check of the doctor."""
    forwards: tuple[Forward, ...] = ()
    """Those of the present context, saved or not, then those that run in other contexts."""
    forwards_note: str = ""
    """What is wrong with forwards.yaml."""
    lacks: Lacks = field(default_factory=dict)
    """What may not be done, by namespace."""
    opened: Opened | None = None
    """None while no screen shows the inside of a service."""
    logs: LogView | None = None
    """None while no screen shows logs."""
    reasons: Mapping[Key, Diagnosis] = field(default_factory=dict)
    """Of services in trouble only, and not of all of them at once: a row without one shows its own reason."""

    @property
    def namespace(self) -> str | None:
        """The one that is watched, or will be; None: all of them, or ``namespace_known`` is False."""
        return self.fleet.namespace if self.fleet.synced else self.place.namespace

    @property
    def namespace_known(self) -> bool:
        """False until the context that may name one is read."""
        return self.fleet.synced or self.place.namespace_known

    def with_health(self, source: str, health: Health) -> State:
        """Give the State in which one source has this health."""
        return replace(self, health={**self.health, source: health})

    def with_activity(self, activity: Activity) -> State:
        """Give the State with this activity added, or put in place of the one with its id; the last 50 are kept."""
        known = [activity if a.id == activity.id else a for a in self.activity]
        if activity.id not in {a.id for a in self.activity}:
            known.append(activity)
        return replace(self, activity=tuple(known[-50:]))
