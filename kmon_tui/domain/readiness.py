"""Whether a model serves, in one word, and the reason that helps: from one object and its pods.

The words and their order are those of KServe's own conditions, read as an operator reads them; see ``word()``.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from kmon_tui.domain.conditions import Told, find, listen, most_telling, telling_at_all, times
from kmon_tui.domain.facts import Facts
from kmon_tui.domain.service import InferenceService, Mode, Pod, Readiness, Replicas

FAILING_TROUBLES = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "OOMKilled",
        "Unschedulable",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Troubles of a pod that do not pass by waiting a little."""

FAILING_TRANSITIONS = frozenset({"InvalidSpec", "BlockedByFailedLoad"})

# There are ten thousand rows at the start; to look up an enum's member costs a seventieth of a row, each time.
_READY, _COLD, _STOPPED = Readiness.READY, Readiness.COLD, Readiness.STOPPED
_FAILED, _ROLLING, _UNKNOWN = Readiness.FAILED, Readiness.ROLLING, Readiness.UNKNOWN
_WELL = (_READY, _COLD)
_KNATIVE, _STANDARD, _MODELMESH = Mode.KNATIVE, Mode.STANDARD, Mode.MODELMESH

MOST_VERDICTS = 1024

_new = tuple.__new__
"""Makes a NamedTuple from its fields in their order, in a third of the time that it takes by name."""


class Verdict(NamedTuple):
    """What is concluded of one object and its pods, without the times."""

    readiness: Readiness
    ready: bool | None
    reason: str
    message: str
    replicas: Replicas
    behind: int | None
    """The condition that it rests on, by its place."""


def describe(facts: Facts, pods: tuple[Pod, ...] | None) -> InferenceService:
    """Give the row of one object. ``pods`` are its own, in any order; None: pods may not be listed."""
    known = (pods if len(pods) < 2 else tuple(sorted(pods, key=_age, reverse=True))) if pods else ()
    live = tuple([pod for pod in known if is_live(pod)]) if known else ()
    serving = [pod.ready for pod in live if _serves(pod)] if live else ()
    ready_pods = None if pods is None else sum(serving) if serving else 0
    verdict = _judge_alike(facts, ready_pods, len(serving), live)
    since, moved = times(facts.conditions, verdict[5])
    if live:
        moved = _changed(facts.mode, moved, live)
    return _row(facts, verdict, since, moved, known)


def _judge_alike(facts: Facts, ready_pods: int | None, wanted: int, live: tuple[Pod, ...]) -> Verdict:
    """Conclude, unless that was done for another object that differs in nothing that counts."""
    deleted, conditions, transition, failure, mode = facts[4:9]
    alone = deleted is not None or failure is not None or (live and any(pod.trouble for pod in live))
    if alone or isinstance(conditions, tuple):
        return _judge(facts, ready_pods, wanted, live)
    case = (mode, transition, facts.least_replicas, ready_pods, wanted)
    verdicts = conditions.verdicts
    found: Verdict | None = verdicts.get(case)
    if found is None:
        if len(verdicts) >= MOST_VERDICTS:
            verdicts.clear()
        found = verdicts[case] = _judge(facts, ready_pods, wanted, live)
    return found


def _judge(facts: Facts, ready_pods: int | None, wanted: int, live: tuple[Pod, ...]) -> Verdict:
    conditions = tuple(facts.conditions)
    told = listen(conditions)
    roll_up = told.roll_up
    ready = None if roll_up is None or roll_up.status not in ("True", "False") else roll_up.status == "True"
    telling = _telling(facts.mode, live) if live else live
    readiness = word(facts, told, ready_pods, telling)
    replicas = _replicas(facts, readiness, ready_pods, wanted)
    reason, message = _why(facts, told, readiness, replicas, live if readiness in _WELL else telling)
    behind = roll_up
    if readiness not in _WELL:
        stopped = readiness is _STOPPED
        behind = (find(conditions, "Stopped") if stopped else most_telling(conditions)) or roll_up
    at = next((place for place, condition in enumerate(conditions) if condition is behind), None)
    return Verdict(readiness, ready, reason, message, replicas, at)


def _row(
    facts: Facts, verdict: Verdict, since: datetime | None, moved: datetime | None, pods: tuple[Pod, ...]
) -> InferenceService:
    # All at once: by name each field costs as much as all of them do so.
    key, uid, generation, created, _, conditions, _, _, mode, runtime, format_, protocol, url, address, *more = facts
    traffic, components, _, complaint, _ = more
    readiness, ready, reason, message, replicas, _ = verdict
    return _new(
        InferenceService,
        (
            key,
            uid,
            generation,
            readiness,
            ready,
            reason,
            message,
            since,
            mode,
            runtime,
            format_,
            protocol,
            url,
            address,
            replicas,
            traffic,
            created,
            moved or created,
            conditions,
            components,
            pods,
            complaint,
        ),
    )


def word(facts: Facts, told: Told, ready_pods: int | None, live: tuple[Pod, ...]) -> Readiness:
    """Give the one word; the first rule that holds decides.

    Stopped is True: stopped. Ready is True, Knative and no pod ready: cold.
    Ready is True: ready. An invalid spec, a failed load, a pod in a trouble
    that stays, or no revision to be had: failed. No status: unknown. Anything
    else, a first start too: rolling.
    """
    if told.stopped:
        return _STOPPED
    if told.roll_up is not None and told.roll_up.status == "True":
        cold = ready_pods == 0 and facts.mode is _KNATIVE
        return _COLD if cold else _READY
    if told.failed or facts.transition in FAILING_TRANSITIONS or any(pod.trouble in FAILING_TROUBLES for pod in live):
        return _FAILED
    if not facts.conditions and not facts.transition:
        return _UNKNOWN
    return _ROLLING


