"""Conditions that say no while all goes as it should: what KServe, Knative and LeaderWorkerSet write on the way up."""

from __future__ import annotations

import re

from kmon_tui.domain.service import Condition

_REASONS = frozenset(
    {
        "",
        "MinimumReplicasUnavailable",
        "MinimumReplicasAvailable",
        "NewReplicaSetCreated",
        "NewReplicaSetAvailable",
        "ReplicaSetUpdated",
        "FoundNewReplicaSet",
        "RevisionMissing",
        "Deploying",
        "ResolvingDigests",
        "Uninitialized",
        "NoTraffic",
        "Progressing",
        "WaitingForGateway",
        "DeploymentNotReady",
        "CanariesNotReady",
        # LeaderWorkerSet only turns the status of a condition: these are words of the time when all was well.
        "AllGroupsReady",
        "GroupsProgressing",
        "GroupsUpdating",
    }
)
_ENDS = (" not ready", " not created", " Deployment NotReady")
_PART = re.compile(r"(?:^|, )(?:predictor|worker)-container: ")
"""KServe puts the reasons of head and workers into one: ``predictor-container: A, worker-container: B``."""
_ELSEWHERE = frozenset(
    {
        "Ready",
        "Stopped",
        # Roll-ups of an LLM, which repeat the reason of a part.
        "WorkloadsReady",
        "RouterReady",
        # The ways in have rules with a patience of their own, and are made once the pods are ready.
        "IngressReady",
        "GatewaysReady",
        "HTTPRoutesReady",
        "InferencePoolReady",
        # There is nothing to measure before pods serve; then the rule for autoscalers looks.
        "ScalingReady",
        "PrefillScalingReady",
        # Advice on the cluster's version, and groups in which each member goes on by itself.
        "OciImageVolumeCompatible",
        "GroupReady",
    }
)
"""Conditions that tell nothing of how pods come up."""


def passes(condition: Condition) -> bool:
    """Tell whether a condition that says no is one that every start and rollout passes through."""
    if condition.type in _ELSEWHERE or condition.reason.endswith(_ENDS):
        return True
    return all(part in _REASONS for part in _PART.split(condition.reason)) if condition.reason else True
