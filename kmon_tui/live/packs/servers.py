"""Packs of what model servers count of themselves: executions, never what was rejected before the model."""

from __future__ import annotations

from kmon_tui.domain.traffic import Family
from kmon_tui.live.packs.dialect import FAILED, GOOD, SECONDS_MS, Count, Dialect, Histogram, Role

SDK = Dialect(
    Family.SDK,
    "executions in the model; answers 404 and OpenAI calls are not counted; failed are those without a postprocess "
    "stage, wrong requests (4xx) too",
    {
        "request_predict_seconds_count": Count(Role.REQUESTS),
        "request_preprocess_seconds_count": Count(Role.ATTEMPTS),
        "request_postprocess_seconds_count": Count(Role.SUCCESSES),
    },
    Histogram("request_predict_seconds_bucket", 1000.0, SECONDS_MS),
    own='model_name!=""',
)

MLSERVER = Dialect(
    Family.MLSERVER,
    "executions in the model over REST and gRPC; latency of REST only, with what was refused before the model (422)",
    {
        "model_infer_request_success_total": Count(Role.REQUESTS, GOOD),
        "model_infer_request_failure_total": Count(Role.REQUESTS, FAILED),
    },
    Histogram(
        "rest_server_request_duration_seconds_bucket",
        1000.0,
        SECONDS_MS,
        own='path=~"/v2/models/.+/(infer|generate)(_stream)?"',
    ),
)

TRITON = Dialect(
    Family.TRITON,
    # Seen in Triton 2.51.0: 503 of a full queue is in no counter, and an error of a Python model's own is a success.
    "requests that Triton took and answered or failed, not those that found its queue full (503); an error that a "
    "Python model answers by itself (500) counts as good; a batch is one request; no histogram, so only a mean "
    "latency, of what succeeded",
    {
        "nv_inference_request_success": Count(Role.REQUESTS, GOOD),
        "nv_inference_request_failure": Count(Role.REQUESTS, FAILED),
        "nv_inference_request_duration_us": Count(Role.DURATION),
    },
    None,
    duration_to_ms=0.001,
)

TORCHSERVE = Dialect(
    Family.TORCHSERVE,
    "requests to models, those that found no worker (503) too, not those to models that it does not have (404); failed "
    "are all answers 5xx of its web server; no histogram, so only a mean latency, of what succeeded",
    {
        "ts_inference_requests_total": Count(Role.REQUESTS),
        "ts_inference_latency_microseconds": Count(Role.DURATION),
        "Requests5XX": Count(Role.FAILURES),
        "Requests2XX": Count(Role.FINE),  # pings and scrapes too: a sign that failures are counted
    },
    None,
    counts_rejected=True,
    duration_to_ms=0.001,
)

_WHOLE_MS = (
    300.0, 500.0, 800.0, 1000.0, 1500.0, 2000.0, 2500.0, 5000.0, 10000.0, 15000.0, 20000.0, 30000.0, 40000.0, 50000.0,
    60000.0, 120000.0, 240000.0, 480000.0, 960000.0, 1920000.0, 7680000.0,
)  # fmt: skip
_FIRST_MS = (
    1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0,
    20000.0, 40000.0, 80000.0, 160000.0, 640000.0, 2560000.0,
)  # fmt: skip
_NEXT_MS = (
    10.0, 25.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0,
    20000.0, 40000.0, 80000.0,
)  # fmt: skip

VLLM = Dialect(
    Family.VLLM,
    "requests that vLLM finished, aborted ones too; failed are answers 5xx of its web layer to /v1 calls, which vLLM "
    "before 0.8 does not count: there nobody knows what failed",
    {
        "vllm:request_success_total": Count(Role.REQUESTS),
        "http_requests_total": Count(Role.ANSWERS, own='handler=~"(/openai)?/v1/.+",method="POST"'),
        "vllm:prompt_tokens_total": Count(Role.PROMPT_TOKENS),
        "vllm:generation_tokens_total": Count(Role.GENERATION_TOKENS),
        "vllm:prefix_cache_queries_total": Count(Role.PREFIX_QUERIES),
        "vllm:prefix_cache_hits_total": Count(Role.PREFIX_HITS),
        # Of older ones, which for a while had both: the share of hits is the same.
        "vllm:gpu_prefix_cache_queries_total": Count(Role.PREFIX_QUERIES),
        "vllm:gpu_prefix_cache_hits_total": Count(Role.PREFIX_HITS),
        "vllm:num_preemptions_total": Count(Role.PREEMPTIONS),
    },
    Histogram("vllm:e2e_request_latency_seconds_bucket", 1000.0, _WHOLE_MS),
    versions="0.4 to 0.33; bounds are those of 0.8 and newer, older ones end at 60 s, and 0.33 lets people set others",
    code_labels=("status",),
    first_token=Histogram("vllm:time_to_first_token_seconds_bucket", 1000.0, _FIRST_MS),
    next_token=Histogram(
        "vllm:inter_token_latency_seconds_bucket",
        1000.0,
        _NEXT_MS,
        older="vllm:time_per_output_token_seconds_bucket",
    ),
)
