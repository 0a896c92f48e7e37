"""Why a container ends again and again: memory, GPU, probe, the model's files, or only what it said last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kmon_tui.domain.diagnosis import chain, gpu, model, probes, storage
from kmon_tui.domain.diagnosis.boxes import Box, End
from kmon_tui.domain.diagnosis.finding import Finding, kubectl, logs
from kmon_tui.domain.diagnosis.last_words import telling_line
from kmon_tui.domain.diagnosis.reading import (
    at,
    both_ends,
    conditions_of,
    line_with,
    node,
    nodes,
    text,
    texts,
)
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.verdict import Evidence, Try

_HUB_DENIED = re.compile(r"GatedRepoError|gated repo|Access to model .* is restricted|awaiting a review", re.I)
_HUB_MISSING = re.compile(r"RepositoryNotFoundError|Repository Not Found|is not a valid model identifier", re.I)
_HUB_AWAY = re.compile(
    r"couldn't connect to 'https?://|check your internet connection|LocalEntryNotFoundError"
    r"|host='huggingface\.co'.{0,80}(timed out|max retries)",
    re.I,
)
_HUB_BUSY = re.compile(r"429 Client Error|Too Many Requests for url|rate limit your IP", re.I)
_HUB_TOKEN = re.compile(r"Invalid credentials in Authorization header|Invalid user token", re.I)
_HUB = (
    ("storage-credentials", _HUB_TOKEN, "has a token that the hub does not take"),
    ("storage-denied", _HUB_DENIED, "may not fetch its model from the hub"),
    ("storage-missing", _HUB_MISSING, "does not find its model on the hub, or may not see it"),
    ("storage-rate-limit", _HUB_BUSY, "asks the hub for its model too often and is turned away"),
    ("storage-unreachable", _HUB_AWAY, "cannot reach the hub with its model"),
)
"""What servers that fetch their models by themselves say of it."""
_REMOTE = ("s3:", "gs:", "hf:", "http:", "https:", "hdfs:", "webhdfs:")
_FILES = re.compile(r"/mnt/models|no such file|not ?found|does not exist|no model|could not find|cannot find", re.I)
_FORMAT = re.compile(
    r"format|unsupported|not supported|could not find|cannot find|no model|model file|unrecogni|unknown .*type"
    r"|(can ?not|unable to|failed to|fail to) (load|read|parse|open|deserialize)|not a (valid|pickle)",
    re.I,
)
"""What a server says when the model is not of its kind."""
_CALM = re.compile(r"\b(INFO|DEBUG)\b(?!.*([Ee]rror|[Ff]ail|[Ee]xception))")
"""A last line that tells of nothing bad is no reason to end."""
_SIGKILL = 137
_SIGNALS = {
    132: "illegal instruction",
    134: "aborted",
    135: "bus error",
    137: "killed",
    139: "segmentation fault",
    143: "terminated",
}
_MEMORY_OF = {
    "queue-proxy": "the annotation queue.sidecar.serving.knative.dev/memory-resource-limit",
    "istio-proxy": "the annotation sidecar.istio.io/proxyMemoryLimit",
}
"""What bounds the containers that are put in beside the model."""


def finding(scene: Scene, pod: PodView, box: Box, end: End) -> Finding:
    """Tell why a container of a pod ends."""
    lines = _lines(scene, pod, box, end)
    text_ = "\n".join(lines)
    found = _known(scene, pod, box, end, text_)
    steps = chain.of_pod(scene, pod, *_steps(scene, pod, box, end, lines))
    return replace(
        found,
        evidence=steps,
        since=_since(pod, end),
        component=pod.component,
        tries=(*found.tries, logs(pod.ref, box.name, previous=box.restarts > 0 and box.ended is None)),
    )


def _known(scene: Scene, pod: PodView, box: Box, end: End, lines: str) -> Finding:
    if end.out_of_memory:
        return _out_of_memory(scene, pod, box)
    if end.reason in ("StartError", "ContainerCannotRun"):
        no_gpu = gpu.finding(pod, box, end.message)
        if no_gpu is not None:
            return no_gpu
        said = both_ends(end.message or lines)
        return Finding(
            "container-start", f"{box.name} of {pod.ref.name} cannot be started: {said or end.reason}", pod.ref
        )
    if box.fetches:
        return _storage(
            scene, pod, box, end, lines or text(node(scene.root, "status", "modelStatus", "lastFailureInfo"), "message")
        )
    no_gpu = gpu.finding(pod, box, lines)
    if no_gpu is not None:
        return no_gpu
    hub = _hub(scene, pod, box, lines)
    if hub is not None:
        return hub
    if re.search(r"exec format error", lines + end.message, re.I):
        script = ", or its command is a script without #!" if texts(box.spec, "command") else ""
        return Finding(
            "image-platform",
            f"the image {box.image} of {pod.ref.name} is not built for the CPU of its node{script}",
            pod.ref,
            shared=f"image {box.image}",
        )
    if probes.hook_failed(scene, pod, box, end):
        return probes.hook(scene, pod, box)
    if probes.killed(scene, pod, box, end):
        return probes.finding(scene, pod, box)
    if not box.init and _lacks_model(scene, pod, lines):
        return _unfetched(scene, pod, box)
    return _plain(scene, pod, box, end, lines)


def _out_of_memory(scene: Scene, pod: PodView, box: Box) -> Finding:
    limit = text(box.spec, "resources", "limits", "memory")
    peak = next((p for p in scene.tree.peaks if (p.pod, p.container) == (pod.ref.name, box.name)), None)
    seen = f", peak seen {peak.memory_bytes / 2**20:.0f}Mi" if peak is not None else ""
    bound = f"its limit of {limit}" if limit else "what the node could give (it has no limit)"
    times = "once" if box.restarts <= 1 else f"{box.restarts} times"
    now = "; it is up at the moment" if box.ready else ""
    return Finding(
        "oom-killed",
        f"{box.name} of {pod.ref.name} needs more memory than {bound}{seen}: OOMKilled {times}{now}",
        pod.ref,
        tries=(_more_memory(scene, box, limit),),
    )


def _more_memory(scene: Scene, box: Box, limit: str) -> Try:
    now = f" (now {limit})" if limit else ""
    if box.fetches:
        return Try(
            f"raise its memory{now} in the ClusterStorageContainer for this address; KServe up to 0.10 has it in the "
            "ConfigMap inferenceservice-config, storageInitializer",
            kubectl("get", "clusterstoragecontainers"),
        )
    edit = kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
    return Try(f"raise {_memory_field(box)}{now}", edit)


def _memory_field(box: Box) -> str:
    return _MEMORY_OF.get(box.name, "resources.limits.memory")


def _storage(scene: Scene, pod: PodView, box: Box, end: End, lines: str) -> Finding:
    address, account = model.uri(scene, pod), model.account(pod)
    cause = storage.classify(lines)
    if cause == "storage-failed" and end.exit_code == _SIGKILL:
        return _killed_while_fetching(scene, pod, box, address)
    return Finding(
        cause,
        storage.verdict(cause, address, lines, f"the {box.name} of {pod.ref.name}"),
        pod.ref,
        tries=storage.tries(cause, address, scene.ref, account),
        shared=storage.shared(cause, address, account),
    )


def _killed_while_fetching(scene: Scene, pod: PodView, box: Box, address: str) -> Finding:
    """Say that it was killed in its work: the runtime may miss that the kernel did so for memory."""
    limit = text(box.spec, "resources", "limits", "memory")
    bound = f": its limit is {limit}" if limit else ""
    return Finding(
        "storage-failed",
        f"the {box.name} of {pod.ref.name} is killed (exit code {_SIGKILL}) while it fetches {address or 'the model'}, "
        f"mostly for want of memory{bound}",
        pod.ref,
        tries=(_more_memory(scene, box, limit),),
    )


def _hub(scene: Scene, pod: PodView, box: Box, lines: str) -> Finding | None:
    """Read that a server could not fetch its model from the hub by itself."""
    for cause, rule, what in _HUB:
        if rule.search(lines):
            verdict = f"{box.name} of {pod.ref.name} {what}: {line_with(rule, lines, last=True)}"
            tries = storage.tries(cause, "hf://", scene.ref, model.account(pod))
            return Finding(cause, verdict, pod.ref, tries=tries, shared="" if cause != "storage-unreachable" else "hub")
    return None


def _lacks_model(scene: Scene, pod: PodView, lines: str) -> bool:
    """Whether the model is nowhere in the pod, should be, and what the container says does not point elsewhere."""
    if _has_model(pod) or not model.uri(scene, pod).startswith(_REMOTE):
        return False
    if at(scene.root, "spec", "storageInitializer", "enabled") is False:
        return False  # its server fetches by itself
    # As long as its log was not read, it may end for another reason.
    return (not lines and not scene.tree.shallow) or _FILES.search(lines) is not None


def _has_model(pod: PodView) -> bool:
    """Whether anything puts a model into the pod: an init container, a sidecar with it, or a volume."""
    containers = nodes(pod.object, "spec", "containers")
    names = [text(box, "name") for box in (*nodes(pod.object, "spec", "initContainers"), *containers)]
    if not names or any(name.startswith(("storage-initializer", "model-initializer", "modelcar")) for name in names):
        return True
    mounts = [text(mount, "mountPath") for box in containers for mount in nodes(box, "volumeMounts")]
    return any("mnt/models" in path for path in mounts)


def _unfetched(scene: Scene, pod: PodView, box: Box) -> Finding:
    namespace = pod.ref.namespace
    return Finding(
        "no-storage-initializer",
        f"{pod.ref.name} has no storage-initializer, so {model.uri(scene, pod)} was never fetched and {box.name} fails",
        pod.ref,
        shared=f"Namespace {namespace}",
        tries=(
            Try(
                "see whether the namespace is kept from KServe's pod webhook",
                kubectl("get", "namespace", namespace, "--show-labels"),
            ),
            Try(
                "see the webhook",
                kubectl("get", "mutatingwebhookconfiguration", "inferenceservice.serving.kserve.io", "-o", "yaml"),
            ),
            Try("make the pod anew once it is mended", kubectl("delete", "pod", pod.ref.name, namespace=namespace)),
        ),
    )


def _plain(scene: Scene, pod: PodView, box: Box, end: End, lines: str) -> Finding:
    code = "?" if end.exit_code is None else str(end.exit_code)
    named = _SIGNALS.get(end.exit_code or 0, "")
    how = f"exit code {code}{f' ({named})' if named else ''}"
    often = f", restarted {'once' if box.restarts == 1 else f'{box.restarts} times'}" if box.restarts else ""
    line = both_ends(telling_line(lines)) if lines else ""
    line = "" if _CALM.search(line) else line
    now = "; it is up at the moment" if box.ready else ""
    choices = model.equal_runtimes(scene) if not model.named_runtime(scene) and pod.component == "predictor" else ()
    picked = text(scene.root, "status", "clusterServingRuntimeName") or text(scene.root, "status", "servingRuntimeName")
    if len(choices) > 1 and (not picked or picked in choices) and _FORMAT.search(lines):
        return Finding(
            "runtime-ambiguous",
            f"{' and '.join(choices)} fit this model and the service names none of them: KServe picked "
            f"{picked or 'one'}, which ends with {how}{f': {line}' if line else ''}",
            scene.ref,
            tries=(
                Try(
                    "name the runtime in spec.predictor.model.runtime",
                    kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace),
                ),
            ),
        )
    return Finding(
        "crash-loop", f"{box.name} of {pod.ref.name} ends with {how}{often}{now}{f': {line}' if line else ''}", pod.ref
    )


def _lines(scene: Scene, pod: PodView, box: Box, end: End) -> tuple[str, ...]:
    """Give what the container said last: its termination message, which may be its log's tail, and its log."""
    told = tuple(line for line in end.message.splitlines() if line.strip())
    log = scene.log(pod.ref.name, box.name)
    return (*log, *[line for line in told if line not in log])


def _steps(scene: Scene, pod: PodView, box: Box, end: End, lines: Sequence[str]) -> tuple[Evidence, ...]:
    state = box.waiting or ("up again" if box.running_since else "ended")
    code = f"exit code {end.exit_code}" if end.exit_code is not None else "exit code ?"
    reason = f" {end.reason}" if end.reason and end.reason != "Error" else ""
    line = f"{box.name}: {state}, {box.restarts} restarts, last {code}{reason}"
    backoff = chain.events_of_box(scene, pod, box, frozenset({"BackOff"}))
    events = [chain.of_event(event, pod.ref) for event in backoff[-1:]]
    return (Evidence(line, pod.ref, end.finished, 3), *events, *chain.of_log(tuple(lines), pod.ref))


def _since(pod: PodView, end: End) -> datetime | None:
    if pod.ready:
        return end.finished
    ready = conditions_of(pod.object).get("Ready")
    return (ready.since if ready is not None and ready.status != "True" else None) or pod.created
