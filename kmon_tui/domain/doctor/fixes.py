"""The commands and diffs that mend things, word by word; names from the cluster are quoted for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from kmon_tui.domain.doctor import charts
from kmon_tui.domain.doctor.facts import Workload
from kmon_tui.domain.doctor.version import OPENTELEMETRY, version_of
from kmon_tui.domain.service import Key, Kind

JOBS = "manifests/scrape-kserve.yaml"
JOBS_IN_CONFIGMAP = "manifests/prometheus-configmap.yaml"
SHORT = {Kind.ISVC: "isvc", Kind.LLM: "llmisvc", Kind.GRAPH: "ig"}
_STACK = "kube-prometheus-stack"
WHO = "kubectl auth whoami -o jsonpath='{.status.userInfo.username}'"
"""Asks the API server who we are, where it did not tell before (Kubernetes 1.28 and newer do)."""
HELM_RELEASE = "meta.helm.sh/release-name"
"""Helm 3 and 4 write it on all that they make."""


def chart_of(workload: Workload) -> tuple[str, str]:
    """Give name and version of the chart that made a workload, from its labels; empty where none did."""
    label = workload.labels.get("helm.sh/chart") or workload.labels.get("chart", "")
    match = re.fullmatch(r"(.+?)-v?(\d+\.\d+\.\d+.*)", label)
    return (match[1], match[2]) if match else ("", "")


def release_of(workload: Workload) -> str:
    """Give the name of the Helm release."""
    return (
        workload.annotations.get(HELM_RELEASE)
        or workload.labels.get("release")
        or workload.labels.get("app.kubernetes.io/instance", "")
    )


def installed_by(workloads: Iterable[Workload]) -> str:
    """Say how Prometheus came into the cluster: ``chart``, ``stack``, ``operator`` or nothing that is known."""
    kinds = set()
    for workload in workloads:
        chart, _ = chart_of(workload)
        if chart == _STACK:
            kinds.add("stack")
        elif chart == "prometheus":
            kinds.add("chart")
        elif "operator.prometheus.io/name" in workload.labels or workload.kind == "StatefulSet":
            kinds.add("operator")
    return next((kind for kind in ("chart", "stack", "operator") if kind in kinds), "")


def load_jobs(workloads: Iterable[Workload]) -> str:
    """Add our scrape jobs to what a Prometheus scrapes already, jobs that somebody added before included."""
    how, one, release, namespace = _where(workloads)
    version = chart_of(one)[1] if one is not None else ""
    if how == "chart":
        return (
            "F=$(mktemp)    # the extra jobs that there are already, and these\n"
            f"helm get values {release} -n {namespace} -o json | python3 -c 'import json, sys\n"
            'print((json.load(sys.stdin) or {}).get("extraScrapeConfigs") or "")\' \\\n'
            f'  | {_OTHERS} | cat - {JOBS} > "$F"\n'
            f"{charts.find_community('prometheus', version)}\n"
            f"{charts.upgrade(release, version, namespace)} \\\n"
            '  --set-file extraScrapeConfigs="$F"'
        )
    if one is not None and how == "stack":
        spec = "prometheus.prometheusSpec.additionalScrapeConfigs"
        return (
            f"{_jobs_as_secret(one, namespace)}\n"
            f"{charts.find_community(_STACK, version)}\n"
            f"{charts.upgrade(release, version, namespace)} \\\n"
            f"  --set {spec}=null --set {spec}Secret.enabled=true \\\n"
            f"  --set {spec}Secret.name=kserve-scrape --set {spec}Secret.key=scrape-kserve.yaml"
        )
    if one is not None and how == "operator":
        patch = '{"spec":{"additionalScrapeConfigs":{"name":"kserve-scrape","key":"scrape-kserve.yaml"}}}'
        secret = _jobs_as_secret(one, namespace)
        return f"{secret}\nkubectl patch prometheus {_operated(one)} -n {namespace} --type merge -p '{patch}'"
    return (
        "P=/etc/prometheus    # the folder of prometheus.yml, of Prometheus 2.43 or newer\n"
        f"sed -n '1,/^  kserve.yml: |$/d; s/^    //p' {JOBS_IN_CONFIGMAP} > $P/kserve.yml\n"
        "echo 'scrape_config_files: [kserve.yml]' >> $P/prometheus.yml\n"
        'promtool check config --syntax-only $P/prometheus.yml && kill -HUP "$(pidof prometheus)"'
    )


_OTHERS = (
    "sed '/^# Scrape jobs for Prometheus/,$d' | awk '\n"
    '    function out() { if (!ours) printf "%s", job; job = ""; ours = 0 }\n'
    "    match($0, /^ *- /) { if (!depth) depth = RLENGTH; if (RLENGTH == depth) out() }\n"
    '    { job = job $0 "\\n" }\n'
    "    /job_name: *.?kserve-((model|knative|controller)-)?metrics[^a-z-]*$/ { ours = 1 }\n"
    "    END { out() }'"
)
"""Leaves out our own jobs when they are loaded again, and others of their names: Prometheus refuses a name twice."""


def _jobs_as_secret(operated: Workload, namespace: str) -> str:
    """Put our jobs into a secret, behind those of the secret that the operator's Prometheus reads now: it reads one."""
    present = "{{with .spec.additionalScrapeConfigs}}{{.name}} {{.key}}{{end}}"
    return (
        f"S=$(kubectl get prometheus {_operated(operated)} -n {namespace} -o go-template='{present}')\n"
        "F=$(mktemp)    # the extra jobs that there are already, and these\n"
        f'[ -z "$S" ] || {{ kubectl get secret "${{S% *}}" -n {namespace} \\\n'
        f'  -o go-template="{{{{index .data \\"${{S#* }}\\" | base64decode}}}}"; echo; }} | {_OTHERS} > "$F"\n'
        f'cat {JOBS} >> "$F"\n'
        f'kubectl create secret generic kserve-scrape -n {namespace} --from-file=scrape-kserve.yaml="$F" \\\n'
        "  --dry-run=client -o yaml | kubectl apply -f -"
    )


