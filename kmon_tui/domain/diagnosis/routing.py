"""What is wrong on the way to a model that is itself ready: Knative's route, the ingress, the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kmon_tui.domain.diagnosis import again, chain
from kmon_tui.domain.diagnosis.finding import GATEWAYS, ROUTES, Finding, controller, describe, kserve_config, kubectl
from kmon_tui.domain.diagnosis.outlived import MOVING
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, name_of, node, nodes, one_line, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Condition, Mode
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_POOL = re.compile(r'InferencePool "?(?:[^"\s/]+/)?([^"\s]+?)"? not found')
_PATIENCE_S = 120
_FOLLOWS = frozenset({"RevisionMissing", "RevisionFailed", "Stopped", MOVING})
"""Reasons of a route that only repeat that a revision is not ready, or that one is taking over bit by bit."""
_ROUTES = (
    ("PredictorRouteReady", "PredictorConfigurationReady"),
    ("TransformerRouteReady", "TransformerConfigurationReady"),
    ("ExplainerRoutesReady", "ExplainerConfigurationReady"),
    ("RoutesReady", "ConfigurationsReady"),
)
"""Of the components, and of a graph, which has the conditions of its Knative service: each with what it waits for."""
_COMPONENTS = ("PredictorReady", "TransformerReady", "ExplainerReady")


def findings(scene: Scene) -> Iterator[Finding]:
    """Find what keeps requests from the model."""
    for route in scene.of_kind("HTTPRoute"):
        found = http_route(scene, route)
        if found is not None:
            yield found
    if scene.ready:
        return
    # KServe 0.17 and later warn of this in every mode, and wait for it in none: it can only explain a missing way.
    crd = chain.newest_event(scene, scene.ref, frozenset({"VirtualServiceCRDNotFound"}))
    if crd is not NOTHING and scene.mode is Mode.KNATIVE and _made(scene):
        yield Finding(
            "ingress-not-configured",
            "Istio's VirtualService kind is not installed, and KServe is set up to use it",
            scene.ref,
            None,
            (chain.of_event(crd, scene.ref, 1),),
            (kserve_config("install Istio, or set disableIstioVirtualHost in KServe's configuration"),),
            "Istio",
        )
    yield from _routes(scene)
    yield from _ingress(scene)


def http_route(scene: Scene, route: Object) -> Finding | None:
    """Tell why a gateway does not take an HTTPRoute; None when it does, or has not had the time to say."""
    ref = ref_of(route)
    parents = nodes(route, "status", "parents")
    for parent in parents:
        gateway = _gateway(parent, ref)
        for condition in conditions_of({"status": parent}).values():
            if condition.type not in ("Accepted", "ResolvedRefs") or condition.status != "False":
                continue
            late = _POOL.search(condition.message)
            if late is not None and scene.find("InferencePool", late.group(1)) is not NOTHING:
                return _late_pool(route, condition, late.group(1))
            verdict = (
                f"the gateway {gateway.name} does not take the route {ref.name}: "
                if condition.type == "Accepted"
                else (f"the route {ref.name} points at something that is not there: ")
            )
            step = Evidence(f"HTTPRoute {ref.name}: {chain.said(condition)}", ref, condition.since, 1)
            return Finding(
                "route-not-accepted",
                verdict + (one_line(condition.message) or condition.reason),
                ref,
                condition.since,
                (step,),
                (describe(ref),),
            )
    made = when(route, "metadata", "creationTimestamp")
    if parents or not scene.older_than(made, _PATIENCE_S):
        return None
    wanted = [_gateway({"parentRef": parent}, ref) for parent in nodes(route, "spec", "parentRefs")]
    named = " and ".join(f"{gateway.namespace}/{gateway.name}" for gateway in wanted) or "?"
    step = Evidence(f"HTTPRoute {ref.name}: no gateway has written a status", ref, made, 1)
    return Finding(
        "gateway-not-ready",
        f"no gateway has looked at the route {ref.name}: is there a Gateway {named}, and does its controller run?",
        wanted[0] if wanted else ref,
        made,
        (step,),
        (Try("see the gateways", kubectl("get", GATEWAYS, "-A")),),
        f"Gateway {named}",
    )


def _late_pool(route: Object, condition: Condition, pool: str) -> Finding:
    """Say that a gateway has not noticed that what a route leads to was made after the route."""
    ref = ref_of(route)
    stamp = f'{{"metadata":{{"annotations":{{"{again.KEY}":"{again.count(route, "annotations")}"}}}}}}'
    return Finding(
        "stale-condition",
        f"the gateway still says of the route {ref.name} that there is no InferencePool {pool}, which is there by now",
        ref,
        condition.since,
        (Evidence(f"HTTPRoute {ref.name}: {chain.said(condition)}", ref, condition.since, 1, True),),
        (
            Try(
                "make the gateway look at the route again (any change of its spec; an annotation is enough for some)",
                kubectl("patch", ROUTES, ref.name, "--type=merge", "-p", stamp, namespace=ref.namespace),
            ),
        ),
    )


def _gateway(parent: Object, route: Ref) -> Ref:
    wanted = node(parent, "parentRef")
    return Ref(
        text(wanted, "kind") or "Gateway", text(wanted, "name") or "?", text(wanted, "namespace") or route.namespace
    )


def _routes(scene: Scene) -> Iterator[Finding]:
    """Find a Knative route that waits for its ingress although its revision is ready."""
    for route in scene.of_kind("Route"):
        ready = conditions_of(route).get("Ready")
        if ready is not None and _bad(scene, ready, route):
            yield _route(scene, ref_of(route), ready)
            return
    if scene.of_kind("Route"):
        return
    for above, below in _ROUTES:
        condition, configuration = scene.conditions.get(above), scene.conditions.get(below)
        made = configuration is not None and configuration.status == "True"
        if condition is not None and made and _bad(scene, condition):
            yield _route(scene, scene.ref, condition)
            return


def _bad(scene: Scene, condition: Condition, obj: Object = NOTHING) -> bool:
    waits = condition.status != "True" and condition.reason not in _FOLLOWS
    return waits and bool(condition.reason or condition.message) and scene.lasts(condition, _PATIENCE_S, obj)


def _route(scene: Scene, ref: Ref, condition: Condition) -> Finding:
    why = ", ".join(word for word in (condition.reason, one_line(condition.message)) if word)
    step = Evidence(f"{ref.kind} {ref.name}: {chain.said(condition)}", ref, condition.since, 1)
    return Finding(
        "ingress-not-configured",
        f"its revision is ready and no ingress leads to it: {why}",
        ref,
        condition.since,
        (step,),
        (
            Try("see Knative's ingress", kubectl("get", "kingress", namespace=scene.ref.namespace)),
            Try(
                "see whether the network layer runs",
                kubectl("get", "pods", "-A", "-l", "networking.knative.dev/ingress-provider"),
            ),
        ),
        "Knative's network layer",
    )


def _made(scene: Scene) -> bool:
    """Tell whether all components have been ready for a while, so that only the way to them is missing."""
    parts = [scene.conditions[type_] for type_ in _COMPONENTS if type_ in scene.conditions]
    return bool(parts) and all(part.status == "True" and scene.lasts(part, _PATIENCE_S) for part in parts)


def _ingress(scene: Scene) -> Iterator[Finding]:
    condition = scene.conditions.get("IngressReady")
    if condition is None or condition.status == "True" or not scene.lasts(condition, _PATIENCE_S):
        return
    if not _made(scene):
        return
    why = ", ".join(word for word in (condition.reason, one_line(condition.message)) if word)
    ingress = scene.find("Ingress", name_of(scene.root))
    ref = ref_of(ingress) if ingress is not NOTHING else scene.ref
    yield Finding(
        "ingress-not-configured",
        f"the model is ready and the way to it is not: {why or 'no reason is given'}",
        ref,
        condition.since,
        (),
        (
            Try(
                "see what was made for it",
                kubectl("get", ",".join(_ways(scene)), namespace=scene.ref.namespace),
            ),
            controller(scene.ref)[1],
        ),
    )


def _ways(scene: Scene) -> list[str]:
    """Name the kinds that lead to this service; kubectl gives none of a list in which one is not installed."""
    there = {"HTTPRoute": ROUTES, "VirtualService": "virtualservices.networking.istio.io"}
    return ["ingress", *[name for kind, name in there.items() if scene.of_kind(kind)]]
