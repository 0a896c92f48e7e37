"""What is wrong with a service that says Ready: it answers no, nothing of it runs, or nobody reaches it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import (
    conditions_of,
    labels,
    name_of,
    node,
    nodes,
    number,
    one_line,
    ref_of,
    text,
)
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import component_of
from kmon_tui.domain.service import Kind, Mode
from kmon_tui.domain.tree import Answer, Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_UNKNOWN_MODEL = re.compile(r"model.{0,80}(does not exist|not found|not ready|not loaded)", re.I)
_SETTLING_S = 60
_PAUSED = ("autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused")


def not_serving(scene: Scene) -> Iterator[Finding]:
    """Find a service that says Ready and has nothing that serves."""
    ready = scene.conditions.get("Ready")
    if not scene.ready or ready is None or not scene.lasts(ready, _SETTLING_S) or not scene.tree.synced:
        return
    yield from _answers(scene)
    yield from _no_pods(scene)
    yield from _no_endpoints(scene)


def _answers(scene: Scene) -> Iterator[Finding]:
    answers = scene.tree.answers
    bad = [answer for answer in answers if _says_no(answer)]
    if not bad or len(bad) < len(answers):
        return
    first = bad[0]
    ref = Ref("Pod", first.pod, scene.ref.namespace) if first.pod else scene.ref
    said = f"HTTP {first.status}" if first.status is not None else "nothing"
    words = one_line(first.text, 120)
    steps = tuple(
        Evidence(
            f"{answer.path} answers {answer.status if answer.status is not None else 'nothing'}"
            f"{f': {one_line(answer.text, 120)}' if answer.text else ''}",
            ref,
            None,
            2,
        )
        for answer in bad[:3]
    )
    yield Finding(
        "ready-not-serving",
        f"it says Ready, but the model answers {said} at {first.path}{f': {words}' if words else ''}",
        ref,
        None,
        steps,
        (Try("see what the model server says", key="l"),),
    )


def _says_no(answer: Answer) -> bool:
    """Tell whether the model itself says that it does not serve; a page that is not there says nothing of it."""
    if answer.status == 404:
        return _UNKNOWN_MODEL.search(answer.text) is not None
    return answer.status is None or answer.status in (500, 502, 503, 504)


def _no_pods(scene: Scene) -> Iterator[Finding]:
    """Find Ready with no pod ready where something ought to run."""
    if scene.mode is Mode.MODELMESH or scene.blind_to("Pod") or any(pod.ready for pod in scene.pods):
        return
    for deployment in scene.deployments:
        wanted = number(deployment, "spec", "replicas")
        if text(deployment, "metadata", "labels", "serving.knative.dev/revision"):
            continue
        ref = ref_of(deployment)
        if wanted == 0:
            yield from _switched_off(scene, deployment, ref)
            continue
        count = 1 if wanted is None else wanted
        condition = conditions_of(deployment).get("Available")
        since = condition.since if condition is not None and condition.status != "True" else None
        if since is not None and not scene.older_than(since, _SETTLING_S):
            continue
        if any(not scene.older_than(pod.created, 600) for pod in scene.current):
            continue
        yield Finding(
            "ready-not-serving",
            f"it says Ready, but 0 of {count} pods of {ref.name} are ready",
            ref,
            since,
            (Evidence(f"Deployment {ref.name}: 0 of {count} ready", ref, since, 1),),
            (describe(ref),),
        )
        return


def _switched_off(scene: Scene, deployment: Object, ref: Ref) -> Iterator[Finding]:
    """Find a Deployment of no pods that nobody asked for: it counts as available, and so the service as ready."""
    component = component_of(scene.root, labels(deployment))
    asked = number(scene.root, "spec", component, "minReplicas")
    scalers = [one for one in scene.of_kind("ScaledObject") if text(one, "spec", "scaleTargetRef", "name") == ref.name]
    held = next((one for one in scalers if asked != 0 and _pauses(one)), None)
    if held is not None:
        yield _paused(held, component)
        return
    keda = text(node(scene.root, "metadata", "annotations"), "serving.kserve.io/autoscalerClass") == "keda"
    if scene.ref.kind != Kind.ISVC or scene.mode is not Mode.STANDARD or asked == 0 or scalers or keda:
        return
    count = 1 if asked is None else asked
    yield Finding(
        "ready-not-serving",
        f"it says Ready, but {ref.name} has been scaled to 0 pods; the service asks for {count}",
        ref,
        None,
        (Evidence(f"Deployment {ref.name}: spec.replicas is 0", ref, None, 1),),
        (
            Try(
                "scale it up",
                kubectl("scale", "deployment", ref.name, f"--replicas={count}", namespace=ref.namespace),
            ),
        ),
        "",
        component,
    )


def _pauses(scaler: Object) -> tuple[str, ...]:
    """Name the annotations by which somebody has told KEDA to leave a Deployment as it is, or at a number of pods."""
    return tuple([name for name in _PAUSED if text(scaler, "metadata", "annotations", name)])


def _paused(scaler: Object, component: str) -> Finding:
    ref, pauses = ref_of(scaler), _pauses(scaler)
    since = conditions_of(scaler).get("Paused")
    words = ("annotate", "scaledobjects.keda.sh", ref.name, *[f"{name}-" for name in pauses])
    return Finding(
        "ready-not-serving",
        f"it says Ready, but somebody has paused its ScaledObject {ref.name} at 0 pods",
        ref,
        since.since if since is not None and since.status == "True" else None,
        (Evidence(f"ScaledObject {ref.name}: annotation {pauses[0]}", ref, None, 1),),
        (Try("let KEDA scale it again", kubectl(*words, namespace=ref.namespace)),),
        "",
        component,
    )


def _no_endpoints(scene: Scene) -> Iterator[Finding]:
    """Find a Service that leads to none of the pods that are ready."""
    settled = [pod for pod in scene.current if pod.ready and scene.older_than(_ready_since(pod.object), _SETTLING_S)]
    if not settled or scene.mode is Mode.KNATIVE:
        return
    name = name_of(scene.root)
    wanted = (f"{name}-predictor", f"{name}-predictor-default", f"{name}-kserve-workload-svc")
    slices: dict[str, int] = {}
    for obj in scene.of_kind("EndpointSlice"):
        service = text(obj, "metadata", "labels", "kubernetes.io/service-name")
        ready = [entry for entry in nodes(obj, "endpoints") if _serves(entry)]
        slices[service] = slices.get(service, 0) + len(ready)
    for obj in scene.of_kind("Endpoints"):
        addresses = sum(len(nodes(subset, "addresses")) for subset in nodes(obj, "subsets"))
        slices[name_of(obj)] = max(slices.get(name_of(obj), 0), addresses)
    for service in wanted:
        if slices.get(service) == 0:
            ref = Ref("Service", service, scene.ref.namespace)
            yield Finding(
                "ready-not-serving",
                f"it says Ready, but the Service {service} leads to none of its {len(settled)} ready pods",
                ref,
                None,
                (Evidence(f"Service {service}: 0 endpoints", ref, None, 1),),
                (
                    Try(
                        "compare the selector with the pods' labels",
                        kubectl("describe", "service", service, namespace=ref.namespace),
                    ),
                ),
            )
            return


def _serves(entry: Object) -> bool:
    conditions = entry.get("conditions")
    return not (isinstance(conditions, dict) and conditions.get("ready") is False)


def _ready_since(pod: Object) -> datetime | None:
    condition = conditions_of(pod).get("Ready")
    return condition.since if condition is not None else None