def may_list_pods(workloads: Iterable[Workload]) -> str:
    """Ask whether Prometheus may see pods at all."""
    one = next((each for each in workloads if each.account), None)
    ask = "kubectl auth can-i list pods -A --as=system:serviceaccount:"
    if one is not None:
        return f"{ask}{one.namespace}:{one.account}    # may Prometheus see them?"
    account = '{range .items[*]}{.metadata.namespace}:{.spec.serviceAccountName}{"\\n"}{end}'
    return (
        f"kubectl get pods -A -l app.kubernetes.io/name=prometheus -o jsonpath='{account}' \\\n"
        f'  | sort -u | while read -r who; do echo "$who"; {ask}"$who"; done    # may Prometheus see them?'
    )


def keep_longer(workloads: Iterable[Workload]) -> str:
    """Let Prometheus keep samples for 15 days, which is its own default."""
    how, one, release, namespace = _where(workloads)
    if how in ("chart", "stack"):
        chart = "prometheus" if how == "chart" else _STACK
        value = "server.retention" if how == "chart" else "prometheus.prometheusSpec.retention"
        version = chart_of(one)[1] if one is not None else ""
        return (
            f"{charts.find_community(chart, version)}\n"
            f"{charts.upgrade(release, version, namespace)} \\\n  --set {value}=15d"
        )
    if one is not None and how == "operator":
        patch = '{"spec":{"retention":"15d"}}'
        return f"kubectl patch prometheus {_operated(one)} -n {namespace} --type merge -p '{patch}'"
    return "--- flags of Prometheus\n+++ flags of Prometheus\n+--storage.tsdb.retention.time=15d"


def _where(workloads: Iterable[Workload]) -> tuple[str, Workload | None, str, str]:
    """Give how Prometheus was installed, its workload, and release and namespace quoted for a shell."""
    known = list(workloads)
    how = installed_by(known)
    chart = {"chart": "prometheus", "stack": _STACK}.get(how, "")
    one = next((each for each in known if chart_of(each)[0] == chart), known[0] if known else None)
    release = (release_of(one) if one is not None else "") or "prometheus"
    return how, one, shlex.quote(release), shlex.quote(one.namespace if one is not None else "monitoring")


def _operated(workload: Workload) -> str:
    """Give the name of the operator's Prometheus object."""
    name = workload.labels.get("operator.prometheus.io/name") or workload.name.removeprefix("prometheus-")
    return shlex.quote(name)


def newer_chart(workload: Workload) -> str:
    """Bring the chart's release up to date."""
    release, namespace = shlex.quote(release_of(workload) or "prometheus"), shlex.quote(workload.namespace)
    return (
        f"helm repo update\n{charts.find_community('prometheus', '')}\n"
        f'helm upgrade {release} "$C" -n {namespace} --reset-then-reuse-values'
        "    # read the chart's notes on upgrades first"
    )


def start_controller(controller: Workload, selector: str) -> str:
    """Let a controller run that was scaled to nothing, else look at why its pods, by their label, are not ready."""
    namespace, name = shlex.quote(controller.namespace), shlex.quote(controller.name)
    if not controller.desired:
        return f"kubectl scale deployment {name} -n {namespace} --replicas=1"
    return (
        f"kubectl describe deployment {name} -n {namespace}    # are its pods made at all?\n"
        f"kubectl describe pods -n {namespace} -l {shlex.quote(selector)}\n"
        f"kubectl logs -n {namespace} deployment/{name} --all-containers --tail=50\n"
        f"kubectl rollout restart deployment/{name} -n {namespace}    # when what it complains of is mended"
    )


