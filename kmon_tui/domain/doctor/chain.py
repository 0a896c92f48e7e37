"""From the pods of one service to its numbers, link by link: labels, ports, target, series."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from kmon_tui.domain.doctor import fixes, whose
from kmon_tui.domain.doctor.cluster import is_protocol_off, knative_version
from kmon_tui.domain.doctor.facts import ClusterFacts, Facts, PodFacts, PrometheusFacts, Scraped, SeriesFact
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.doctor.ports import MODEL, PORT, QUEUE_METRICS, scraped_port
from kmon_tui.domain.doctor.scraping import WALK_JOB, down_fix, has_walk_job, walk_job
from kmon_tui.domain.service import InferenceService, Kind, Mode, Readiness

_AGGREGATE = "serving.kserve.io/enable-metric-aggregation"
_SCRAPING = "serving.kserve.io/enable-prometheus-scraping"
_STOP = "serving.kserve.io/stop"
_ISVC_LABEL = "serving.kserve.io/inferenceservice"
ROUTER = "the router of a graph counts nothing: the services of its steps do"
_RENAME = """--- the InferenceService
+++ the InferenceService
     containers:
-    - name: {}
+    - name: kserve-container"""


def chain_findings(facts: Facts) -> Iterator[Finding]:
    """Follow the chain of the service that is examined; what hangs on a broken link is skipped."""
    isvc = facts.case.isvc
    if isvc is None:
        return
    yield _service(isvc)
    pods = facts.cluster.pods if facts.cluster is not None else None
    if pods is None:
        return
    if pods.value is None:
        yield Finding("chain.pods", "pods", Status.UNKNOWN, pods.why)
    else:
        yield _pods(isvc, pods.value)
        yield from _declared(isvc, pods.value, facts)
    prometheus = facts.prometheus
    if prometheus is None or prometheus.failure:
        return
    running = tuple(pod for pod in pods.value or () if pod.phase == "Running")
    target = _target(isvc, running, prometheus, facts)
    if target is not None:
        yield target
    yield _series(isvc, running, facts, target)


def known_cause(isvc: InferenceService) -> Finding | None:
    """Give why a service has no numbers where its own state says it, so that nobody need be asked."""
    if isvc.readiness is Readiness.COLD:
        return _pods(isvc, ())
    service = _service(isvc)
    if not service.is_bad and isvc.key.kind is Kind.GRAPH:
        return Finding("chain.target", "target", Status.SKIPPED, ROUTER)
    return service if service.is_bad else None


def _service(isvc: InferenceService) -> Finding:
    title, id_ = "service", "chain.service"
    name = f"{isvc.key}"
    if isvc.readiness is Readiness.STOPPED:
        text = f"{name} was stopped by somebody: nothing counts while nothing runs"
        fix = f"{fixes.annotate(isvc.key, {})} {_STOP}-    # starts it again"
        return Finding(id_, title, Status.WARN, text, fix=fix)
    if isvc.readiness is Readiness.FAILED:
        text = f"{name} is {isvc.readiness}{f': {isvc.reason}' if isvc.reason else ''}"
        if isvc.replicas.ready:  # pods of the version before, mostly
            return Finding(id_, title, Status.OK, f"{text}; what is ready of it counts")
        text += ": nothing counts while nothing runs"
        return Finding(id_, title, Status.FAIL, text, (isvc.message,) if isvc.message else (), fixes.explain(isvc.key))
    mode = f", {isvc.mode} mode" if isvc.mode else ""
    return Finding(id_, title, Status.OK, f"{name} is {isvc.readiness}{mode}")


def _pods(isvc: InferenceService, pods: tuple[PodFacts, ...]) -> Finding:
    title, id_ = "pods", "chain.pods"
    ready = sum(pod.ready for pod in pods)
    if isvc.mode is Mode.MODELMESH:
        return Finding(
            id_, title, Status.SKIPPED, "ModelMesh has no pods of a service: port 2112 of its own pods counts"
        )
    if isvc.readiness is Readiness.STOPPED:
        return Finding(id_, title, Status.SKIPPED, "it is stopped")
    if not pods:
        if isvc.readiness is Readiness.COLD:
            text = "scaled to zero: it has series again with its next request"
            return Finding(id_, title, Status.WARN, text, fix=fixes.send_request(isvc.key, wake=True))
        fix = (
            f"{fixes.explain(isvc.key)}\n"
            f"kubectl get pods -n {shlex.quote(isvc.key.namespace)} -l {shlex.quote(f'{_ISVC_LABEL}={isvc.key.name}')}"
        )
        return Finding(id_, title, Status.FAIL, "there are none", fix=fix)
    if not ready:
        fix = f"{fixes.explain(isvc.key)}\nkubectl describe pod -n {isvc.key.namespace} {pods[0].name}"
        return Finding(
            id_, title, Status.FAIL, f"none of {len(pods)} is ready", tuple(pod.name for pod in pods[:8]), fix
        )
    return Finding(id_, title, Status.OK, f"{ready} of {len(pods)} ready")


def _declared(isvc: InferenceService, pods: tuple[PodFacts, ...], facts: Facts) -> Iterator[Finding]:
    """Judge what the pods declare: annotations that point to where nobody listens, and what is switched off."""
    if not pods or isvc.mode is Mode.MODELMESH:
        return
    knative = any(pod.container("queue-proxy") for pod in pods)
    if isvc.key.kind is Kind.ISVC and (odd := _unseen(isvc, pods, knative)) is not None:
        yield odd
    if facts.prometheus is None:  # it is being asked
        return
    if knative and facts.cluster is not None and is_protocol_off(facts.cluster):
        yield _queue_proxy(facts)
    if not has_walk_job(facts.prometheus):
        yield from _annotations(isvc, pods, knative)  # our own jobs need none of them


def _queue_proxy(facts: Facts) -> Finding:
    """Say what follows from metrics that are off, for pods that Knative has not made anew yet, too."""
    title, id_, cluster = "queue-proxy", "chain.queue-proxy", facts.cluster or ClusterFacts()
    fix = fixes.switch_on_knative(cluster.observability_namespace, knative_version(cluster))
    targets = (facts.prometheus.targets.value or ()) if facts.prometheus is not None else ()
    if any(one.health == "up" and one.instance.endswith(f":{QUEUE_METRICS}") for one in targets):
        text = "its pods count until Knative makes them anew: its metrics were switched off"
        return Finding(id_, title, Status.WARN, text, fix=fix)
    return Finding(
        id_, title, Status.FAIL, "queue-proxy of its pods counts nothing: Knative's metrics are off", fix=fix
    )


def _unseen(isvc: InferenceService, pods: tuple[PodFacts, ...], knative: bool) -> Finding | None:
    """A pod that the job's rules pass over: no container named kserve-container, no port named http-usermetric."""
    title, id_ = "ports", "chain.ports"
    for pod in pods:
        proxy = pod.container("queue-proxy")
        if proxy is not None and ("http-usermetric", QUEUE_METRICS) not in proxy.ports:
            text = f"pod {pod.name}: its queue-proxy declares no port http-usermetric (9091), so no job finds it"
            fix = f"kubectl get pod -n {isvc.key.namespace} {pod.name} -o jsonpath='{{.spec.containers[*].ports}}'"
            return Finding(id_, title, Status.FAIL, text, fix=fix)
        if not knative and pod.container("kserve-container") is None:
            names = ", ".join(one.name for one in pod.containers)
            text = f"pod {pod.name} has no container named kserve-container ({names}): the job passes it over"
            fix = _RENAME.format(pod.containers[0].name if pod.containers else "")
            return Finding(id_, title, Status.FAIL, text, fix=fix)
    ports = sorted({scraped_port(pod) for pod in pods})
    return Finding(id_, title, Status.OK, f"counted at port {', '.join(map(str, ports))} of its pods")


