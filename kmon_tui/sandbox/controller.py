"""The controller: makes of every new or changed service what KServe would, or the fault that its storageUri names."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.shelf import DELETED, Change
from kmon_tui.sandbox.world_actor import Actor, Stage
from kmon_tui.sandbox.world_faults import ANNOTATION
from kmon_tui.sandbox.world_state import GROUP, PLURALS, ServiceState, storage_uri
from kmon_tui.sandbox.world_synthetic import LABEL
from kmon_tui.sandbox.world_tasks import Tasks
from kmon_tui.sandbox.world_templates import documents, exists

FINALIZER = "inferenceservice.finalizers"
STOP = "serving.kserve.io/stop"
_MODE = "serving.kserve.io/deploymentMode"
_KINDS = {plural: kind for kind, plural in PLURALS.items()}
_STANDARD = ("Standard", "RawDeployment")
_OWN_NAMES = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "pmml",
    "lightgbm",
    "paddle",
    "huggingface",
)
_FAULT = "fault://"
_OWN_ANNOTATIONS = {STOP, _MODE, ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"}

Key = tuple[str, str, str]


class Controller:
    """Watches the services of a store and plays each one."""

    def __init__(self, stage: Stage, tasks: Tasks, *, default_mode: str = "knative") -> None:
        self._stage = stage
        self._tasks = tasks
        self._default_mode = default_mode
        self.actors: dict[Key, Actor] = {}
        self._seen: dict[Key, dict[str, Any]] = {}
        self._handed: dict[Key, dict[str, str]] = {}

    def adopt(self, actor: Actor) -> None:
        """Play a service that the world has placed."""
        state = actor.state
        key = (state.kind, state.namespace, state.name)
        self.actors[key] = actor
        self._seen[key] = state.spec
        if placed := self._stage.store.get(GROUP, PLURALS[key[0]], key[1], key[2]):
            self._handed[key] = _handed_down(placed)

    def saw(self, kind: Kind, change: Change) -> None:
        """Take in one change of the store: listens to it."""
        found = change.new.object
        if kind.group == GROUP and kind.plural in _KINDS:
            if LABEL not in found["metadata"].get("labels", {}):
                key = (_KINDS[kind.plural], change.new.namespace, change.new.name)
                self._saw_service(key, change.type, found)
        elif (kind.group, kind.plural) == ("", "pods") and change.type == DELETED:
            self._saw_pod_gone(change.new.namespace, change.new.name)

    def _saw_service(self, key: Key, change: str, found: dict[str, Any]) -> None:
        actor = self.actors.get(key)
        if change == DELETED:
            self._seen.pop(key, None)
            self._handed.pop(key, None)
            if self.actors.pop(key, None) is not None and actor is not None:
                self._later(actor.go, f"{key[1]}/{key[2]} goes")
            return
        if "deletionTimestamp" in found["metadata"]:
            self._let_go(key, found)
        elif actor is None:
            self._begin(key, found)
        else:
            self._changed(key, actor, found)

    def _begin(self, key: Key, found: dict[str, Any]) -> None:
        state = self.state_of(key[0], found)
        actor = self.actors[key] = Actor(self._stage, state)
        self._seen[key], self._handed[key] = found.get("spec", {}), _handed_down(found)
        stopped = _is_stopped(found)
        name = f"{key[1]}/{key[2]}"
        self._later(lambda: self._add_finalizer(key), f"{name} gets its finalizer")
        self._later(actor.stop if stopped else actor.roll_out, f"{name} begins")

    def _changed(self, key: Key, actor: Actor, found: dict[str, Any]) -> None:
        name = f"{key[1]}/{key[2]}"
        stopped = actor.state.stage == "stopped"
        handed = _handed_down(found)
        is_new = found.get("spec", {}) != self._seen.get(key) or handed != self._handed.setdefault(key, handed)
        if _is_stopped(found):
            if not stopped:
                actor.state.stage = "stopped"
                self._later(actor.stop, f"{name} stops")
        elif stopped or is_new:
            self._seen[key], self._handed[key] = found.get("spec", {}), handed
            state = self.state_of(key[0], found)
            if stopped:
                actor.state.stage = "new"
            self._later(lambda: actor.roll_out(lambda old: _renew(old, state)), f"{name} rolls out")

    def _let_go(self, key: Key, found: dict[str, Any]) -> None:
        async def remove_finalizer() -> None:
            now = self._stage.store.get(GROUP, PLURALS[key[0]], key[1], key[2])
            if now is not None and FINALIZER in now["metadata"].get("finalizers", ()):
                now["metadata"]["finalizers"] = [f for f in now["metadata"]["finalizers"] if f != FINALIZER]
                self._stage.store.put(now)

        if FINALIZER in found["metadata"].get("finalizers", ()):
            self._later(remove_finalizer, f"{key[1]}/{key[2]} is let go")

    async def _add_finalizer(self, key: Key) -> None:
        found = self._stage.store.get(GROUP, PLURALS[key[0]], key[1], key[2])
        if found is not None and key[0] == "InferenceService" and "deletionTimestamp" not in found["metadata"]:
            finalizers = found["metadata"].setdefault("finalizers", [])
            if FINALIZER not in finalizers:
                finalizers.append(FINALIZER)
                self._stage.store.put(found)

    def _saw_pod_gone(self, namespace: str, name: str) -> None:
        for actor in self.actors.values():
            if actor.state.namespace == namespace and name in actor.state.pods:
                self._later(partial(actor.replace, name), f"{namespace}/{name} is replaced")
                return

    def _later(self, work: Callable[[], Any], name: str) -> None:
        self._tasks.start(work(), name)

    def state_of(self, kind: str, found: dict[str, Any]) -> ServiceState:
        """Read what a service wants, with the defaults that KServe's webhook would put in."""
        metadata = found["metadata"]
        spec = _with_model(found.get("spec", {}))
        annotations = metadata.get("annotations", {})
        mode = {"LLMInferenceService": "llm", "InferenceGraph": "graph"}.get(kind, self._default_mode)
        if kind == "InferenceService" and _MODE in annotations:
            mode = "standard" if annotations[_MODE] in _STANDARD else "knative"
        model = spec.get("predictor", {}).get("model", {})
        model_format = str(model.get("modelFormat", {}).get("name", ""))
        runtime, image = runtime_of(kind, model, model_format)
        now_s = time.time()
        state = ServiceState(
            kind=kind,
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            mode=mode,
            spec=spec,
            created_s=now_s,
            changed_s=now_s,
            runtime=runtime or str(model.get("runtime", "")),
            image=image,
            format=model_format,
            canary_percent=int(spec.get("predictor", {}).get("canaryTrafficPercent") or 0),
        )
        state.replicas = {name: _wanted(spec, name) for name in state.components}
        named = str(annotations.get(ANNOTATION, ""))
        state.fault = named if named and exists(f"faults/{named}") else fault_of(spec, runtime, model)
        return state


