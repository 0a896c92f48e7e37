"""Is everything installed that the walk needs, and in a version that it knows: Kubernetes, KServe, Knative, Helm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kmon_tui.domain.doctor import charts, fixes
from kmon_tui.domain.doctor.facts import ClusterFacts, Told, Workload
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.doctor.version import OPENTELEMETRY, tag_of, version_of, words

OLDEST_KUBERNETES = (1, 22, 0)
"""Server-side apply, which deploy uses, is complete from here on."""
OLDEST_KSERVE, NEWEST_KSERVE = (0, 10, 0), (0, 20, 99)
OLDEST_CHART = 15
MOST_SKEW_S, LONGEST_SKEW_S = 5.0, 60.0
_APPLY_KSERVE = (
    "kubectl apply --server-side -f kserve-crds.yaml -f kserve.yaml    # files of a KServe release from 0.10 on"
)
_UNTIL_NEWER = "kubectl apply -f FILE    # instead of deploy, until the control plane is 1.22 or newer"


def cluster_findings(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge what the API server told."""
    yield _kubernetes(facts.version)
    yield from _clock("kubernetes.clock", "clock of the API server", facts.skew_s)
    yield _kserve(facts)
    yield _knative(facts)
    if (observability := _observability(facts)) is not None:
        yield observability
    yield _chart(facts.prometheus)


def knative_version(facts: ClusterFacts) -> str:
    """Give Knative's version as its own labels or images tell it; empty where nobody knows."""
    for workload in facts.knative.value or ():
        told = workload.labels.get("app.kubernetes.io/version") or workload.labels.get("serving.knative.dev/release")
        for text in (told or "", *(tag_of(image) for image in workload.images)):
            if version_of(text):
                return text.removeprefix("v")
    return ""


def is_protocol_off(facts: ClusterFacts) -> bool | None:
    """Whether queue-proxy counts nothing by configuration; None when that is not known."""
    if not _has_knative(facts):
        return False
    version = version_of(knative_version(facts))
    settings = facts.observability.value
    if settings is None:
        return None
    if version is None:
        protocol = settings.get("request-metrics-protocol")
        return None if protocol is None else protocol in ("none", "")
    if version >= OPENTELEMETRY:
        return settings.get("request-metrics-protocol", "none") in ("none", "")
    return settings.get("metrics.request-metrics-backend-destination", "prometheus") == "none"


def skew_status(skew_s: float) -> Status:
    """Judge a difference of clocks."""
    far = abs(skew_s)
    return Status.FAIL if far > LONGEST_SKEW_S else Status.WARN if far > MOST_SKEW_S else Status.OK


def _clock(id_: str, title: str, skew: Told[float]) -> Iterable[Finding]:
    if skew.value is None:
        return
    yield clock_finding(id_, title, skew.value)


def clock_finding(id_: str, title: str, skew_s: float) -> Finding:
    """Say how far a clock is from ours."""
    status = skew_status(skew_s)
    if status is Status.OK:
        return Finding(id_, title, status, f"within {max(1, round(abs(skew_s)))} s of ours")
    word = "ahead of" if skew_s > 0 else "behind"
    fix = "timedatectl set-ntp true    # on the machine whose clock is wrong; compare: date -u"
    return Finding(id_, title, status, f"{abs(skew_s):.0f} s {word} ours: ages and windows are wrong", fix=fix)


def _kubernetes(told: Told[str]) -> Finding:
    title, version = "Kubernetes", version_of(told.value or "")
    if told.value is None:
        return Finding("kubernetes.version", title, Status.UNKNOWN, told.why)
    if version is not None and version < OLDEST_KUBERNETES:
        text = f"{told.value}: deploy needs 1.22 or newer (server-side apply)"
        return Finding("kubernetes.version", title, Status.WARN, text, fix=_UNTIL_NEWER)
    return Finding("kubernetes.version", title, Status.OK, told.value)