def _annotations(isvc: InferenceService, pods: tuple[PodFacts, ...], knative: bool) -> Iterator[Finding]:
    title, id_ = "annotations", "chain.annotations"
    notes = pods[0].annotations
    image = " ".join(one.image for pod in pods[:1] for one in pod.containers)
    if not knative and "mlserver" in image and notes.get(PORT) == str(MODEL):
        text = "MLServer has its metrics at port 8082, its runtime's annotation says 8080"
        fix = fixes.annotate(isvc.key, {PORT: "8082"})
        yield Finding(id_, title, Status.WARN, text, (f"{PORT}: {notes[PORT]}",), fix)
    plain = notes.get("prometheus.io/port", "")
    asked = notes.get(_SCRAPING) == "true"
    if asked and notes.get("prometheus.io/scrape") != "true":
        text = f"{_SCRAPING} sets port and path only: jobs that go by annotations want prometheus.io/scrape, too"
        fix = fixes.annotate(isvc.key, {"prometheus.io/scrape": "true"})
        evidence = (f"prometheus.io/port: {plain or 'not set'}", f"the job {WALK_JOB} needs none of them")
        yield Finding(id_, title, Status.WARN, text, evidence, fix)
    if plain in ("9090", str(QUEUE_METRICS)) and not knative:
        text = f"prometheus.io/port says {plain}, where nobody listens in Standard mode"
        fix = fixes.annotate(isvc.key, {"prometheus.io/scrape": "true", "prometheus.io/port": str(MODEL)})
        yield Finding(id_, title, Status.WARN, text, fix=fix)
    elif plain == "9090" and knative:
        text = "prometheus.io/port says 9090, which speaks protobuf to the autoscaler (KServe 0.10 and 0.11 set it)"
        yield Finding(id_, title, Status.WARN, text, fix=fixes.annotate(isvc.key, {"prometheus.io/port": "9091"}))
    proxy = next((one.image for one in pods[0].containers if one.name == "queue-proxy"), "")
    if notes.get(_AGGREGATE) == "true" and proxy and "qpext" not in proxy:
        text = "enable-metric-aggregation needs the image kserve/qpext as queue-sidecar-image: port 9088 is empty"
        fix = f"{fixes.annotate(isvc.key, {})} {_AGGREGATE}-    # our jobs scrape both containers without qpext"
        yield Finding(id_, title, Status.WARN, text, (f"queue-proxy {proxy}",), fix)


