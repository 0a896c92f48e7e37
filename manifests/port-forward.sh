#!/bin/sh
# Opens a port to a model, or to Prometheus, in the way that works in every mode of KServe.
#
#   manifests/port-forward.sh sklearn-iris [-n NAMESPACE] [-p LOCAL_PORT]     a model, on 8080 unless -p says else
#   manifests/port-forward.sh --prometheus [-n NAMESPACE] [-p LOCAL_PORT]     Prometheus, on 9090
#
# `kubectl port-forward service/NAME-predictor` fails in Knative mode (the service has no selector) and on headless
# services (the port is not translated), so a ready pod is looked up and its own port is used:
#   Knative 8012 (queue-proxy: only requests through it are counted), agent 9081, else the container's port or 8080.
# KUBECTL="kubectl --context prod" chooses another kubectl or context.
set -eu

KUBECTL=${KUBECTL:-kubectl}
name=
namespace=
local_port=
prometheus=

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "port-forward.sh: $1" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    -n | --namespace) [ $# -ge 2 ] || usage; namespace=$2; shift ;;
    -p | --port) [ $# -ge 2 ] || usage; local_port=$2; shift ;;
    --prometheus) prometheus=yes ;;
    -*) usage ;;
    *) [ -z "$name" ] || usage; name=$1 ;;
    esac
    shift
done

# One line per ready pod: NAMESPACE NAME REVISION CONTAINER:FIRST_PORT,CONTAINER:FIRST_PORT…
ready_pods() {
    template='{{range .items}}{{$pod := .}}{{range .status.conditions}}{{if and (eq .type "Ready") (eq .status "True")}}'
    template=$template'{{if not $pod.metadata.deletionTimestamp}}{{$pod.metadata.namespace}} {{$pod.metadata.name}} '
    template=$template'{{with index $pod.metadata.labels "serving.knative.dev/revision"}}{{.}}{{else}}-{{end}} '
    template=$template'{{range $pod.spec.containers}}{{.name}}:{{with .ports}}{{(index . 0).containerPort}}{{end}},{{end}}'
    template=$template'{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
    # shellcheck disable=SC2086  # KUBECTL may hold flags
    $KUBECTL get pods "$@" -o go-template="$template"
}

if [ -n "$prometheus" ]; then
    [ -z "$name" ] || usage
    where=${namespace:+--namespace=$namespace}
    for labels in app.kubernetes.io/name=prometheus,app.kubernetes.io/component=server \
        app=prometheus,component=server app.kubernetes.io/name=prometheus; do
        pod=$(ready_pods "${where:---all-namespaces}" -l "$labels" | head -n 1)
        [ -z "$pod" ] || break
    done
    [ -n "$pod" ] || fail "no ready pod of Prometheus found; name its namespace with -n"
    remote_port=9090
    local_port=${local_port:-9090}
else
    [ -n "$name" ] || usage
    if [ -z "$namespace" ]; then
        # shellcheck disable=SC2086
        namespace=$($KUBECTL config view --minify -o jsonpath='{..namespace}')
        namespace=${namespace:-default}
    fi
    pod=
    for component in transformer predictor; do
        pods=$(ready_pods -n "$namespace" -l "serving.kserve.io/inferenceservice=$name,component=$component")
        [ -n "$pods" ] || continue
        # In Knative mode: a pod of the revision that gets most of the traffic.
        split='{range .status.components.'$component'.traffic[*]}{.percent} {.revisionName}{"\n"}{end}'
        # shellcheck disable=SC2086
        revision=$($KUBECTL get inferenceservice "$name" -n "$namespace" -o jsonpath="$split" 2>/dev/null |
            sort -rn | awk 'NR == 1 {print $2}')
        pod=$(printf '%s\n' "$pods" | awk -v revision="$revision" '$3 == revision' | head -n 1)
        pod=${pod:-$(printf '%s\n' "$pods" | head -n 1)}
        break
    done
    [ -n "$pod" ] || fail "no ready pod of $name in namespace $namespace; is it scaled to zero? Send its first request through the ingress gateway"
    case $pod in
    *queue-proxy:*) remote_port=8012 ;;
    *\ agent:* | *,agent:*) remote_port=9081 ;;
    *) remote_port=$(printf '%s\n' "$pod" | sed -n 's/.*kserve-container:\([0-9][0-9]*\),.*/\1/p') ;;
    esac
    remote_port=${remote_port:-8080}
    local_port=${local_port:-8080}
fi

# shellcheck disable=SC2086
set -- $pod
echo "forwarding 127.0.0.1:$local_port to port $remote_port of pod $2 in namespace $1" >&2
# shellcheck disable=SC2086
exec $KUBECTL port-forward -n "$1" "pod/$2" "$local_port:$remote_port"