def reach_prometheus(hint: str) -> str:
    """Open a way to a Prometheus that does not answer, with kubectl."""
    why = f"# {' '.join(hint.split())}\n" if hint else ""
    return (
        f"{why}manifests/port-forward.sh --prometheus -p 9090 &\n"
        "kmon-tui --prometheus http://127.0.0.1:9090    # or the address that it has"
    )


def switch_on_knative(namespace: str, version: str) -> str:
    """Let queue-proxy (and autoscaler, activator) speak Prometheus' protocol.

    Knative makes the pods of all revisions anew when this changes (its revision reconciler watches the ConfigMap);
    from 1.19 on autoscaler and activator read it at their start only (cmd/activator, cmd/autoscaler).
    """
    exact = version_of(version)
    old = exact is not None and exact < OPENTELEMETRY
    endpoint = ',"request-metrics-endpoint":":9091"' if exact == OPENTELEMETRY else ""
    data = f'"request-metrics-protocol":"prometheus","metrics-protocol":"prometheus"{endpoint}'
    data = '"metrics.request-metrics-backend-destination":"prometheus"' if old else data
    patch = (
        f"kubectl patch configmap config-observability -n {shlex.quote(namespace)} --type merge \\\n"
        f"  -p '{{\"data\":{{{data}}}}}'    # Knative makes the pods of all models anew"
    )
    if old:
        return patch
    return f"{patch}\nkubectl rollout restart deployment -n {shlex.quote(namespace)} activator autoscaler"


def new_revision(key: Key) -> str:
    """Make new pods: those that run keep the protocol that they started with.

    KServe hands annotations of the object down to the pods of all components, in every version;
    ``spec.predictor.annotations`` is unknown to 0.10, and a transformer has its own.
    """
    return f'kubectl annotate {_named(key)} --overwrite restarted-at="$(date +%s)"'


def annotate(key: Key, annotations: Mapping[str, str]) -> str:
    """Set annotations on a service."""
    pairs = " ".join(shlex.quote(f"{name}={value}") for name, value in annotations.items())
    return f"kubectl annotate {_named(key)} --overwrite {pairs}".rstrip()


def scrape_with_tls(key: Key) -> str:
    """Tell the jobs that a language model speaks TLS; its pods are made anew."""
    patch = '{"spec":{"annotations":{"prometheus.io/scheme":"https"}}}'
    return f"kubectl patch {_named(key)} --type merge -p '{patch}'    # if it speaks TLS; makes new pods"


def send_request(key: Key, *, wake: bool = False) -> str:
    """Send the first request."""
    kind = {Kind.LLM: "llm/", Kind.GRAPH: "graph/"}.get(key.kind, "")
    via = " --via ingress" if wake else ""
    return f"kmon-tui predict {kind}{shlex.quote(key.name)} -n {shlex.quote(key.namespace)}{via}"


def first_model() -> str:
    """Deploy a first model, where there is none, and send it a request."""
    return (
        "kubectl apply -n default -f manifests/message-dumper.yaml -f manifests/inference-service.yaml\n"
        "kubectl wait -n default --for=condition=Ready isvc/sklearn-iris --timeout=5m\n"
        "kmon-tui predict sklearn-iris -n default"
    )


def explain(key: Key) -> str:
    """Follow a service to the cause of its trouble, which names what to try."""
    kind = {Kind.LLM: "llm/", Kind.GRAPH: "graph/"}.get(key.kind, "")
    return f"kmon-tui why {kind}{shlex.quote(key.name)} -n {shlex.quote(key.namespace)}"


def grant(role: str, namespace: str, user: str) -> str:
    """Bind a role, of manifests/rbac.yaml or of the cluster's own; ``namespace`` empty: in all of them."""
    whom = f"--user={shlex.quote(user)}" if user else f'--user="$({WHO})"'
    account = re.fullmatch(r"system:serviceaccount:([^:]+):([^:]+)", user)
    if account:
        whom = f"--serviceaccount={account[1]}:{account[2]}"
    # A name of its own: a binding of the role's name may be there already, for somebody else.
    name = f"{role}-{re.sub('[^a-z0-9]+', '-', user.lower()).strip('-') or 'user'}"[:253]
    kind = f"rolebinding {name} -n {shlex.quote(namespace)}" if namespace else f"clusterrolebinding {name}"
    binding = f"kubectl create {kind} \\\n  --clusterrole={role} {whom}"
    return f"kubectl apply -f manifests/rbac.yaml\n{binding}" if role.startswith("kmon-tui-") else binding


def _named(key: Key) -> str:
    return f"{SHORT[key.kind]} {shlex.quote(key.name)} -n {shlex.quote(key.namespace)}"