def _target(
    isvc: InferenceService, running: tuple[PodFacts, ...], prometheus: PrometheusFacts, facts: Facts
) -> Finding | None:
    title, id_ = "target", "chain.target"
    targets = prometheus.targets
    if targets.value is None or not running:
        return None
    if isvc.key.kind is Kind.GRAPH:
        return Finding(id_, title, Status.SKIPPED, ROUTER)
    ready = [pod for pod in running if pod.ready]
    if not ready:
        return Finding(id_, title, Status.SKIPPED, "no pod is ready to be scraped")
    by_pod = {pod.name: [one for one in targets.value if _is_of(one, pod, isvc)] for pod in ready}
    lost = [name for name, found in by_pod.items() if not found]
    every = [one for found in by_pod.values() for one in found]
    down = [one for one in every if one.health == "down"]
    if not every:
        text = f"no target of this Prometheus is a pod of {isvc.key.name}"
        return Finding(
            id_, title, Status.FAIL, text, tuple(f"pod {name}" for name in lost[:8]), _load(facts, prometheus)
        )
    if down:
        worst = down[0]
        evidence = tuple(f"{one.job} {one.url or one.instance}: {one.last_error or 'down'}" for one in down[:8])
        text = f"{len(down)} down: {worst.last_error or 'no error is told'}"
        status = Status.FAIL if len(down) == len(every) else Status.WARN
        fix = down_fix(worst, facts)
        if ":9091" in worst.url and facts.cluster is not None and is_protocol_off(facts.cluster) is False:
            # Knative's metrics are on: this pod may be older than that.
            fix = f"{fixes.new_revision(isvc.key)}    # if its pods are older than the change\n{fix}"
        return Finding(id_, title, status, text, evidence, fix)
    if lost:
        text = f"{len(lost)} of {len(by_pod)} ready pods are not scraped (yet?)"
        return Finding(
            id_, title, Status.WARN, text, tuple(f"pod {name}" for name in lost[:8]), "# look again in a minute: r"
        )
    jobs = sorted({one.job for one in every})
    return Finding(id_, title, Status.OK, f"up: {', '.join(jobs)}")


