"""Every State that a screen must say something about, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Kind, Readiness, Replicas, TrafficShare
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, State
from kmon_tui.domain.verdict import Diagnosis
from tests.ui.samples import LIVE, NOW, PLACE, ago, isvc, ready_state, services, with_fleet

HOSTILE = "[red]\x1b[31mevil\x00\u202eesrever\u200b\u202c[/red] \U0001f469\u200d\U0001f4bb \u6a21\u578b"


def failing(error: str, hint: str = "") -> Health:
    """Make the health of a source that has failed for 40 s."""
    return Health(status=Status.FAILING, error=error, hint=hint, since=ago(seconds=40))


def no_api(health: Health, *, old: bool = False) -> State:
    """Make the State while the API fails, with or without old services."""
    fleet = Fleet(services=services() if old else (), synced=old, health=health, kinds=tuple(Kind) if old else ())
    before = ready_state()
    return replace(
        before, fleet=fleet, health={KUBERNETES: health, PROMETHEUS: LIVE}, traffic=before.traffic if old else None
    )


def no_prometheus(health: Health | None, *, old: bool = False) -> State:
    """Make the State while Prometheus fails (or is not configured), with or without old numbers."""
    ready = ready_state()
    sources = {KUBERNETES: LIVE} if health is None else {KUBERNETES: LIVE, PROMETHEUS: health}
    report = ready.traffic if old else None
    if report is not None:
        newest = NOW + timedelta(seconds=115)
        report = replace(report, prometheus=replace(report.prometheus, now=newest))
    return replace(ready, health=sources, traffic=report)


def without_families() -> State:
    """Make the State of a Prometheus that knows nothing of KServe."""
    ready = ready_state()
    assert ready.traffic is not None
    empty = replace(ready.traffic.prometheus, families=(), sampled_at=None)
    return replace(ready, traffic=replace(ready.traffic, prometheus=empty, traffic={}, buckets={}))


def stale_target() -> State:
    """Make the State in which one target has not been scraped for two minutes."""
    ready = ready_state()
    assert ready.traffic is not None
    old = {
        key: traffic._replace(sampled_at=ago(seconds=130)) if key.name == "bert-ner" else traffic
        for key, traffic in ready.traffic.traffic.items()
    }
    return replace(ready, traffic=replace(ready.traffic, traffic=old))


def folded() -> State:
    """Make the State in which eight services fail for one cause."""
    alike = tuple(
        isvc(
            f"llm-{i}",
            f"team-{i % 3}",
            Readiness.FAILED,
            reason="Unschedulable",
            since=ago(minutes=9),
            message=f"0/{i} nodes are available: {i} Insufficient nvidia.com/gpu for llm-{i}",
            replicas=Replicas(0, 1),
        )
        for i in range(8)
    )
    return with_fleet(ready_state(), services=tuple(sorted((*services(), *alike), key=lambda service: service.key)))


def not_serving() -> State:
    """Make the State in which a service is Ready, but none of its pods is."""
    broken = isvc("liar", "demo", Readiness.READY, replicas=Replicas(0, 2))
    return with_fleet(ready_state(), services=tuple(sorted((*services(), broken), key=lambda service: service.key)))


def stuck() -> State:
    """Make the State in which a known cause stands in a rollout's way, and something of what serves is broken."""
    held = isvc("held", "demo", Readiness.ROLLING, replicas=Replicas(1, 2), since=ago(minutes=4))
    blind = isvc("blind", "demo", Readiness.READY, complaint="HorizontalPodAutoscaler blind-predictor")
    state = with_fleet(ready_state(), services=tuple(sorted((*services(), held, blind), key=lambda one: one.key)))
    quota = "no pods can be made for held-predictor: the quota small has no room for the pod, which wants 2 cpu"
    metric = "the autoscaler blind-predictor cannot read its metric: no metrics API"
    reasons = {held.key: Diagnosis("quota", quota), blind.key: Diagnosis("autoscaler-metrics", metric)}
    return replace(state, reasons=reasons)


def hostile() -> State:
    """Make the State of a cluster whose text is an attack."""
    bad = isvc(
        HOSTILE,
        "x" * 253,
        Readiness.FAILED,
        reason=HOSTILE,
        message=HOSTILE,
        since=ago(minutes=1),
        runtime=HOSTILE,
        url=HOSTILE,
        traffic=(TrafficShare(HOSTILE, 50), TrafficShare("b", 50)),
    )
    both = sorted((bad, isvc("a" * 253, "demo", Readiness.READY)), key=lambda service: service.key)
    state = with_fleet(ready_state(), services=tuple(both), notes=(HOSTILE,))
    return replace(state, place=replace(PLACE, context=HOSTILE))


STATES: Mapping[str, State] = {
    "starting": State(),
    "connecting": State(place=PLACE),
    "unreachable": no_api(failing("no answer from https://10.0.0.1:6443 (timed out)", "Is the VPN up?")),
    "unreachable_old": no_api(failing("no answer from https://10.0.0.1:6443 (timed out)", "Is the VPN up?"), old=True),
    "unauthorized": no_api(failing("the server does not know you (401): the token has expired", "log in again")),
    "forbidden": no_api(
        failing("ops may not list inferenceservices in namespace demo (403)", "see manifests/role.yaml")
    ),
    "no_kserve": replace(ready_state(), fleet=Fleet(synced=True, health=LIVE), traffic=None),
    "no_isvc_kind": replace(ready_state(), fleet=Fleet(synced=True, health=LIVE, kinds=(Kind.LLM,)), traffic=None),
    "no_services": replace(
        ready_state(), fleet=Fleet(synced=True, health=LIVE, kinds=tuple(Kind), namespace="demo"), traffic=None
    ),
    "ready": ready_state(),
    "one_namespace": with_fleet(
        ready_state(), namespace="risk", services=tuple(s for s in services() if s.key.namespace == "risk")
    ),
    "long_context": replace(
        ready_state(), place=Place(context=PLACE.contexts[3], namespace=None, contexts=PLACE.contexts)
    ),
    "no_prometheus": no_prometheus(None),
    "prometheus_starting": no_prometheus(Health()),
    "prometheus_down": no_prometheus(failing("http://prometheus:9090 refused the connection", "Is it running?")),
    "prometheus_down_old": no_prometheus(
        failing("http://prometheus:9090 refused the connection", "Is it running?"), old=True
    ),
    "prometheus_empty": without_families(),
    "stale_target": stale_target(),
    "folded": folded(),
    "not_serving": not_serving(),
    "hostile": hostile(),
    "stuck": stuck(),
    "notes": with_fleet(ready_state(), notes=("may not list pods in all namespaces: replicas are not known",)),
}
