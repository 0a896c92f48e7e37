"""What is known of a service beside its requests: what its callers saw, how it scales, how its tokens flow."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Users(NamedTuple):
    """What callers got, counted before the pods: a refusal there never reaches a pod. None: not known."""

    family: str
    """Who counted, as ``istio``; a value of Family."""
    requests_per_s: float | None = None
    error_ratio: float | None = None
    """Share of 5xx answers, 0 to 1, in the rate window."""
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    top_bound_ms: float | None = None
    """Largest finite bucket bound: a quantile that equals it means `more than this`."""
    by_class: tuple[tuple[str, float], ...] = ()
    """(``2xx``…, requests per second in the rate window)."""
    sampled_at: datetime | None = None


class Scaling(NamedTuple):
    """How many pods there should be and are, and how busy they are. None: not known."""

    source: str
    """Who says so: ``autoscaler`` (Knative's) or ``kube-state-metrics``."""
    wanted: float | None = None
    ready: float | None = None
    concurrency: float | None = None
    """Requests in flight, all pods together, averaged by the autoscaler over its stable window (60 s)."""
    target_concurrency: float | None = None
    """Requests in flight that one pod should have."""
    queued: float | None = None
    """Requests that wait at the activator for a pod, now."""
    at_activator: float | None = None
    """Requests in flight that go through the activator, now."""
    panic: bool | None = None
    """Whether Knative's autoscaler scales on its short window."""
    sampled_at: datetime | None = None


class Llm(NamedTuple):
    """Numbers that only a server of language models has. None: not known. Rates and quantiles of the rate window."""

    running: float | None = None
    """Requests that are computed now, all pods together."""
    waiting: float | None = None
    """Requests that wait inside the server now."""
    kv_cache_ratio: float | None = None
    """Share of the KV cache in use, 0 to 1, the mean over pods and engines."""
    kv_cache_max_ratio: float | None = None
    """The same of the fullest one."""
    prompt_tokens_per_s: float | None = None
    generation_tokens_per_s: float | None = None
    prefix_hit_ratio: float | None = None
    """Share of prompt tokens that were found in the prefix cache, 0 to 1; None without any prompt."""
    preemptions_per_s: float | None = None
    ttft_p50_ms: float | None = None
    """Time to the first token."""
    ttft_p90_ms: float | None = None
    ttft_p99_ms: float | None = None
    ttft_top_ms: float | None = None
    """Largest finite bucket bound: a quantile that equals it means `more than this`."""
    itl_p50_ms: float | None = None
    """Time between two tokens."""
    itl_p90_ms: float | None = None
    itl_p99_ms: float | None = None
    itl_top_ms: float | None = None
    sampled_at: datetime | None = None