def _load(facts: Facts, prometheus: PrometheusFacts) -> str:
    """Load the jobs; where they are loaded, ask whether Prometheus may see the pods."""
    job = walk_job(prometheus)
    if not has_walk_job(prometheus) or (job is not None and not job.discovers):
        return whose.load_jobs(facts)
    return whose.may_list_pods(facts)


def _is_of(target: Scraped, pod: PodFacts, isvc: InferenceService) -> bool:
    if target.pod:
        return target.pod == pod.name and target.namespace in ("", isvc.key.namespace)
    address = re.sub(r":\d+$", "", target.instance).strip("[]")
    return bool(pod.ip) and address == pod.ip


def _series(isvc: InferenceService, running: tuple[PodFacts, ...], facts: Facts, target: Finding | None) -> Finding:
    title, id_ = "series", "chain.series"
    prometheus = facts.prometheus or PrometheusFacts()
    told = prometheus.series
    if told.value is None:
        return Finding(id_, title, Status.UNKNOWN, told.why or "they were not asked for")
    names = sorted({one.name for one in told.value if one.owned})
    if names:
        return Finding(id_, title, Status.OK, f"{', '.join(names[:2])}{'…' if len(names) > 2 else ''}", tuple(names))
    if strangers := [one for one in told.value if one.name]:
        return _mislabelled(isvc, strangers, facts, prometheus)
    if target is not None and target.status is Status.SKIPPED:
        return Finding(id_, title, Status.SKIPPED, f"none: {target.text}")
    if target is not None and target.status is Status.FAIL:
        return Finding(id_, title, Status.SKIPPED, "none, as no target gives any")
    if not running:
        return Finding(id_, title, Status.SKIPPED, "none, as no pod runs")
    text = "none yet: they are born with the first request, and come with the scrape after it"
    return Finding(id_, title, Status.WARN, text, fix=f"{fixes.send_request(isvc.key)}    # or the key i")


def _mislabelled(
    isvc: InferenceService, strangers: list[SeriesFact], facts: Facts, prometheus: PrometheusFacts
) -> Finding:
    one = strangers[0]
    by_hand = any(job.name == one.job and not job.discovers for job in prometheus.jobs.value or ())
    said = f'service_name="{one.service_name}", namespace="{one.namespace}"'
    text = f"{one.name} of its pods is there, but its labels do not lead to {isvc.key}: {said}"
    fix = (
        f"--- relabel_configs of job {one.job}\n"
        f"+++ relabel_configs of job {one.job}\n"
        "+- source_labels: [__meta_kubernetes_namespace]\n"
        "+  target_label: namespace\n"
        "+- source_labels: [__meta_kubernetes_pod_label_serving_kserve_io_inferenceservice]\n"
        "+  target_label: service_name"
    )
    if by_hand:  # it knows no pod whose labels it could take over
        fix = whose.load_jobs(facts)
    evidence = tuple(f"{each.name} job={each.job} instance={each.instance}" for each in strangers[:8])
    return Finding("chain.series", "series", Status.FAIL, text, evidence, fix)
