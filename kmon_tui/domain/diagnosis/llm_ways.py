"""What is wrong on the way to an LLM, from its own conditions: gateway, route, pool, its routing group."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kmon_tui.domain.diagnosis import again, chain
from kmon_tui.domain.diagnosis.finding import GATEWAYS, ROUTES, Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, nodes, one_line, ref_of, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 120
_MISSING = (
    (
        "Gateway",
        "gateway-not-ready",
        re.compile(r"(?:non-existent |referenced )?Gateway (\S+?)/(\S+?)(?= does not| ?:.*not found|[\s;,]|$)"),
    ),
    ("InferencePool", "inference-pool", re.compile(r"Inference Pool (\S+?)/(\S+?)(?=:| not found)")),
    ("HTTPRoute", "route-not-accepted", re.compile(r"HTTPRoute (\S+?)/(\S+?)(?= does not|:)")),
)
_PLURALS = {
    "Gateway": GATEWAYS,
    "HTTPRoute": ROUTES,
    "InferencePool": "inferencepools.inference.networking.k8s.io",
}
_NOT_THERE = re.compile(r"does not exist|non-existent|not found", re.I)


class _Way(NamedTuple):
    """A condition of the way in."""

    type: str
    cause: str
    kind: str
    what: str
    """What a condition of this type says when the thing is there and does not do its work."""


_WAYS = (
    _Way("GatewaysReady", "gateway-not-ready", "Gateway", "its gateway is not ready"),
    _Way("HTTPRoutesReady", "route-not-accepted", "HTTPRoute", "its route is not accepted"),
    _Way(
        "InferencePoolReady",
        "inference-pool",
        "InferencePool",
        "KServe sees no gateway that has accepted its InferencePool",
    ),
)


def findings(scene: Scene) -> Iterator[Finding]:
    """Find what keeps requests from the pods."""
    for way in _WAYS:
        condition = scene.conditions.get(way.type)
        if condition is not None and condition.status == "False" and scene.lasts(condition, _PATIENCE_S):
            aimless = _aimless(scene) if way.kind == "InferencePool" else None
            yield _missing(scene, condition) or aimless or _blocked(scene, way, condition)
    yield from _group(scene)


def _missing(scene: Scene, condition: Condition) -> Finding | None:
    """Read that a gateway, route or pool that is named does not exist."""
    if not _NOT_THERE.search(condition.message):
        return None
    for kind, cause, rule in _MISSING:
        named = rule.search(condition.message)
        if named is None:
            continue
        ref = Ref(kind, named.group(2), named.group(1))
        there = next((one for one in scene.of_kind(kind) if ref_of(one) == ref), NOTHING)
        if there is not NOTHING:
            return _found_since(scene, condition, ref)
        plural, told = _PLURALS[kind], "KServe says that " if scene.tree.shallow else ""
        return Finding(
            cause,
            f"{told}the {kind} {ref.namespace}/{ref.name} that it needs does not exist",
            ref,
            condition.since,
            (Evidence(chain.said(condition), scene.ref, condition.since),),
            (Try("see which there are", kubectl("get", plural, "-A")),),
            str(ref),
        )
    return None


def _found_since(scene: Scene, condition: Condition, ref: Ref) -> Finding:
    """Say that what KServe missed is there."""
    return Finding(
        "stale-condition",
        f"KServe says that it found no {ref.kind} {ref.namespace}/{ref.name}, but there is one",
        ref,
        condition.since,
        (Evidence(chain.said(condition), scene.ref, condition.since, 0, True),),
        (again.by_kserve(scene.root, scene.ref), describe(ref)),
    )


def _aimless(scene: Scene) -> Finding | None:
    """Find a route of its own that leads to nothing, so that no gateway looks at the pool."""
    for route in scene.of_kind("HTTPRoute"):
        rules = nodes(route, "spec", "rules")
        if rules and not any(nodes(rule, "backendRefs") for rule in rules):
            ref = ref_of(route)
            return Finding(
                "route-not-accepted",
                f"the route {ref.name} leads to nothing: none of its rules has backendRefs, so no gateway looks at the "
                "InferencePool",
                ref,
                when(route, "metadata", "creationTimestamp"),
                (Evidence(f"HTTPRoute {ref.name}: {len(rules)} rules without backendRefs", ref, None, 1),),
                (describe(ref),),
            )
    return None


def _blocked(scene: Scene, way: _Way, condition: Condition) -> Finding:
    why = one_line(condition.message) or condition.reason
    unread = condition.reason.endswith("FetchError")
    what = f"KServe cannot read its {way.kind}" if unread else way.what
    found = next(iter(scene.of_kind(way.kind)), NOTHING)
    about = ref_of(found) if found is not NOTHING else scene.ref
    return Finding(
        way.cause,
        f"{what}{f': {why}' if why else ''}",
        about,
        condition.since,
        (),
        (Try("see the gateways and routes", kubectl("get", f"{GATEWAYS},{ROUTES}", "-A")),),
        str(about) if about.kind == "Gateway" else "",
    )


def _group(scene: Scene) -> Iterator[Finding]:
    degraded, group = scene.conditions.get("GroupDegraded"), scene.conditions.get("GroupReady")
    bad = (
        degraded
        if degraded is not None and degraded.status == "True"
        else (group if group is not None and group.status == "False" else None)
    )
    if bad is None:
        return
    if bad.reason == "MemberDivergence":
        what = "members of its routing group serve different models, and only those with the same share requests"
    else:
        what = "its routing group is degraded" if bad is degraded else "its routing group is broken"
    step = Evidence(chain.said(bad), scene.ref, bad.since, 0)
    yield Finding(
        "group-degraded",
        f"{what}: {one_line(bad.message) or bad.reason}",
        scene.ref,
        bad.since,
        (step,),
        (describe(scene.ref),),
    )
