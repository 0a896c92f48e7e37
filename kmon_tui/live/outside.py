"""Which of several families tells the numbers of a service, and what callers saw of what the activator counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kmon_tui.domain.traffic import Family
from kmon_tui.live.flow import Flow
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Role
from kmon_tui.live.packs.ingress import ACTIVATORS
from kmon_tui.live.target import Target

_KNOWS_FAILURES = (Family.VLLM, Family.MLSERVER, Family.TRITON, Family.TORCHSERVE)


def best_family(families: Mapping[Family, Sequence[Target]], wanted: Family | None = None) -> Family:
    """Choose the family that a person wants, else the best one.

    An alias without status codes only repeats what a model server counts, so a server that knows more goes before it.
    """
    if len(families) == 1:
        return next(iter(families))
    if wanted is not None and wanted in families:
        return wanted
    best = next(family for family in DIALECTS if family in families)
    if best is Family.ALIAS and not any(_coded(target) for target in families[best]):
        return next((family for family in _KNOWS_FAILURES if family in families), best)
    return best


def with_pods(users: Flow, pods: Flow | None) -> None:
    """Let the newest step of what the activator counted hold what callers saw of all requests.

    Most requests go past the activator, and those that it lets through are counted by queue-proxy, too. So there were
    at least as many as either counted, those that only the activator refused on top.
    """
    if users.family not in ACTIVATORS or users.lost:
        return
    front = users.sums()
    behind = pods.sums() if pods is not None and not pods.lost else None
    if front is None or behind is None:
        return
    bad, requests = seen_by_users((front.bad, front.requests), (behind.bad, behind.requests))
    covered_s = max(front.covered_s, behind.covered_s)
    users.override(requests / covered_s if covered_s > 0 else None, bad / requests if requests > 0 else None)


def seen_by_users(activator: tuple[float, float], pods: tuple[float, float]) -> tuple[float, float]:
    """Give (failed, all) requests as callers saw them, from those two of the activator and of the pods."""
    refused = max(0.0, activator[0] - pods[0])
    return max(activator[0], pods[0]), max(activator[1], pods[1] + refused)


def _coded(target: Target) -> bool:
    return any(code.endswith("xx") for role, code in target.slots if role is Role.REQUESTS)