def _kserve(facts: ClusterFacts) -> Finding:
    title, groups = "KServe", facts.groups.value
    if groups is not None and "serving.kserve.io" not in groups:
        text = "is not installed: there are no serving.kserve.io kinds"
        return Finding("kserve.version", title, Status.FAIL, text, fix=_APPLY_KSERVE)
    served = groups.get("serving.kserve.io", ()) if groups is not None else ()
    if served and "v1beta1" not in served:
        text = f"has no InferenceService v1beta1, only {', '.join(served)}"
        return Finding("kserve.version", title, Status.FAIL, text, fix=_APPLY_KSERVE)
    kinds = f"serves {', '.join(served)}" if served else ""
    controller = _controller(facts.kserve)
    if controller is None:
        why = facts.kserve.why or "no kserve-controller-manager was found"
        status = Status.UNKNOWN if facts.kserve.value is None else Status.WARN
        text = f"the version is not known: {why}" + (f"; {kinds}" if kinds else "")
        fix = "kubectl get deployments -A -l control-plane=kserve-controller-manager" if status is Status.WARN else ""
        return Finding("kserve.version", title, status, text, fix=fix)
    return _controller_finding(controller, kinds)


def _controller_finding(controller: Workload, kinds: str) -> Finding:
    title = "KServe"
    # Its proxy has a version of its own, and stands first in the charts up to 0.16.
    own = [image for image in controller.images if "rbac-proxy" not in image]
    told = next((tag for image in own if version_of(tag := tag_of(image))), "")
    version = version_of(told or controller.labels.get("app.kubernetes.io/version", ""))
    where = f"{controller.namespace}/{controller.name}"
    evidence = (*(f"image {image}" for image in controller.images), *((kinds,) if kinds else ()))
    if controller.ready == 0:
        what = "has no ready pod" if controller.desired else "is scaled to 0"
        text = f"the controller {where} {what}: nothing becomes ready, deletions hang"
        fix = fixes.start_controller(controller, "control-plane=kserve-controller-manager")
        return Finding("kserve.version", title, Status.FAIL, text, evidence, fix)
    if version is None:
        return Finding(
            "kserve.version", title, Status.OK, f"runs ({where}); its image does not tell its version", evidence
        )
    release = controller.annotations.get(fixes.HELM_RELEASE, "")
    by_helm = f", Helm release {release}" if release else ""
    if version < OLDEST_KSERVE:
        text = f"{words(version)}{by_helm} is older than 0.10: names of pods and services differ"
        fix = charts.newer(release, controller.namespace) if release else _APPLY_KSERVE
        return Finding("kserve.version", title, Status.WARN, text, evidence, fix)
    newer = " (newer than the 0.20 that kmon-tui knows)" if version > NEWEST_KSERVE else ""
    text = f"{told.removeprefix('v') or words(version)}{newer}{by_helm}"
    return Finding("kserve.version", title, Status.OK, text, evidence)


def _knative(facts: ClusterFacts) -> Finding:
    title = "Knative"
    if facts.groups.value is not None and not _has_knative(facts):
        return Finding("knative.version", title, Status.SKIPPED, "is not installed: models run in Standard mode")
    if facts.knative.value is None:
        return Finding("knative.version", title, Status.UNKNOWN, facts.knative.why or "its version is not known")
    told = knative_version(facts)
    version = version_of(told)
    if not facts.knative.value:
        text = "its kinds are there, but none of its controllers was found: is it still installed?"
        return Finding("knative.version", title, Status.UNKNOWN, text)
    if version is None:
        return Finding("knative.version", title, Status.OK, "is installed; its version is not told by labels or images")
    unit = "http_server_request_duration_seconds" if version >= OPENTELEMETRY else "revision_request_latencies, in ms"
    down = [one for one in facts.knative.value if one.ready == 0 and one.desired]
    if down:
        names = ", ".join(one.name for one in down)
        fix = "\n".join(fixes.start_controller(one, f"app={one.name}") for one in down)
        return Finding("knative.version", title, Status.FAIL, f"{told}: {names} has no ready pod", fix=fix)
    return Finding("knative.version", title, Status.OK, f"{told}: queue-proxy counts {unit}")


