#!/bin/sh
# Opens a port to a model, or to Prometheus, in the way that works in every mode of KServe and with every chart.
#
#   manifests/port-forward.sh sklearn-iris [-n NAMESPACE] [-p LOCAL_PORT]     a model, on 8080 or any free port
#   manifests/port-forward.sh --prometheus [-n NAMESPACE] [-p LOCAL_PORT]     Prometheus, on 9090 or any free port
#
# `kubectl port-forward service/NAME-predictor` fails in Knative mode (the service has no selector) and on headless
# services (the port is not translated), so a ready pod of the model is looked up and its own port is used:
#   Knative 8012 (queue-proxy: only requests through it are counted), agent 9081, else that of a transformer beside the
#   model, else the model container's; 8080 where it declares none.
# Prometheus is found by the labels of its service, which differ with the age of the chart, and at the port it has.
# A port that is named with -p is used or the script fails; without -p another one is taken while the usual one is busy.
# KUBECTL="kubectl --context prod" chooses another kubectl or context.
# shellcheck disable=SC2016  # dollar signs in quotes are those of kubectl's templates
set -eu

KUBECTL=${KUBECTL:-kubectl}
name=
namespace=
local_port=
prometheus=

usage() {
    sed -n '4,5s/^# \{0,1\}//p' "$0"
}

misused() {
    usage >&2
    exit 2
}

fail() {
    echo "port-forward.sh: $1" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    -n | --namespace) [ $# -ge 2 ] || misused; namespace=$2; shift ;;
    -p | --port) [ $# -ge 2 ] || misused; local_port=$2; shift ;;
    --prometheus) prometheus=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) misused ;;
    *) [ -z "$name" ] || misused; name=$1 ;;
    esac
    shift
done
if [ -n "$prometheus" ]; then [ -z "$name" ] || misused; else [ -n "$name" ] || misused; fi
case $name in *[!a-z0-9.-]*) fail "$name is no name of an InferenceService" ;; esac
case $local_port in *[!0-9]* | ??????*) fail "$local_port is no port" ;; esac
[ "${local_port:-1}" -le 65535 ] || fail "$local_port is no port"
# shellcheck disable=SC2086  # KUBECTL may hold flags
set -- $KUBECTL
command -v "$1" >/dev/null || fail "$1 is not there: install kubectl, or name it with KUBECTL="

kube() {
    # shellcheck disable=SC2086
    $KUBECTL "$@"
}

# One line per ready pod: NAMESPACE NAME REVISION CONTAINER:FIRST_PORT,CONTAINER:FIRST_PORT…
ready_pods() {
    template='{{range .items}}{{$pod := .}}{{range .status.conditions}}{{if and (eq .type "Ready") (eq .status "True")}}'
    template=$template'{{if not $pod.metadata.deletionTimestamp}}{{$pod.metadata.namespace}} {{$pod.metadata.name}} '
    template=$template'{{with index $pod.metadata.labels "serving.knative.dev/revision"}}{{.}}{{else}}-{{end}} '
    template=$template'{{range $pod.spec.containers}}{{.name}}:{{with .ports}}{{(index . 0).containerPort}}{{end}},{{end}}'
    template=$template'{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
    kube get pods "$@" -o go-template="$template"
}

# One line per service that has an address: NAMESPACE NAME PORT (the one named http or web, else the first)
services() {
    template='{{range .items}}{{$service := .}}{{$port := (index .spec.ports 0).port}}'
    template=$template'{{range .spec.ports}}{{if or (eq .name "http") (eq .name "web") (eq .name "http-web")}}'
    template=$template'{{$port = .port}}{{end}}{{end}}'
    template=$template'{{$service.metadata.namespace}} {{$service.metadata.name}} {{$port}}{{"\n"}}{{end}}'
    kube get services "$@" -o go-template="$template"
}

