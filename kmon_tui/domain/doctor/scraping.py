"""Does Prometheus answer, does it scrape models, and does what it holds mean what its names say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from kmon_tui.domain.doctor import charts, fixes, whose
from kmon_tui.domain.doctor.cluster import clock_finding, is_protocol_off, knative_version
from kmon_tui.domain.doctor.facts import Facts, Job, PrometheusFacts, Scraped, Workload
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.doctor.ports import PATH, PORT, usual_port
from kmon_tui.domain.service import Kind
from kmon_tui.domain.traffic import Family

WALK_JOB = "kserve-metrics"
FORWARD = "kmon-tui-port-forward"
USUAL_NAMESPACE = "monitoring"
_SPEAKS_TLS = ("eof", "malformed http", "http status 400", "connection reset")
"""What a server that speaks TLS says to somebody who does not."""
LEAST_RETENTION_S = 6 * 3600.0
"""The longest range of the charts."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
LARGEST_OF_SECONDS = 60.0
"""No histogram in milliseconds ends below this, no request histogram in seconds of the known families above 7680."""


def prometheus_findings(facts: Facts) -> Iterator[Finding]:
    """Judge what Prometheus told."""
    prometheus = facts.prometheus
    if prometheus is None:
        return
    workloads = (facts.cluster.prometheus.value or ()) if facts.cluster is not None else ()
    if prometheus.failure:
        yield _failure(prometheus, workloads, facts.rights.user if facts.rights is not None else "")
        return
    yield _answers(prometheus)
    if prometheus.skew_s.value is not None:
        yield clock_finding("prometheus.clock", "clock of Prometheus", prometheus.skew_s.value)
    yield _retention(facts, prometheus)
    yield _job(facts, prometheus)
    yield from _down(facts, prometheus)
    yield _families(facts, prometheus)
    yield from _users(prometheus)
    yield from _units(facts, prometheus)


def walk_job(prometheus: PrometheusFacts) -> Job | None:
    """Give our job as the configuration has it; None: it has none, or is not told."""
    return next((job for job in prometheus.jobs.value or () if job.name == WALK_JOB), None)


def has_walk_job(prometheus: PrometheusFacts) -> bool:
    """Whether our job is loaded: by the configuration, or where that is not told by its targets."""
    return WALK_JOB in {job.name for job in prometheus.jobs.value or ()} | set(prometheus.counts.value or ())