def fault_of(spec: dict[str, Any], runtime: str, model: dict[str, Any]) -> str:
    """Name the fault with which a service shall fail; empty: it works."""
    uri = storage_uri(spec)
    if uri.startswith(_FAULT):
        name = uri.removeprefix(_FAULT).strip("/")
        return name if name and "/" not in name and exists(f"faults/{name}") else "storage-missing"
    if model and not runtime:
        return "unknown-runtime" if model.get("runtime") else "no-runtime"
    return ""


def runtime_of(kind: str, model: dict[str, Any], model_format: str) -> tuple[str, str]:
    """Give runtime and image: the one that is named, or the first that supports the format; empty: none."""
    runtimes = documents("runtimes.yaml")[0]["runtimes"]
    if kind == "LLMInferenceService":
        return "", "ghcr.io/llm-d/llm-d:v0.3.0"
    if kind == "InferenceGraph":
        return "", "kserve/router:v0.20.0"
    named = model.get("runtime")
    for name, about in runtimes.items():
        if name == named or (not named and model_format in about["formats"]):
            return str(name), str(about["image"])
    return "", "registry.example.com/custom/predictor:1.0"


def _with_model(spec: dict[str, Any]) -> dict[str, Any]:
    """Turn the old way to write a predictor, ``sklearn: {…}``, into ``model: {…}``, as the webhook does."""
    predictor = spec.get("predictor")
    if not isinstance(predictor, dict) or "model" in predictor:
        return spec
    for name in (*_OWN_NAMES, "huggingface"):
        if isinstance(predictor.get(name), dict):
            model = {"modelFormat": {"name": name}, **predictor[name]}
            rest = {key: value for key, value in predictor.items() if key != name}
            return {**spec, "predictor": {**rest, "model": model}}
    return spec


def _wanted(spec: dict[str, Any], component: str) -> int:
    if component == "workload":
        return int(spec.get("replicas", 1))
    return max(0, int((spec.get(component) or {}).get("minReplicas", 1)))


def _is_stopped(found: dict[str, Any]) -> bool:
    return str(found["metadata"].get("annotations", {}).get(STOP, "")).lower() == "true"


def _handed_down(found: dict[str, Any]) -> dict[str, str]:
    """Give the annotations that KServe hands down to the pods, so that a change of them makes new ones."""
    annotations: dict[str, str] = found["metadata"].get("annotations", {})
    return {name: value for name, value in annotations.items() if name not in _OWN_ANNOTATIONS}


def _renew(old: ServiceState, new: ServiceState) -> None:
    """Let the service want what its spec says now; its pods and what serves stay until the new ones do."""
    old.spec, old.runtime, old.image, old.format = new.spec, new.runtime, new.image, new.format
    old.replicas, old.fault, old.canary_percent = new.replicas, new.fault, 0
    if old.pods or old.ready_revision:
        old.revision += 1
    if old.mode != new.mode:
        old.mode = new.mode
