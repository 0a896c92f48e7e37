"""What is known of one service at a moment: its row, its tree, its diagnosis; and the words for what is not known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import RevisionTraffic
from kmon_tui.domain.tree import ObjectTree, Why
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.render.page import Draft, Page
from kmon_tui.render.rows import Row, row_of
from kmon_tui.render.summary import api_health


@dataclass(frozen=True, slots=True)
class Inside:
    """One service, from the list and from below."""

    key: Key
    row: Row | None = None
    """None: it is not in the list (any more)."""
    tree: ObjectTree | None = None
    diagnosis: Diagnosis | None = None
    health: Health = Health()
    """Of the way to what is below the service."""
    alike: tuple[Key, ...] = ()
    """Other services that the same fault hits."""
    listed: bool = False
    """Whether the list is complete, so that a service that is not in it is not there."""
    scope: str = ""
    """The namespace that the list is of, when that is another one; empty: the service would be in it."""

    revisions: Mapping[str, RevisionTraffic] = field(default_factory=dict)
    """What each revision gets, as far as its pods are counted."""

    @property
    def isvc(self) -> InferenceService | None:
        """The service as the list knows it."""
        return self.row.isvc if self.row is not None else None

    @property
    def gone(self) -> bool:
        """Whether it was deleted."""
        return self.listed and self.row is None

    @property
    def failing(self) -> bool:
        """Whether what is below it cannot be read now."""
        return self.health.status is Status.FAILING


def inside_of(state: State, key: Key) -> Inside:
    """Gather what the State knows of one service."""
    services = state.fleet.services
    place = bisect_left(services, key, key=lambda one: one.key)
    isvc = services[place] if place < len(services) and services[place].key == key else None
    report = state.traffic
    traffic = report.traffic.get(key) if report is not None else None
    alerts = report.alerts.get(key, ()) if report is not None else ()
    opened = state.opened if state.opened is not None and state.opened.key == key else None
    api = api_health(state)
    own = opened.health if opened is not None else Health()
    diagnosis = (opened.diagnosis if opened is not None else None) or state.reasons.get(key)
    return Inside(
        key,
        row_of(isvc, traffic, alerts, diagnosis) if isvc is not None else None,
        opened.tree if opened is not None else None,
        diagnosis,
        api if api.status is Status.FAILING else own,
        _alike(state, key, diagnosis),
        state.fleet.synced and state.fleet.namespace in {None, key.namespace},
        "" if state.fleet.namespace in {None, key.namespace} else state.fleet.namespace or "",
        {} if report is None or key not in report.buckets else report.buckets[key].revisions,
    )


def _alike(state: State, key: Key, diagnosis: Diagnosis | None) -> tuple[Key, ...]:
    if diagnosis is None or not diagnosis.shared:
        return ()
    same = (diagnosis.cause, diagnosis.shared)
    return tuple(one for one, other in state.reasons.items() if one != key and (other.cause, other.shared) == same)


def unread(inside: Inside, *kinds: str) -> str:
    """Say why these kinds could not be read; empty when they could."""
    blind = inside.tree.blind if inside.tree is not None else ()
    found = [one for one in blind if one.kind in kinds]
    bad = [one for one in found if one.why is not Why.ABSENT]
    return "; ".join(one.text or f"{one.kind}: {one.why}" for one in bad)


def add_unread(draft: Draft, inside: Inside, *kinds: str) -> bool:
    """Say at the head of a page what of it could not be read, and what to do about it."""
    why = unread(inside, *kinds)
    if why:
        draft.say(why, "warn")
        forbidden = any(one.why is Why.FORBIDDEN for one in (inside.tree.blind if inside.tree else ()))
        rights = "The ClusterRole in manifests/rbac.yaml has the rights to watch with; "
        draft.say(f"{rights if forbidden else ''}ctrl+r tries again.", "dim")
    return bool(why)


def no_pods(inside: Inside) -> str:
    """Say why a service has no pods when that is as it should be; empty otherwise."""
    readiness = inside.isvc.readiness if inside.isvc is not None else Readiness.UNKNOWN
    if readiness is Readiness.COLD:
        return "No pods: it is scaled to zero, and the next request wakes it. i sends one."
    if readiness is Readiness.STOPPED:
        return "No pods: it was stopped (annotation serving.kserve.io/stop)."
    return ""


def waiting_page(inside: Inside, what: str, width: int) -> Page | None:
    """Give the page that stands in place of one whose objects are not there yet; None when they are."""
    if inside.tree is not None:
        return None
    draft = Draft(width)
    draft.gap()
    if inside.failing:
        draft.say(f"{what}: not known, for the API cannot be read now.", "failed")
        draft.say(inside.health.error, "failed")
        draft.say(inside.health.hint)
        draft.say("It is tried again by itself; ctrl+r tries now, :ctx goes to another cluster.", "dim")
    elif inside.gone:
        draft.say(f"{inside.key} is not there (any more), and nothing of it was read before.", "failed")
        draft.say("q goes back to the list.", "dim")
    else:
        draft.say(f"{what}: being read ...", "dim")
    return draft.page
