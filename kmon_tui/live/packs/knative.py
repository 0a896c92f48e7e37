"""Packs of what is counted in front of the model inside its pod: Knative's queue-proxy, and the scrape job's alias."""

from __future__ import annotations

from kmon_tui.domain.traffic import Family
from kmon_tui.live.packs.dialect import SECONDS_MS, Count, Dialect, Histogram, Role

KNATIVE_BOUNDS_MS = (
    5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 450.0, 500.0, 600.0, 700.0,
    800.0, 900.0, 1000.0, 2000.0, 5000.0, 10000.0, 20000.0, 50000.0, 100000.0,
)  # fmt: skip

ALIAS = Dialect(
    Family.ALIAS,
    "requests that queue-proxy saw, rejected ones too (Knative), or executions in the model (Standard mode), "
    "as the scrape job kserve-metrics renames them",
    {"kserve_request_count": Count(Role.REQUESTS)},
    Histogram("kserve_request_duration_milliseconds", 1.0),  # without _bucket: the scrape job names it so
    counts_rejected=True,
    code_labels=("response_code_class", "response_code"),
)

KNATIVE_MS = Dialect(
    Family.KNATIVE_MS,
    "requests that queue-proxy saw, those that waited or were rejected in its queue (503) too; probes are not counted",
    {"revision_request_count": Count(Role.REQUESTS)},
    Histogram("revision_request_latencies_bucket", 1.0, KNATIVE_BOUNDS_MS),
    versions="Knative 1.18 and older",
    counts_rejected=True,
    code_labels=("response_code_class", "response_code"),  # a relabelling may have dropped either
    namespace_label="namespace_name",
)

KNATIVE_S = Dialect(
    Family.KNATIVE_S,
    "requests that queue-proxy saw, those that waited or were rejected in its queue (503) too; probes are not counted",
    {"http_server_request_duration_seconds_count": Count(Role.REQUESTS)},
    Histogram("http_server_request_duration_seconds_bucket", 1000.0, SECONDS_MS),
    versions="Knative 1.19 and newer: names, labels, unit and bounds are word for word the same in all of them; what "
    "differs beside them is listed under Versions of Knative",
    counts_rejected=True,
    code_labels=("http_response_status_code",),
    # The name is OpenTelemetry's own for any HTTP server; only queue-proxy has a route tag on every series.
    own='kn_route_tag!=""',
)
"""Knative 1.19, 1.20 and >= 1.21 alike: they differ only in GENERATIONS."""

GENERATIONS = {
    "1.19 before 1.19.4": ("kn_queueproxy_app_duration_seconds", "kn_queueproxy_depth__item_", False),
    "1.19.4 to 1.20.0": ("kn_queueproxy_app_duration_seconds", "kn_queueproxy_depth", True),
    "1.20.1 and newer": ("kn_serving_invocation_duration_seconds", "kn_serving_queue_depth", True),
}
"""By version of Knative: time inside the model, depth of queue-proxy's queue, and whether the activator says of which
revision its requests are. The depth is written when a request arrives and never falls back to 0, so it is not drawn:
the autoscaler's concurrency is. Read in the sources of 1.19.0 to 1.24.0; queue-proxy, activator and autoscaler of some
of them wrote the pages in tests/data. The oldest put units behind the names of gauges (by an exporter that was taken
back), and their activator puts its labels around what counts instead of into it."""
