"""What the service asks for: where its model is, as whom it is fetched, and which runtime is to serve it."""

from __future__ import annotations

from kmon_tui.domain.diagnosis.reading import NOTHING, flag, name_of, node, nodes, number, text, texts
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.service import OLD_STYLE
from kmon_tui.domain.tree import Object


def leaf(scene: Scene, component: str = "predictor") -> Object:
    """Give the part of the spec that names the model: ``model``, or the old style's ``sklearn`` and its like."""
    spec = node(scene.root, "spec", component)
    for name in ("model", *OLD_STYLE):
        found = node(spec, name)
        if found:
            return found
    return node(scene.root, "spec", "model")


def uri(scene: Scene, pod: PodView | None = None) -> str:
    """Give the address of the model; empty when there is none."""
    own = _fetched_by(pod) if pod is not None else ""
    if own:
        return own
    component = pod.component if pod is not None else "predictor"
    asked = (
        leaf(scene, component)
        if component in ("predictor", "workload", "prefill")
        else node(scene.root, "spec", component)
    )
    return text(asked, "storageUri") or text(asked, "uri") or text(asked, "storage", "path")


def _fetched_by(pod: PodView) -> str:
    """Give the address that a pod's storage-initializer was told: the service may ask for another by now."""
    for container in nodes(pod.object, "spec", "initContainers"):
        if text(container, "name").startswith("storage-initializer"):
            # Where credentials tell scheme and bucket, there are placeholders: <scheme-placeholder>://path.
            return next((arg for arg in texts(container, "args") if "://" in arg and "<" not in arg), "")
    return ""


def account(pod: PodView | None) -> str:
    """Give the ServiceAccount that the pod runs as."""
    return (text(pod.object, "spec", "serviceAccountName") if pod is not None else "") or "default"


def format_of(scene: Scene) -> tuple[str, str]:
    """Give name and version of the model's format."""
    found = node(leaf(scene), "modelFormat")
    if text(found, "name"):
        return text(found, "name"), text(found, "version")
    spec = node(scene.root, "spec", "predictor")
    return next((name for name in OLD_STYLE if node(spec, name)), ""), ""


def named_runtime(scene: Scene) -> str:
    """Give the runtime that the service names; empty when KServe may choose."""
    return text(leaf(scene), "runtime")


def runtime_object(scene: Scene, name: str) -> Object:
    """Give a runtime; the namespace's own comes before the cluster's."""
    found = scene.find("ServingRuntime", name)
    return found if found is not NOTHING else scene.find("ClusterServingRuntime", name)


def equal_runtimes(scene: Scene) -> tuple[str, ...]:
    """Name the runtimes among which KServe had to choose without a priority that decides."""
    name, version = format_of(scene)
    if not name:
        return ()
    fits: list[tuple[int, str]] = []
    protocol = text(leaf(scene), "protocolVersion") or "v1"
    for kind in ("ServingRuntime", "ClusterServingRuntime"):
        for runtime in scene.of_kind(kind):
            if flag(runtime, "spec", "disabled") or flag(runtime, "spec", "multiModel"):
                continue
            spoken = texts(runtime, "spec", "protocolVersions")
            if spoken and protocol not in spoken:
                continue
            for entry in nodes(runtime, "spec", "supportedModelFormats"):
                right = text(entry, "name") == name and (not version or text(entry, "version") == version)
                if right and flag(entry, "autoSelect"):
                    fits.append((number(entry, "priority") or 0, name_of(runtime)))
                    break
        if fits:
            break  # those of the namespace come first, whatever the cluster has
    best = max((priority for priority, _ in fits), default=0)
    return tuple(sorted({runtime for priority, runtime in fits if priority == best}))
