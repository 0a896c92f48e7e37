"""What the conditions of one object say together: is it ready, stopped, failed, and which of them tells most."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kmon_tui.domain.service import Condition

FAILING_REASONS = frozenset({"RevisionMissing", "ProgressDeadlineExceeded"})
"""Reasons of a condition that is False; Unknown with RevisionMissing is a first revision that is on its way."""

_TELLING = (
    "PredictorReady",
    "WorkloadsReady",
    "MainWorkloadReady",
    "WorkerWorkloadReady",
    "PrefillWorkloadReady",
    "PrefillWorkerWorkloadReady",
    "TransformerReady",
    "ExplainerReady",
    "CanaryPredictorReady",
    "PresetsCombined",
    "SchedulerWorkloadReady",
    "InferencePoolReady",
    "HTTPRoutesReady",
    "GatewaysReady",
    "ScalingReady",
    "PrefillScalingReady",
    "RouterReady",
    "IngressReady",
)
"""Conditions that tell why something is not ready, the most telling first."""

_BESIDE = frozenset({"TransformerReady", "ExplainerReady"})
_RANK = {type_: rank for rank, type_ in enumerate(_TELLING)}

_ROLLOUT = frozenset({"PredictorReady", "PredictorConfigurationReady", "LatestDeploymentReady", "MainWorkloadReady"})
"""Conditions that move when a new revision is rolled out."""

_HEARD = _ROLLOUT | {"Ready", "GroupDegraded"}
"""Conditions that say something by being True."""


class Told(NamedTuple):
    """What was heard."""

    roll_up: Condition | None = None
    """The condition Ready."""
    stopped: bool = False
    failed: bool = False
    ailing: Condition | None = None
    """A transformer or explainer that failed; Ready does not hear of it."""
    rolled_out: datetime | None = None
    """When a condition of the rollout last moved."""


class Heard(NamedTuple):
    """What was heard, by the place of each condition: it holds for all objects that differ in times alone."""

    roll_up: int | None = None
    stopped: bool = False
    failed: bool = False
    ailing: int | None = None
    moving: tuple[int, ...] = ()
    """Conditions of the rollout that tell when they last moved."""


class Hearing(Sequence[Condition]):
    """Conditions that know themselves what they say together, and which others say the same at other times."""

    __slots__ = ()

    @property
    @abstractmethod
    def verdicts(self) -> dict[object, Any]:
        """What was concluded of all that differ from these in times alone, by what else it depends on."""

    @abstractmethod
    def times(self, at: int | None) -> tuple[datetime | None, datetime | None]:
        """Tell when one of them last changed, if one is named, and when the rollout last moved."""

    @abstractmethod
    def told(self) -> Told:
        """Tell what ``listen()`` hears of them."""


def listen(conditions: Sequence[Condition]) -> Told:
    """Hear them all in one go."""
    if not isinstance(conditions, tuple):  # asked first: ABCs take ten times as long to answer
        return conditions.told() if isinstance(conditions, Hearing) else listen(tuple(conditions))
    heard = hear(conditions)
    # By place, as all that is made ten thousand times at the start: by name it takes three times as long.
    return tuple.__new__(
        Told,
        (
            None if heard.roll_up is None else conditions[heard.roll_up],
            heard.stopped,
            heard.failed,
            None if heard.ailing is None else conditions[heard.ailing],
            max([since for at in heard.moving if (since := conditions[at].since)], default=None),
        ),
    )


def times(conditions: tuple[Condition, ...] | Hearing, at: int | None) -> tuple[datetime | None, datetime | None]:
    """Tell when one of them last changed, if one is named, and when the rollout last moved."""
    if isinstance(conditions, tuple):
        return (None if at is None else conditions[at].since), listen(conditions).rolled_out
    return conditions.times(at)


def hear(conditions: Sequence[Condition]) -> Heard:
    """Find those that say something."""
    roll_up: int | None = None
    ailing: int | None = None
    told_stopped: bool | None = None
    stopped = failed = False
    moving: list[int] = []
    for at, condition in enumerate(conditions):
        type_ = condition.type
        if type_ == "Stopped":
            # A graph that goes on again says both, the newest last (KServe 0.20: inferencegraph/controller.go).
            told_stopped = condition.status == "True"
        elif condition.status == "True":
            if type_ not in _HEARD:
                continue
            failed = failed or type_ == "GroupDegraded"
        elif type_ in _RANK and condition.status == "False":
            # PresetsCombined is to an LLMInferenceService what InvalidSpec is to an InferenceService.
            failed = failed or type_ == "PresetsCombined" or condition.reason in FAILING_REASONS
            ailing = at if type_ in _BESIDE else ailing
        if type_ == "Ready":
            roll_up = at
            stopped = stopped or (condition.status == "False" and condition.reason == "Stopped")
        elif type_ in _ROLLOUT and condition.since is not None:
            moving.append(at)
    # Without a condition of its own, as of an LLMInferenceService, Ready says it.
    return Heard(roll_up, stopped if told_stopped is None else told_stopped, failed, ailing, tuple(moving))


def find(conditions: Sequence[Condition], type: str) -> Condition | None:
    """Give the condition of this type."""
    for condition in conditions:
        if condition.type == type:
            return condition
    return None


def most_telling(conditions: Sequence[Condition]) -> Condition | None:
    """Find the one that tells why the object is not ready: False comes before Unknown; None when all say nothing."""
    best: Condition | None = None
    best_rank = (2, 0, 0)
    for condition in conditions:
        if condition.status == "True" or condition.type not in _RANK:
            continue
        idle = _says_nothing(condition)
        rank = (int(idle), int(condition.status != "False"), _RANK[condition.type])
        if rank < best_rank:
            best, best_rank = condition, rank
    return best if best is not None and best_rank[0] == 0 else None


def telling_at_all(conditions: Sequence[Condition]) -> Condition | None:
    """Find one that says something, whatever its type: Ready itself last, for it mostly repeats another."""
    telling = [c for c in conditions if c.status != "True" and c.severity != "Info" and not _says_nothing(c)]
    return min(telling, key=lambda c: (c.type == "Ready", c.status != "False"), default=None)


def _says_nothing(condition: Condition) -> bool:
    """Whether it only repeats that something else is not ready, as "Predictor ingress not created" does."""
    if condition.message:
        return False
    return not condition.reason or condition.reason.endswith(("ingress not created", " not ready"))