find_prometheus() {
    where=${namespace:+--namespace=$namespace}
    where=${where:---all-namespaces}
    for labels in app.kubernetes.io/name=prometheus,app.kubernetes.io/component=server app=prometheus,component=server \
        self-monitor=true,app=kube-prometheus-stack-prometheus operated-prometheus=true; do
        found=$(services "$where" -l "$labels") || fail "services cannot be listed; name the namespace of Prometheus with -n"
        [ -z "$found" ] || break
    done
    if [ -z "$found" ]; then
        for labels in app.kubernetes.io/name=prometheus app=prometheus; do
            pod=$(ready_pods "$where" -l "$labels" | sed -n '1s/^\([^ ]* [^ ]*\) .*/\1/p')
            [ -n "$pod" ] || continue
            target_namespace=${pod% *} target=pod/${pod#* } remote_port=9090
            return
        done
        fail "no Prometheus found${namespace:+ in namespace $namespace}: neither a service nor a ready pod has its labels"
    fi
    if [ "$(printf '%s\n' "$found" | cut -d ' ' -f 1 | sort -u | wc -l)" -gt 1 ]; then
        fail "several Prometheus: $(printf '%s\n' "$found" | awk '{printf "%s%s/%s", sep, $1, $2; sep = ", "}'); choose one with -n"
    fi
    # shellcheck disable=SC2046  # three words
    set -- $(printf '%s\n' "$found" | head -n 1)
    target_namespace=$1 target=service/$2 remote_port=$3
}

find_model() {
    if [ -z "$namespace" ]; then
        namespace=$(kube config view --minify -o jsonpath='{..namespace}' 2>/dev/null) || namespace=
        namespace=${namespace:-default}
    fi
    pods=
    for component in transformer predictor; do
        pods=$(ready_pods -n "$namespace" -l "serving.kserve.io/inferenceservice=$name,component=$component") ||
            fail "pods of namespace $namespace cannot be listed"
        [ -z "$pods" ] || break
    done
    # What only helps a model that runs on several nodes takes no requests.
    pods=$(printf '%s\n' "$pods" | sed '/ worker-container:/d')
    [ -n "$pods" ] || fail "$(why_no_pod)"
    # In Knative mode: a pod of the revision that gets most of the traffic.
    split='{range .status.components.'$component'.traffic[*]}{.percent} {.revisionName}{"\n"}{end}'
    revision=$(kube get inferenceservice "$name" -n "$namespace" -o jsonpath="$split" 2>/dev/null |
        sort -rn | awk 'NR == 1 {print $2}')
    pod=$(printf '%s\n' "$pods" | awk -v revision="$revision" '$3 == revision' | head -n 1)
    pod=${pod:-$(printf '%s\n' "$pods" | head -n 1)}
    case $pod in
    *queue-proxy:*) remote_port=8012 ;;
    *\ agent:* | *,agent:*) remote_port=9081 ;;
    *transformer-container:*) remote_port=$(first_port transformer-container) ;;
    *) remote_port=$(first_port kserve-container) ;;
    esac
    remote_port=${remote_port:-8080}
    # shellcheck disable=SC2086
    set -- $pod
    target_namespace=$1 target=pod/$2
}

first_port() {
    printf '%s\n' "$pod" | sed -n "s/.*$1:\([0-9][0-9]*\),.*/\1/p"
}

why_no_pod() {
    if ! ready=$(kube get inferenceservice "$name" -n "$namespace" \
        -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null); then
        known=$(kube get inferenceservices -n "$namespace" -o jsonpath='{.items[*].metadata.name}' 2>/dev/null) || known=
        echo "no ready pod of $name in namespace $namespace: there is no such InferenceService${known:+ (there is $known)}"
    elif [ "$ready" = True ]; then
        echo "no ready pod of $name in namespace $namespace: it is scaled to zero. Send its first request through the ingress gateway"
    else
        echo "no ready pod of $name in namespace $namespace: it is not ready. kubectl describe inferenceservice $name says why"
    fi
}

# Forwards until it is stopped; gives 3 when the local port is busy.
forward() {
    echo "forwarding 127.0.0.1:${1:-a free port} to port $remote_port of $target in namespace $target_namespace" >&2
    mkfifo "$work/errors"
    tee "$work/told" <"$work/errors" >&2 &
    # Only this address: else kubectl goes on with ::1 alone while somebody else answers on 127.0.0.1.
    # shellcheck disable=SC2086
    (exec $KUBECTL port-forward --address 127.0.0.1 -n "$target_namespace" "$target" "$1:$remote_port") 2>"$work/errors" &
    child=$!
    code=0
    wait "$child" || code=$?
    rm -f "$work/errors"
    if [ "$code" -ne 0 ] && grep -q 'unable to listen' "$work/told"; then return 3; fi
    return "$code"
}

if [ -n "$prometheus" ]; then find_prometheus; usual=9090; else find_model; usual=8080; fi
work=$(mktemp -d)
child=
trap 'rm -rf "$work"' EXIT
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; exit 143' TERM HUP
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; exit 130' INT
code=0
forward "${local_port:-$usual}" || code=$?
if [ "$code" -eq 3 ] && [ -z "$local_port" ]; then
    echo "port-forward.sh: local port $usual is busy, taking another one" >&2
    code=0
    forward "" || code=$?
elif [ "$code" -eq 3 ]; then
    fail "local port $local_port is busy: choose another one with -p, or leave -p away"
fi
exit "$code"