def duration_s(text: str) -> float | None:
    """Read ``15d`` or ``1h30m``; None where it is none, as ``15d or 10GB`` is in part."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else None


def down_fix(target: Scraped, facts: Facts) -> str:
    """Say what mends a target that does not answer, by its last error."""
    error = target.last_error.lower()
    cluster, key = facts.cluster, facts.case.key
    if ":9091" in target.url and cluster is not None and is_protocol_off(cluster) is not False:
        return fixes.switch_on_knative(cluster.observability_namespace, knative_version(cluster))
    if key is not None and key.kind is Kind.LLM and any(sign in error for sign in _SPEAKS_TLS):
        return fixes.scrape_with_tls(key)
    if ":9091" not in target.url and any(sign in error for sign in ("404", "content-type", "refused")):
        return _another_port(target, facts) or _logs(target)
    if "deadline" in error or "timeout" in error:
        where = f"-n {shlex.quote(target.namespace)}" if target.namespace else "-A"
        return f"kubectl get networkpolicy {where}    # may Prometheus reach the pods?"
    return _logs(target)


def _another_port(target: Scraped, facts: Facts) -> str:
    """Set the annotation that leads the jobs to a port where nobody listens; empty where that is not what it is."""
    key, pods = facts.case.key, (facts.cluster.pods.value or ()) if facts.cluster is not None else ()
    pod = next((one for one in pods if target.pod == one.name or (one.ip and f"/{one.ip}:" in target.url)), None)
    if key is None or key.kind is not Kind.ISVC or pod is None:
        return ""
    asked, usual = pod.annotations.get(PORT, ""), str(usual_port(pod))
    path = pod.annotations.get(PATH, "/metrics")
    wanted = {PORT: usual} if asked not in ("", usual) else {}
    wanted |= {PATH: "/metrics"} if path != "/metrics" and "404" in target.last_error else {}
    return fixes.annotate(key, wanted) if wanted else ""


def _logs(target: Scraped) -> str:
    """Look at what the pod says; a page that was moved is told to the jobs by annotations of the service."""
    if not target.pod:
        return ""
    return (
        f"kubectl logs -n {shlex.quote(target.namespace)} {shlex.quote(target.pod)} --all-containers --tail=50\n"
        f"# is its page at another port or path? The service's annotations {PORT} and {PATH} say so"
    )


def _failure(prometheus: PrometheusFacts, workloads: tuple[Workload, ...], user: str) -> Finding:
    if prometheus.failure_kind == "NotFound" and not workloads:
        fix = (
            f"{charts.ADD_COMMUNITY}\n"
            "helm install prometheus prometheus-community/prometheus -n monitoring --create-namespace \\\n"
            f"  --set-file extraScrapeConfigs={fixes.JOBS}\n"
            "# or, where it is elsewhere: kmon-tui --prometheus URL"
        )
    elif prometheus.failure_kind == "Forbidden":
        fix = (
            f"{fixes.grant(FORWARD, workloads[0].namespace if workloads else USUAL_NAMESPACE, user)}\n"
            "# or, where you know its address: kmon-tui --prometheus URL"
        )
    else:
        fix = fixes.reach_prometheus(prometheus.hint)
    return Finding("prometheus.answer", "Prometheus", Status.FAIL, prometheus.failure, fix=fix)


def _answers(prometheus: PrometheusFacts) -> Finding:
    version = prometheus.version.value
    found = f", {prometheus.found_by}" if prometheus.found_by else ""
    text = f"{version or 'answers; its version is not told'}{found}"
    return Finding("prometheus.answer", "Prometheus", Status.OK, text, (f"url {prometheus.url}",))


def _retention(facts: Facts, prometheus: PrometheusFacts) -> Finding:
    told = prometheus.retention.value or ""
    kept_s = duration_s(told)
    if not told:
        why = (prometheus.retention.why,) if prometheus.retention.why else ()
        return Finding("prometheus.retention", "retention", Status.SKIPPED, "this server does not tell it", why)
    if kept_s is None:  # by size alone
        return Finding("prometheus.retention", "retention", Status.OK, told)
    if kept_s < LEAST_RETENTION_S:
        text = f"{told}: charts of more than that are empty"
        return Finding("prometheus.retention", "retention", Status.WARN, text, fix=whose.keep_longer(facts))
    return Finding("prometheus.retention", "retention", Status.OK, told)


def _job(facts: Facts, prometheus: PrometheusFacts) -> Finding:
    """Whether our job is loaded, by the configuration or, where that is not shown, by its targets."""
    title, id_ = f"job {WALK_JOB}", "prometheus.job"
    jobs, counts = prometheus.jobs, prometheus.counts
    if has_walk_job(prometheus):
        return _loaded(facts, prometheus, Finding(id_, title, Status.OK, ""))
    if jobs.value is None and counts.value is None:
        return Finding(
            id_, title, Status.UNKNOWN, jobs.why or counts.why or "neither configuration nor targets are told"
        )
    is_not = "is not loaded" if jobs.value is not None else "has no target (this server tells no configuration)"
    fix = whose.load_jobs(facts)
    evidence = _others(jobs.value or ())
    if prometheus.families.value:
        made = Family.ALIAS in prometheus.families.value
        text = f"{is_not}: numbers come from other jobs, the walk's two queries have no answer"
        if made:
            text = f"{is_not}: what there is of kserve_request_count is another job's, or of minutes ago"
        return Finding(id_, title, Status.WARN, text, evidence, fix)
    text = f"{is_not}: nothing counts the requests of models"
    return Finding(id_, title, Status.FAIL, text, evidence, fix)


def _loaded(facts: Facts, prometheus: PrometheusFacts, so_far: Finding) -> Finding:
    """Judge our job, which is there: what it scrapes, and whether this server is the one that does."""
    job, counts = walk_job(prometheus), prometheus.counts
    told = "loaded" if job is not None or prometheus.jobs.value is None else "not in its configuration"
    told += f", every {job.interval}" if job is not None and job.interval else ""
    if job is not None and not job.discovers and not prometheus.families.value:
        text = f"{told}, but its targets are written by hand: it finds no pod of a model"
        return replace(so_far, status=Status.FAIL, text=text, fix=whose.load_jobs(facts))
    if counts.value is not None:
        count = counts.value.get(WALK_JOB, 0)
        told += f", {count} target{'s' * (count != 1)}"
        ready = sum(pod.ready for isvc in facts.case.services for pod in isvc.pods)
        if not count and ready:
            are = "1 pod of models is" if ready == 1 else f"{ready} pods of models are"
            text = f"{told}, though {are} ready: may it list pods?"
            return replace(so_far, status=Status.FAIL, text=text, fix=whose.may_list_pods(facts))
    if job is None and prometheus.jobs.value is not None:
        told += ": another server scrapes them, or it was taken away a minute ago"
    return replace(so_far, text=told)


def _others(jobs: tuple[Job, ...]) -> tuple[str, ...]:
    names = ", ".join(job.name for job in jobs[:12])
    found: tuple[str, ...] = ()
    if jobs:
        found = (f"jobs of this Prometheus: {names}{'…' if len(jobs) > 12 else ''}",)
    if any(job.annotated_only for job in jobs):
        found += (
            'a job of it scrapes pods with the annotation prometheus.io/scrape: "true" only, '
            "which enable-prometheus-scraping of KServe does not set",
        )
    return found


def _down(facts: Facts, prometheus: PrometheusFacts) -> Iterator[Finding]:
    """Targets that do not answer although their pods are ready; of one service its own chain tells."""
    title, id_ = "targets", "prometheus.targets"
    targets = prometheus.targets
    if targets.value is None:
        if targets.why:
            yield Finding(id_, title, Status.UNKNOWN, targets.why)
        return
    if facts.case.key is not None:
        return
    unready = {(pod.namespace, pod.name) for isvc in facts.case.services for pod in isvc.pods if not pod.ready}
    all_down = [one for one in targets.value if one.health == "down"]
    down = [one for one in all_down if (one.namespace, one.pod) not in unready]
    excused = f", {len(all_down) - len(down)} down with pods that are not ready" if len(down) < len(all_down) else ""
    total = sum((prometheus.counts.value or {}).values())
    if not down:
        yield Finding(id_, title, Status.OK, f"{total} of models, no ready pod is down{excused}")
        return
    worst = down[0]
    name = f"{worst.namespace}/{worst.pod}" if worst.pod else worst.instance
    evidence = tuple(f"{one.job} {one.pod or one.instance}: {one.last_error or 'down'}" for one in down[:8])
    text = f"{len(down)} of {total} down: {name}: {worst.last_error or 'no error is told'}"
    yield Finding(id_, title, Status.WARN, text, evidence, down_fix(worst, facts))


def _families(facts: Facts, prometheus: PrometheusFacts) -> Finding:
    title, id_ = "request metrics", "prometheus.families"
    families = prometheus.families
    if families.value is None:
        return Finding(id_, title, Status.UNKNOWN, families.why)
    if families.value:
        return Finding(id_, title, Status.OK, ", ".join(families.value))
    loaded = (job := walk_job(prometheus)) is not None and job.discovers
    if loaded:
        text = "no series yet: they are born with the first request"
        some = facts.case.key or next((one.key for one in facts.case.services), None)
        fix = fixes.send_request(some) if some is not None else fixes.first_model()
        return Finding(id_, title, Status.WARN, text, fix=fix)
    text = "this Prometheus has none of the known families"
    return Finding(id_, title, Status.FAIL, text, fix=whose.load_jobs(facts))


def _users(prometheus: PrometheusFacts) -> Iterator[Finding]:
    """Whether anybody counts what is refused before a pod; without one an error ratio is that of the pods."""
    title, id_ = "what callers saw", "prometheus.users"
    front = prometheus.front
    if front.value:
        yield Finding(id_, title, Status.OK, f"counted by {', '.join(front.value)}: errors are those of scope users")
    elif front.value is not None:
        text = "nobody in front of the pods is scraped: errors are those of scope pods, without what never reached one"
        evidence = (
            "a gateway counts them (istio_requests_total, envoy_cluster_upstream_rq_xx), Knative's activator does, too",
            "the job kserve-knative-metrics scrapes the activator; from 1.19 on it wants metrics-protocol: prometheus",
        )
        yield Finding(id_, title, Status.SKIPPED, text, evidence)
    elif front.why:
        yield Finding(id_, title, Status.UNKNOWN, front.why)


def _units(facts: Facts, prometheus: PrometheusFacts) -> Iterator[Finding]:
    """A histogram whose bounds are of another unit than its name: latencies are wrong by a factor of 1000."""
    for bound in prometheus.bounds.value or ():
        in_ms = bound.name.endswith(("_milliseconds", "_milliseconds_bucket", "_latencies_bucket"))
        if in_ms and bound.largest < LARGEST_OF_SECONDS:
            text = f"{bound.name} ends at le={bound.largest:g}: these bounds are seconds, not milliseconds"
        elif not in_ms and "_seconds" in bound.name and bound.largest > 10_000:
            text = f"{bound.name} ends at le={bound.largest:g}: these bounds are milliseconds, not seconds"
        else:
            continue
        fix = f"# our rules turn each bound into milliseconds exactly once\n{whose.load_jobs(facts)}"
        yield Finding("prometheus.units", "units", Status.FAIL, text, fix=fix)
