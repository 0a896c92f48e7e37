"""What a person wants to know of a pod: the words of ``kubectl get pods``, and of each container how it goes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.peek import at, label, moment, name_of, number, of_kind, rows, table, text
from kmon_tui.domain.tree import Object

MAIN = ("kserve-container", "main", "transformer-container", "explainer-container")
"""Names of the container that serves, by what the controllers of KServe call it."""


class Ended(NamedTuple):
    """How a container ended."""

    reason: str = ""
    exit_code: int | None = None
    message: str = ""
    at: datetime | None = None

    @property
    def words(self) -> str:
        """The reason with its exit code: ``OOMKilled 137``; empty when it did not end."""
        if self.exit_code is None:
            return self.reason
        return f"{self.reason or 'exit'} {self.exit_code}"


class ContainerFacts(NamedTuple):
    """One container of a pod."""

    name: str
    image: str = ""
    init: bool = False
    ready: bool = False
    state: str = ""
    """running, waiting, terminated; empty when the kubelet has not said."""
    reason: str = ""
    message: str = ""
    since: datetime | None = None
    restarts: int = 0
    ended: Ended = Ended()
    """How it ended, if it is terminated."""
    last: Ended = Ended()
    """How it ended before its last restart."""
    limits: str = ""
    """``memory 1Gi, nvidia.com/gpu 1``."""

    @property
    def done(self) -> bool:
        """Whether it ended well, as init containers do."""
        return self.state == "terminated" and self.ended.exit_code == 0


class PodFacts(NamedTuple):
    """One pod."""

    name: str
    namespace: str = ""
    uid: str = ""
    component: str = ""
    revision: str = ""
    word: str = ""
    """How it goes in one word, as kubectl's STATUS: Running, CrashLoopBackOff, Init:Error, Unschedulable…"""
    message: str = ""
    """The sentence that comes with the word."""
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last: str = ""
    """Why a container ended last time: ``OOMKilled 137``."""
    node: str = ""
    created: datetime | None = None
    containers: tuple[ContainerFacts, ...] = ()
    """Init containers first, in the order of the spec."""

    @property
    def serves(self) -> bool:
        """Whether all its containers are ready."""
        return 0 < self.total == self.ready and self.word == "Running"

    @property
    def image(self) -> str:
        """Image of the container that serves."""
        own = [one for one in self.containers if not one.init]
        main = next((one for one in own if one.name in MAIN), own[0] if own else None)
        return main.image if main is not None else ""


def pods_of(objects: Iterable[Object]) -> tuple[PodFacts, ...]:
    """Give the pods among these objects: those in trouble first, then the newest."""
    pods = [pod_facts(obj) for obj in of_kind(objects, "Pod")]
    return tuple(sorted(pods, key=lambda pod: (pod.serves, -(pod.created.timestamp() if pod.created else 0), pod.name)))


def pod_facts(pod: Object) -> PodFacts:
    """Read one pod."""
    init = _containers(pod, "initContainers", "initContainerStatuses", init=True)
    main = _containers(pod, "containers", "containerStatuses", init=False)
    beside = {
        text(one, "name") for one in rows(pod, "spec", "initContainers") if text(one, "restartPolicy") == "Always"
    }
    counted = [*(one for one in init if one.name in beside), *main]
    word, message = _word(pod, [one for one in init if one.name not in beside], main)
    ends = [one.last for one in (*init, *main) if one.last.words] or [
        one.ended for one in (*init, *main) if one.ended.words and not one.done
    ]
    newest = max(ends, key=lambda end: end.at.timestamp() if end.at else 0.0, default=Ended())
    return PodFacts(
        name_of(pod),
        text(pod, "metadata", "namespace"),
        text(pod, "metadata", "uid"),
        label(pod, "component") or label(pod, "kserve.io/component") or label(pod, "app.kubernetes.io/component"),
        label(pod, "serving.knative.dev/revision") or label(pod, "pod-template-hash"),
        word,
        message,
        sum(one.ready for one in counted),
        len(counted),
        sum(one.restarts for one in (*init, *main)),
        newest.words,
        text(pod, "spec", "nodeName"),
        moment(pod, "metadata", "creationTimestamp"),
        (*init, *main),
    )


def _containers(pod: Object, specs: str, statuses: str, *, init: bool) -> tuple[ContainerFacts, ...]:
    by_name = {text(one, "name"): one for one in rows(pod, "status", statuses)}
    spec = {text(one, "name"): one for one in rows(pod, "spec", specs)}
    names = [*spec, *(name for name in by_name if name not in spec)]
    return tuple(_container(name, spec.get(name, {}), by_name.get(name, {}), init=init) for name in names)


def _container(name: str, spec: Object, status: Object, *, init: bool) -> ContainerFacts:
    state = next((word for word in ("running", "terminated", "waiting") if table(status, "state", word)), "")
    if not state and at(status, "state", "running") is not None:
        state = "running"  # an empty map says so, too
    limits = table(spec, "resources", "limits")
    return ContainerFacts(
        name,
        text(spec, "image") or text(status, "image"),
        init,
        at(status, "ready") is True,
        state,
        text(status, "state", state, "reason"),
        text(status, "state", state, "message"),
        moment(status, "state", state, "startedAt") or moment(status, "state", state, "finishedAt"),
        number(status, "restartCount") or 0,
        _ended(at(status, "state", "terminated")),
        _ended(at(status, "lastState", "terminated")),
        ", ".join(f"{key} {text(limits, key)}" for key in limits if text(limits, key)),
    )


def _ended(value: object) -> Ended:
    return Ended(text(value, "reason"), number(value, "exitCode"), text(value, "message"), moment(value, "finishedAt"))


def _word(pod: Object, init: list[ContainerFacts], main: tuple[ContainerFacts, ...]) -> tuple[str, str]:
    """Say in one word how a pod goes, by the rules of kubectl's STATUS column, but for what the scheduler says."""
    word, message = text(pod, "status", "reason") or text(pod, "status", "phase"), text(pod, "status", "message")
    for condition in rows(pod, "status", "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "status") == "False" and word == "Pending":
            word, message = text(condition, "reason") or word, text(condition, "message")
    begun = [one for one in init if not one.done]
    if begun and begun[0].state:
        one = begun[0]
        trouble = one.reason if one.reason != "PodInitializing" else ""
        if one.state == "terminated":
            trouble = trouble or f"ExitCode:{one.ended.exit_code}"
        place = f"{len(init) - len(begun)}/{len(init)}"
        word, message = f"Init:{trouble or place}", one.message or one.ended.message or one.last.message
    else:
        for one in main:
            if one.state in {"waiting", "terminated"} and (one.reason or one.ended.words):
                word, message = one.reason or one.ended.words, one.message or one.ended.message
                break
    if text(pod, "metadata", "deletionTimestamp"):
        word = "Terminating"
    return word or "Unknown", message
