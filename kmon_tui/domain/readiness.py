"""Whether a model serves, in one word, and the reason that helps: from one object and its pods.

The words and their order are those of KServe's own conditions, read as an operator reads them; see ``word()``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.facts import Facts
from kmon_tui.domain.service import Condition, InferenceService, Mode, Pod, Readiness, Replicas

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
FAILING_REASONS = frozenset({"RevisionMissing", "ProgressDeadlineExceeded"})

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
_SURE = ("True", "False")

_RANK = {type_: rank for rank, type_ in enumerate(_TELLING)}

_ROLLOUT = frozenset({"PredictorReady", "PredictorConfigurationReady", "LatestDeploymentReady", "MainWorkloadReady"})
"""Conditions that move when a new revision is rolled out."""


def describe(facts: Facts, pods: tuple[Pod, ...] | None) -> InferenceService:
    """Give the row of one object. ``pods`` are its own, in any order; None: pods may not be listed."""
    known = tuple(sorted(pods, key=_age, reverse=True)) if pods else ()
    live = tuple([pod for pod in known if is_live(pod)]) if known else ()
    ready_pods = None if pods is None else sum([pod.ready for pod in live if _serves(pod)]) if live else 0
    told = _listen(facts.conditions)
    roll_up = told.roll_up
    ready = None if roll_up is None or roll_up.status not in _SURE else roll_up.status == "True"
    readiness = word(facts, told, ready_pods, live)
    replicas = _replicas(facts, readiness, ready_pods, live)
    reason, message = _why(facts, told, readiness, replicas, live)
    behind = _behind(facts.conditions, readiness) or roll_up
    return InferenceService(
        key=facts.key,
        uid=facts.uid,
        generation=facts.generation,
        readiness=readiness,
        ready=ready,
        reason=reason,
        message=message,
        since=None if behind is None else behind.since,
        mode=facts.mode,
        runtime=facts.runtime,
        format=facts.format,
        protocol=facts.protocol,
        url=facts.url,
        address=facts.address,
        replicas=replicas,
        traffic=facts.traffic,
        created=facts.created,
        changed=_changed(facts, told, live),
        conditions=facts.conditions,
        components=facts.components,
        pods=known,
    )


class Told(NamedTuple):
    """What the conditions of one object say, heard in one go: there are ten thousand at the start."""

    roll_up: Condition | None = None
    """The condition Ready."""
    stopped: bool = False
    failed: bool = False
    ailing: Condition | None = None
    """A transformer or explainer that failed; Ready does not hear of it."""
    rolled_out: datetime | None = None
    """When a condition of the rollout last moved."""


def _listen(conditions: tuple[Condition, ...]) -> Told:
    roll_up: Condition | None = None
    ailing: Condition | None = None
    stopped = failed = False
    rolled_out: datetime | None = None
    for condition in conditions:
        type_, since = condition.type, condition.since
        if type_ == "Ready":
            roll_up = condition
            stopped = stopped or (condition.status == "False" and condition.reason == "Stopped")
        elif condition.status == "True":
            stopped = stopped or type_ == "Stopped"
            failed = failed or type_ == "GroupDegraded"
        elif type_ in _RANK:
            failed = failed or condition.reason in FAILING_REASONS
            if condition.status == "False":
                # PresetsCombined is to an LLMInferenceService what InvalidSpec is to an InferenceService.
                failed = failed or type_ == "PresetsCombined"
                ailing = condition if type_ in _BESIDE else ailing
        if type_ in _ROLLOUT and since is not None and (rolled_out is None or since > rolled_out):
            rolled_out = since
    return Told(roll_up, stopped, failed, ailing, rolled_out)


def word(facts: Facts, told: Told, ready_pods: int | None, live: tuple[Pod, ...]) -> Readiness:
    """Give the one word; the first rule that holds decides.

    Stopped is True: stopped. Ready is True, Knative and no pod ready: cold.
    Ready is True: ready. An invalid spec, a failed load, a pod in a trouble
    that stays, or no revision to be had: failed. No status: unknown. Anything
    else, a first start too: rolling.
    """
    if told.stopped:
        return Readiness.STOPPED
    if told.roll_up is not None and told.roll_up.status == "True":
        cold = ready_pods == 0 and facts.mode is Mode.KNATIVE
        return Readiness.COLD if cold else Readiness.READY
    if told.failed or facts.transition in FAILING_TRANSITIONS or any(pod.trouble in FAILING_TROUBLES for pod in live):
        return Readiness.FAILED
    if not facts.conditions and not facts.transition:
        return Readiness.UNKNOWN
    return Readiness.ROLLING


def find(conditions: Iterable[Condition], type: str) -> Condition | None:
    """Give the condition of this type."""
    for condition in conditions:
        if condition.type == type:
            return condition
    return None


def is_live(pod: Pod) -> bool:
    """Whether the pod is meant to run: not on its way out, not over (evicted, completed)."""
    return not pod.terminating and pod.phase not in ("Failed", "Succeeded")


def _serves(pod: Pod) -> bool:
    # The scheduler of an LLMInferenceService routes requests; it is no replica of the model.
    return pod.component != "scheduler"


def _age(pod: Pod) -> tuple[float, str]:
    return (pod.created.timestamp() if pod.created else 0.0, pod.name)


def _replicas(facts: Facts, readiness: Readiness, ready_pods: int | None, live: tuple[Pod, ...]) -> Replicas:
    """Count pods that are ready, and those that ought to be.

    Wanted are the pods that exist and are not terminating (an autoscaler has
    already spoken), in Standard mode at least the minReplicas of the spec (a
    Deployment that cannot make its pods shows as 0 of 2); none when stopped.
    ModelMesh has no pods of one model: not known.
    """
    if ready_pods is None or facts.mode is Mode.MODELMESH:
        return Replicas()
    if readiness is Readiness.STOPPED:
        return Replicas(ready_pods, 0)
    wanted = sum([_serves(pod) for pod in live]) if live else 0
    if facts.mode is Mode.STANDARD:
        wanted = max(wanted, facts.least_replicas)
    return Replicas(ready_pods, wanted)


def _why(facts: Facts, told: Told, readiness: Readiness, replicas: Replicas, live: tuple[Pod, ...]) -> tuple[str, str]:
    """Give reason and message; empty when there is nothing to say."""
    if facts.deleted is not None:
        return "Terminating", "its deletion was asked for"
    if readiness is Readiness.STOPPED:
        return "Stopped", ""
    if readiness is Readiness.UNKNOWN:
        return "NoStatus", "KServe has written no status that can be read: is its controller running?"
    if readiness in (Readiness.READY, Readiness.COLD):
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
    condition = _behind(facts.conditions, Readiness.ROLLING)
    if condition is not None and (condition.reason or condition.message):
        return condition.reason or condition.type, condition.message
    return facts.transition, ""


def _exit(code: int | None, pod: Pod | None) -> str:
    if pod is not None and pod.message:
        return pod.message
    return "" if code is None else f"exit code {code}"


def _behind(conditions: tuple[Condition, ...], readiness: Readiness) -> Condition | None:
    """Find the condition behind the word: the most telling one that is not True, False before Unknown."""
    if readiness in (Readiness.READY, Readiness.COLD):
        return None
    if readiness is Readiness.STOPPED:
        return find(conditions, "Stopped")
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


def _says_nothing(condition: Condition) -> bool:
    """Whether it only repeats that something else is not ready, as "Predictor ingress not created" does."""
    if condition.message:
        return False
    return not condition.reason or condition.reason.endswith(("ingress not created", " not ready"))


def _changed(facts: Facts, told: Told, live: tuple[Pod, ...]) -> datetime | None:
    """Tell when the last rollout began or was seen: a condition of the deployment moved, or its first pod was made.

    A Knative pod tells nothing: it comes and goes with the requests.
    """
    moved = told.rolled_out
    if facts.mode is not Mode.KNATIVE and live:
        made = [pod.created for pod in live if pod.revision == live[0].revision and pod.created is not None]
        if made and (moved is None or min(made) > moved):
            return min(made)
    return moved or facts.created