def _observability(facts: ClusterFacts) -> Finding | None:
    """Whether Knative counts at all: since 1.19 it does not, unless it is told to."""
    if facts.groups.value is not None and not _has_knative(facts):
        return None
    title, id_ = "Knative's metrics", "knative.protocol"
    settings, version = facts.observability.value, version_of(knative_version(facts))
    if settings is None:
        if not facts.observability.why:
            return None
        return Finding(id_, title, Status.UNKNOWN, facts.observability.why)
    protocol = settings.get("request-metrics-protocol")
    evidence = tuple(f"config-observability {name}: {value}" for name, value in _telling(settings))
    fix = fixes.switch_on_knative(facts.observability_namespace, knative_version(facts))
    if is_protocol_off(facts):
        text = "are off (request-metrics-protocol: none, the default since 1.19): queue-proxy counts nothing"
        if version is not None and version < OPENTELEMETRY:
            text = "are off (metrics.request-metrics-backend-destination: none): queue-proxy counts nothing"
        return Finding(id_, title, Status.FAIL, text, evidence, fix)
    if version == OPENTELEMETRY and not settings.get("request-metrics-endpoint"):
        text = "Knative 1.19.0 with request-metrics-protocol: prometheus binds port 9090 twice: queue-proxy crashes"
        return Finding(id_, title, Status.FAIL, text, evidence, fix)
    if protocol is None and version is None:
        text = "are off from 1.19 on unless request-metrics-protocol says prometheus, and the version is not known"
        return Finding(id_, title, Status.UNKNOWN, text, evidence)
    if protocol not in (None, "prometheus"):
        text = f"are sent by {protocol}: Prometheus cannot scrape them, a collector has to hand them on"
        return Finding(id_, title, Status.WARN, text, evidence, fix)
    return Finding(id_, title, Status.OK, "are on", evidence)


def component_findings(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether autoscaler and activator tell anything: since 1.19 they do not, unless they are told to."""
    title, id_ = "Knative's own metrics", "knative.components"
    settings, version = facts.observability.value, version_of(knative_version(facts))
    if settings is None or version is None or version < OPENTELEMETRY:
        return
    protocol = settings.get("metrics-protocol", "none")
    if protocol == "prometheus":
        yield Finding(id_, title, Status.OK, "are on: pods wanted, and what the activator refused")
        return
    told = "are off" if protocol in ("none", "") else f"are sent by {protocol}"
    text = f"{told} (metrics-protocol): pods wanted and what the activator refused are not known"
    fix = fixes.switch_on_knative(facts.observability_namespace, knative_version(facts))
    yield Finding(id_, title, Status.WARN, text, (f"config-observability metrics-protocol: {protocol}",), fix)


def _telling(settings: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in sorted(settings.items()) if "metrics" in name and not name.startswith("_")]


def _chart(told: Told[tuple[Workload, ...]]) -> Finding:
    title, id_ = "Prometheus' release", "prometheus.release"
    if told.value is None:
        return Finding(id_, title, Status.UNKNOWN, told.why or "it was not looked for")
    if not told.value:
        return Finding(id_, title, Status.SKIPPED, "none of the charts' Prometheus is in this cluster")
    texts: list[str] = []
    evidence: list[str] = []
    old = ""
    for workload in told.value[:4]:
        chart, version = fixes.chart_of(workload)
        place = f"{workload.namespace}/{workload.name}"
        helm = f"Helm release {fixes.release_of(workload) or '?'}, chart {chart} {version}" if chart else "not by Helm"
        texts.append(f"{place}: {helm}")
        evidence.extend(f"{place} image {image}" for image in workload.images)
        major = version_of(version)
        if chart == "prometheus" and major is not None and major[0] < OLDEST_CHART:
            old = old or fixes.newer_chart(workload)
    if old:
        text = f"{texts[0]}: older than {OLDEST_CHART}, whose values and labels kmon-tui knows"
        return Finding(id_, title, Status.WARN, text, tuple(evidence), old)
    return Finding(id_, title, Status.OK, "; ".join(texts), tuple(evidence))


def _has_knative(facts: ClusterFacts) -> bool:
    groups = facts.groups.value
    return "serving.knative.dev" in groups if groups is not None else bool(facts.knative.value)


def _controller(told: Told[tuple[Workload, ...]]) -> Workload | None:
    return max(told.value, key=lambda one: one.ready) if told.value else None