def is_live(pod: Pod) -> bool:
    """Whether the pod is meant to run: not on its way out, not over (evicted, completed)."""
    return not pod.terminating and pod.phase not in ("Failed", "Succeeded")


def lagging(isvc: InferenceService) -> tuple[Pod, ...]:
    """Give pods of a service that says Ready which are meant to run and are not ready: new ones, or hopeless ones."""
    if not isvc.ready or isvc.replicas.ready == isvc.replicas.desired:
        return ()
    return tuple([pod for pod in isvc.pods if is_live(pod) and not pod.ready])


def _telling(mode: Mode, live: tuple[Pod, ...]) -> tuple[Pod, ...]:
    """Leave out pods in trouble that a rollout replaces: a younger one of another version is on its way without any.

    ``live`` comes newest first. A Knative revision may grow again after a newer one was made: there all tell.
    """
    if mode is not _STANDARD or not any(pod.trouble for pod in live):
        return live
    kept: list[Pod] = []
    younger: set[tuple[str, str]] = set()
    for pod in live:
        others = {revision for component, revision in younger if component == pod.component}
        if not (pod.trouble and pod.revision and others - {pod.revision}):
            kept.append(pod)
        if not pod.trouble and pod.revision:
            younger.add((pod.component, pod.revision))
    return tuple(kept)


def _serves(pod: Pod) -> bool:
    # The scheduler of an LLMInferenceService routes requests; it is no replica of the model.
    return pod.component != "scheduler"


def _age(pod: Pod) -> tuple[float, str]:
    return (pod.created.timestamp() if pod.created else 0.0, pod.name)


def _replicas(facts: Facts, readiness: Readiness, ready_pods: int | None, pods: int) -> Replicas:
    """Count pods that are ready, and those that ought to be.

    Wanted are the pods that exist and are not terminating (an autoscaler has
    already spoken), in Standard mode at least the minReplicas of the spec (a
    Deployment that cannot make its pods shows as 0 of 2); none when stopped,
    and none when Knative says Ready without any. Where there is no pod yet,
    and nothing says that none is wanted, it is not known how many are.
    ModelMesh has no pods of one model: not known.
    """
    if ready_pods is None or facts.mode is _MODELMESH:
        return Replicas()
    if readiness is _STOPPED:
        return _counts(ready_pods, 0)
    if facts.mode is _STANDARD:
        return _counts(ready_pods, max(pods, facts.least_replicas))
    return _counts(ready_pods, pods if pods or readiness is _COLD else None)


@lru_cache(maxsize=1024)
def _counts(ready: int, desired: int | None) -> Replicas:
    """Give the one value that thousands of rows keep."""
    return Replicas(ready, desired)


def _why(facts: Facts, told: Told, readiness: Readiness, replicas: Replicas, live: tuple[Pod, ...]) -> tuple[str, str]:
    """Give reason and message; empty when there is nothing to say."""
    if facts.deleted is not None:
        return "Terminating", "its deletion was asked for"
    if readiness is _STOPPED:
        return "Stopped", ""
    if readiness is _UNKNOWN:
        return "NoStatus", "KServe has written no status that can be read: is its controller running?"
    if readiness in _WELL:
        return _why_not_well(told, replicas, live)
    return _why_not_ready(facts, live)


def _why_not_well(told: Told, replicas: Replicas, live: tuple[Pod, ...]) -> tuple[str, str]:
    """Say what is wrong although Ready is True: pods that crash, a transformer that failed."""
    for pod in live:
        if pod.trouble:
            return pod.trouble, pod.message
    if replicas.desired and replicas.ready == 0:
        return "NoPodReady", f"Ready is True, but 0 of {replicas.desired} pods are ready"
    if told.ailing is not None:
        return told.ailing.reason or told.ailing.type, told.ailing.message
    return "", ""


def _why_not_ready(facts: Facts, live: tuple[Pod, ...]) -> tuple[str, str]:
    """Say why: a pod's own trouble, the failed load, a pod that crashes, the condition that tells most."""
    crash: Pod | None = None
    for pod in live:
        if pod.trouble and pod.trouble != "CrashLoopBackOff":
            return pod.trouble, pod.message
        if pod.trouble and crash is None:
            crash = pod
    failing = facts.transition in FAILING_TRANSITIONS
    if failing and facts.failure is not None and facts.failure.reason:
        return facts.failure.reason, facts.failure.message or _exit(facts.failure.exit_code, crash)
    if crash is not None:
        return crash.trouble, crash.message
    if failing:
        return facts.transition, facts.failure.message if facts.failure is not None else ""
    condition = most_telling(facts.conditions) or telling_at_all(facts.conditions)
    if condition is not None and (condition.reason or condition.message):
        return condition.reason or condition.type, condition.message
    return facts.transition, ""


def _exit(code: int | None, pod: Pod | None) -> str:
    if pod is not None and pod.message:
        return pod.message
    return "" if code is None else f"exit code {code}"


def _changed(mode: Mode, moved: datetime | None, live: tuple[Pod, ...]) -> datetime | None:
    """Tell when the last rollout began or was seen: a condition of the deployment moved, or its first pod was made.

    A Knative pod tells nothing: it comes and goes with the requests.
    """
    if mode is not _KNATIVE:
        made = [pod.created for pod in live if pod.revision == live[0].revision and pod.created is not None]
        if made and (moved is None or min(made) > moved):
            return min(made)
    return moved
