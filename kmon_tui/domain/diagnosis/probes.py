"""Whether the kubelet kills a container, for a probe or for a hook that fails, and what to do about it."""

from __future__ import annotations

import re
from datetime import datetime

from kmon_tui.domain.diagnosis import chain
from kmon_tui.domain.diagnosis.boxes import Box, End
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import node, number, one_line, probe_said, text, texts
from kmon_tui.domain.diagnosis.scene import Scene, event_count, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Try

_KILLED = re.compile(r"failed (liveness|startup) probe, will be restarted")
_KILLING = frozenset({"Killing", "Unhealthy"})
_HOOKED = frozenset({"FailedPostStartHook"})
_FAILED = {"liveness": "Liveness probe failed", "startup": "Startup probe failed"}
_RECENT_S = 600
_PERIOD_S, _FAILURES, _GRACE_S = 10, 3, 30
"""What Kubernetes puts where a probe, or a pod, names nothing."""
_LEAVING_S = 10
"""A server that ends in good order when it is told to does so within this."""
_SIGKILL, _SIGTERM = 137, 143
_OFTEN = 2


def killed(scene: Scene, pod: PodView, box: Box, end: End) -> bool:
    """Tell whether a probe killed the container when it ended last, whatever code it ended with.

    The kubelet writes 25 events of a pod and then one in five minutes (client-go's
    EventSourceObjectSpamFilter), so in a long crash loop the last word of a probe
    may be old: then the container must have lived as long as the probe lets it.
    """
    events = chain.events_of_box(scene, pod, box, _KILLING)
    # The probe that killed it an hour ago need not be what kills it now.
    recent = [text(event, "message") for event in events if not _long_before(event_time(event), end.finished)]
    if any(_KILLED.search(message) for message in recent):
        return True  # many servers end in good order when they are told to
    if any(_FAILED["liveness"] in message for message in recent) and end.exit_code in (_SIGKILL, _SIGTERM):
        return True
    return any(_often(events, said) and _lived_as_long(pod, box, end, probe) for probe, said in _FAILED.items())


def finding(scene: Scene, pod: PodView, box: Box) -> Finding:
    """Say which probe kills it and what the probe saw."""
    said = [text(event, "message") for event in chain.events_of_box(scene, pod, box, _KILLING)]
    startup = any("tartup probe" in message for message in said)
    probe = "startup" if startup else "liveness"
    why = next((probe_said(message) for message in reversed(said) if _FAILED[probe] in message), "")
    return Finding(
        "liveness-killed",
        f"the {probe} probe kills {box.name} of {pod.ref.name}{f': {why}' if why else ''}",
        pod.ref,
        tries=(
            Try(
                _advice(box, probe, why),
                kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace),
            ),
        ),
    )


def hook_failed(scene: Scene, pod: PodView, box: Box, end: End) -> bool:
    """Tell whether the kubelet killed the container because its postStart hook failed."""
    events = chain.events_of_box(scene, pod, box, _HOOKED)
    return any(not _long_before(event_time(event), end.finished) for event in events)


def hook(scene: Scene, pod: PodView, box: Box) -> Finding:
    """Say that the hook fails, and what it runs."""
    said = text(chain.events_of_box(scene, pod, box, _HOOKED)[-1], "message")
    words = " ".join(texts(box.spec, "lifecycle", "postStart", "exec", "command"))
    runs = f" ({one_line(words, 80)})" if words else ""
    why = f": {one_line(said, 160)}" if said != "PostStartHook failed" else ""
    return Finding(
        "container-start",
        f"the postStart hook of {box.name} of {pod.ref.name}{runs} fails, so the kubelet kills it{why}",
        pod.ref,
        tries=(
            Try(
                "mend lifecycle.postStart",
                kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace),
            ),
        ),
    )


def _advice(box: Box, probe: str, why: str) -> str:
    spec = node(box.spec, f"{probe}Probe")
    path = text(spec, "httpGet", "path")
    if "statuscode: 404" in why:
        return f"mend the path of {probe}Probe{f' (now {path})' if path else ''}"
    bounds = [
        f"{field} {found}"
        for field in ("initialDelaySeconds", "periodSeconds", "failureThreshold", "timeoutSeconds")
        if (found := number(spec, field)) is not None
    ]
    now = f" (now {', '.join(bounds)})" if bounds else " (failureThreshold, timeoutSeconds)"
    return f"give {probe}Probe more time{now}"


def _often(events: tuple[Object, ...], said: str) -> bool:
    return sum(event_count(event) for event in events if said in text(event, "message")) >= _OFTEN


def _lived_as_long(pod: PodView, box: Box, end: End, probe: str) -> bool:
    """Whether the container ended when this probe, failing each time, would have had it killed."""
    spec = node(box.spec, f"{probe}Probe")
    if not spec or end.started is None or end.finished is None:
        return False
    period = number(spec, "periodSeconds") or _PERIOD_S
    first = number(spec, "initialDelaySeconds") or 0
    given = first + period * ((number(spec, "failureThreshold") or _FAILURES) - 1)
    grace = number(pod.object, "spec", "terminationGracePeriodSeconds")
    leaving = (_GRACE_S if grace is None else grace) if end.exit_code == _SIGKILL else _LEAVING_S
    lived = (end.finished - end.started).total_seconds()
    return given - 1 <= lived <= given + 2 * period + leaving


def _long_before(moment: datetime | None, end: datetime | None) -> bool:
    return moment is not None and end is not None and (end - moment).total_seconds() > _RECENT_S
