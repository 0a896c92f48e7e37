"""Packs of what is counted in front of the pods: what callers got, with all that never reached a pod."""

from __future__ import annotations

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live.packs.dialect import SECONDS_MS, Count, Dialect, Histogram, Role
from kmon_tui.live.packs.knative import KNATIVE_BOUNDS_MS

_ENVOY_MS = (
    0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0, 30000.0, 60000.0, 300000.0,
    600000.0, 1800000.0, 3600000.0,
)  # fmt: skip
_PLACE = r"(?P<namespace>[a-z0-9-]+)"
_NAME = r"(?P<name>[a-z0-9-]+)"

ISTIO = Dialect(
    Family.ISTIO,
    "requests as Istio's gateways and proxies answered them, those that found no pod too; not those for which there "
    "is no route",
    {"istio_requests_total": Count(Role.REQUESTS)},
    Histogram("istio_request_duration_milliseconds_bucket", 1.0, _ENVOY_MS),
    counts_rejected=True,
    code_labels=("response_code",),
    # Both ends of a hop count it; the one that asks sees what the other never got. The activator only passes on.
    own='reporter="source",source_workload!="activator"',
    namespace_label="destination_service_namespace",
    scope=Scope.USERS,
    names=("destination_service_namespace", "destination_service_name"),
    # A revision's private service is what the activator calls.
    patterns=(rf"{_PLACE}/{_NAME}(?<!-private)",),
)

ENVOY = Dialect(
    Family.ENVOY,
    "requests as Envoy (of Kourier, Envoy Gateway, kgateway, Contour or Istio) answered them, those that found no pod "
    "too; not those for which there is no route",
    {"envoy_cluster_upstream_rq_xx": Count(Role.REQUESTS)},
    Histogram("envoy_cluster_upstream_rq_time_bucket", 1.0, _ENVOY_MS),
    counts_rejected=True,
    code_labels=("envoy_response_code_class",),
    namespace_label="",
    scope=Scope.USERS,
    names=("envoy_cluster_name",),
    patterns=(
        rf"(?:http|grpc)route/{_PLACE}/{_NAME}/rule/.*",  # Envoy Gateway (read in 1.5.0)
        rf"outbound\|\d+\|[^|]*\|{_NAME}\.{_PLACE}\.svc\..*",  # Istio
        rf"kube_{_PLACE}_{_NAME}_\d+",  # kgateway
        rf"{_PLACE}_{_NAME}_\d+(?:_[0-9a-f]+)?",  # Contour
        rf"{_PLACE}/{_NAME}(?:/.*)?",  # Kourier: namespace and revision of a split (read in net-kourier 0.48)
    ),
)

_ACTIVATOR_MEANS = (
    "requests that went through Knative's activator, those that it refused too; together with queue-proxy's it is "
    "what callers got, but for what the gateway itself refused"
)

ACTIVATOR = Dialect(
    Family.ACTIVATOR,
    _ACTIVATOR_MEANS,
    {"activator_request_count": Count(Role.REQUESTS)},
    Histogram("activator_request_latencies_bucket", 1.0, KNATIVE_BOUNDS_MS),
    versions="Knative 1.18 and older",
    counts_rejected=True,
    code_labels=("response_code_class", "response_code"),
    namespace_label="namespace_name",
    scope=Scope.USERS,
    names=("namespace_name", "revision_name"),
    patterns=(rf"{_PLACE}/{_NAME}",),
)
ACTIVATOR_S = Dialect(
    Family.ACTIVATOR_S,
    _ACTIVATOR_MEANS,
    # What is at most infinite is all of them: the same as `_count`, which is the name of what queue-proxy counts.
    {"http_server_request_duration_seconds_bucket": Count(Role.REQUESTS, own='le="+Inf"')},
    Histogram("http_server_request_duration_seconds_bucket", 1000.0, SECONDS_MS),
    versions="Knative 1.19.4 and newer, where config-observability says metrics-protocol: prometheus; that of 1.19.0 "
    "and 1.19.1 counts, too, but does not say of which revision",
    counts_rejected=True,
    code_labels=("http_response_status_code",),
    # The activator labels its own series with the revision that it serves (not those of probes); queue-proxy's have a
    # route tag, also where a scrape job adds the name of the revision to them.
    own='kn_revision_name!="",kn_route_tag=""',
    namespace_label="k8s_namespace_name",
    scope=Scope.USERS,
    names=("k8s_namespace_name", "kn_revision_name"),
    patterns=(rf"{_PLACE}/{_NAME}",),
)
ACTIVATORS = (Family.ACTIVATOR, Family.ACTIVATOR_S)
"""Only a part of all requests goes through them; the others are known from the pods."""
