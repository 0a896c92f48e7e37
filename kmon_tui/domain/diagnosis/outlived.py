"""What Knative said of a revision and its pods have left behind: it looks again only when the Deployment changes."""

from __future__ import annotations

import re

from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Condition

FAILED = re.compile(r'Revision "([^"]+)" failed with message: (.*)', re.S)
_OF_PODS = re.compile(r"nodes are available|Container failed with:|unbound immediate|persistentvolumeclaim", re.I)
"""What Knative reads off a pod at one moment: the scheduler's first no, the last end of a container."""
_REASONS = re.compile(r"^(Unschedulable|SchedulerError|ExitCode\d+)$")
MOVING = "RolloutInProgress"
"""Reason of a route that is moved to the newest revision bit by bit, as the annotation rollout-duration asks."""


def of_pods(scene: Scene, revision: str, reason: str, said: str) -> bool:
    """Tell whether a failed revision only repeats what one of its pods went through.

    The pods themselves are asked first: where they are there and nothing is wrong
    with them, what is said of them is over.
    """
    if not (_REASONS.match(reason) or _OF_PODS.search(said)):
        return False
    return any(pod.version == revision for pod in scene.current)


def outlived(scene: Scene, condition: Condition) -> bool:
    """Tell the same of a condition of the service."""
    told = FAILED.search(condition.message)
    return told is not None and of_pods(scene, told.group(1), "", told.group(2))


def moving(scene: Scene) -> Condition | None:
    """Give the condition that tells of a gradual rollout that goes on."""
    return next((one for one in scene.conditions.values() if one.status != "True" and one.reason == MOVING), None)
