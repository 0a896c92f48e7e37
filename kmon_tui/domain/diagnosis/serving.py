"""What still answers requests while something is wrong."""

from __future__ import annotations

from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, node, nodes, number, text
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.service import Kind, Mode

_NOTHING = "nothing serves"
_COMPONENT_ORDER = ("transformer", "predictor", "router", "workload")


def still(scene: Scene, component: str = "") -> str:
    """Say what still serves; empty when all does or it is not known. ``component`` is the one at fault."""
    if scene.mode is Mode.MODELMESH:
        state = text(scene.root, "status", "modelStatus", "states", "activeModelState")
        return "the copy that was loaded before still serves" if state == "Loaded" else _NOTHING
    entry = entry_of(scene)
    if component not in ("", entry) and nodes(scene.root, "status", "components", component, "traffic"):
        entry = component
    shares = nodes(scene.root, "status", "components", entry, "traffic")
    if shares and scene.mode is not Mode.STANDARD:
        return _by_revision(scene, entry)
    if scene.blind_to("Pod") or not scene.tree.synced:
        return ""
    return _by_pods(scene, entry)


def unreached(scene: Scene) -> str:
    """Say what serves while the way to it is at fault."""
    if not any(pod.ready for pod in scene.pods):
        return still(scene)
    if scene.mode is Mode.KNATIVE:
        return "nothing serves: its pods are ready, but no requests reach them"
    return "its pods are ready, but no requests from outside reach them"


def entry_of(scene: Scene) -> str:
    """Name the component that callers meet first."""
    if scene.ref.kind == Kind.LLM:
        return "workload"
    if scene.ref.kind == Kind.GRAPH:
        return "router"
    return "transformer" if node(scene.root, "spec", "transformer") else "predictor"


def short(revision: str) -> str:
    """Give the end of a revision's name, a number or some letters, by which people call it."""
    return revision.rpartition("-")[2]


def _by_revision(scene: Scene, entry: str) -> str:
    shares: dict[str, int] = {}
    held = False
    # While a canary is not ready, Knative gives its part to the revision before it, in an entry of its own.
    for part in nodes(scene.root, "status", "components", entry, "traffic"):
        percent, revision = number(part, "percent") or 0, text(part, "revisionName")
        if percent > 0 and _answers(scene, revision):
            shares[revision] = shares.get(revision, 0) + percent
        held = held or (percent > 0 and _gets_none(scene, revision))
    good = [f"{short(revision)} takes {percent} %" for revision, percent in shares.items()]
    behind = _behind(scene, entry)
    if behind:
        return behind
    if not good:
        return _NOTHING if held or not scene.ready or any(pod.live for pod in scene.pods) else ""
    return ", ".join(good)


def _answers(scene: Scene, revision: str) -> bool:
    """Whether a revision has a pod that is ready, or is ready to be woken."""
    if any(pod.ready and pod.version == revision for pod in scene.pods):
        return True
    obj = scene.find("Revision", revision)
    ready = conditions_of(obj).get("Ready") if obj is not NOTHING else None
    if ready is not None:
        idle = not any(pod.live and pod.version == revision for pod in scene.pods)
        return ready.status == "True" and idle and not _gets_none(scene, revision)
    if any(pod.live and pod.version == revision for pod in scene.pods):
        return False
    latest = text(scene.root, "status", "components", entry_of(scene), "latestCreatedRevision")
    return revision != latest or scene.ready


def _gets_none(scene: Scene, revision: str) -> bool:
    """Tell of a revision that is to be woken and gets no pods: its callers wait."""
    made = scene.find("Deployment", f"{revision}-deployment")
    return bool(number(made, "spec", "replicas")) and number(made, "status", "replicas") in (None, 0)


def _behind(scene: Scene, entry: str) -> str:
    """Tell of a predictor that is ready behind a transformer that is not, or the other way round."""
    if entry != "transformer":
        return ""
    down = [part for part in ("transformer", "predictor") if _down(scene, part)]
    if down == ["transformer"]:
        return "nothing serves: the predictor is ready, but callers come through the transformer"
    return "nothing serves: the transformer is ready, but has no predictor to ask" if down == ["predictor"] else ""


def _unpicked(scene: Scene, ready: list[PodView]) -> str:
    """Tell of pods that are ready while the scheduler that picks one of them is not."""
    scheduler = scene.conditions.get("SchedulerWorkloadReady")
    if not ready or scheduler is None or scheduler.status != "False":
        return ""
    return "nothing serves: its pods are ready, but the scheduler that picks one for a request is not"


def _down(scene: Scene, component: str) -> bool:
    condition = scene.conditions.get(f"{component.capitalize()}Ready")
    if any(pod.ready for pod in scene.pods if pod.component == component):
        return False
    return condition is not None and condition.status != "True"


def _by_pods(scene: Scene, entry: str) -> str:
    pods = [pod for pod in scene.pods if pod.component == entry and pod.live]
    current = [pod for pod in pods if pod.current]
    ready, old = [pod for pod in current if pod.ready], [pod for pod in pods if pod.ready and not pod.current]
    behind = _behind(scene, entry) or _unpicked(scene, ready)
    if behind:
        return behind
    if old:
        count = "1 pod" if len(old) == 1 else f"{len(old)} pods"
        serve = "serves" if len(old) == 1 else "serve"
        also = f"{len(ready)} of {len(current)} new pods are ready, and " if ready else ""
        return f"{also}{count} of the previous version still {serve}"
    if not ready:
        return _NOTHING if entry in _COMPONENT_ORDER else ""
    return "" if len(ready) == len(current) else f"{len(ready)} of {len(current)} pods are ready"
