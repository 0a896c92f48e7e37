"""Pasts of one service, told scrape by scrape: what a Prometheus knows in the cases that tests look at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

from kmon_tui.domain.service import InferenceService, Key, Kind

Labels = Mapping[str, str]
IRIS = InferenceService(Key(Kind.ISVC, "default", "iris"))
POD = {
    "job": "kserve-metrics", "instance": "10.0.0.1:9091", "namespace": "default", "service_name": "iris",
    "pod": "iris-predictor-00001-deployment-6d4b-abcde", "component": "predictor",
}  # fmt: skip
OTHER_POD = {**POD, "instance": "10.0.0.2:9091", "pod": "iris-predictor-00001-deployment-6d4b-fghij"}
OK = {"response_code": "200", "response_code_class": "2xx"}
BAD = {"response_code": "500", "response_code_class": "5xx"}
SCRAPE_S = 15
COUNT, BUCKET = "kserve_request_count", "kserve_request_duration_milliseconds"

Shape = Callable[[int], float | None]
"""Value of a counter at the n-th scrape; None: not scraped."""


def rising(speed: float) -> Shape:
    """A counter that gains so much a scrape."""
    return lambda n: speed * n


def share_of(share: float) -> Shape:
    """A bucket that holds this share of a hundred requests and thirty more a scrape."""
    return lambda n: math.floor(share * (100 + 30 * n))


class Story:
    """Raw samples by metric name: scrapes every 15 s that end now."""

    def __init__(self) -> None:
        self.series: dict[str, list[tuple[Labels, Sequence[tuple[float, float]]]]] = {}
        self.now = int(time.time())
        self.times = [self.now - SCRAPE_S * back for back in reversed(range(80))]

    def tell(self, name: str, labels: dict[str, str], shape: Shape) -> None:
        """Add a series."""
        values = [(at, shape(n)) for n, at in enumerate(self.times)]
        samples = [(float(at), float(value)) for at, value in values if value is not None]
        self.series.setdefault(name, []).append((labels, samples))


def at(story: Story, name: str, moment_s: float, **labels: str) -> float:
    """Sum of the newest raw samples at a moment, of all series with these labels."""
    return sum(
        max((s for s in samples if s[0] <= moment_s), default=(0.0, 0.0))[1]
        for found, samples in story.series[name]
        if all(found.get(k) == v for k, v in labels.items())
    )


def steady() -> Story:
    """Thirty requests a scrape, of which the first 71 scrapes had no error."""
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 100 + 30 * n)
    story.tell(COUNT, {**POD, **BAD}, lambda n: n - 70 if n > 70 else None)
    for le, share in (("5", 0.2), ("100", 0.5), ("1000", 0.9), ("+Inf", 1.0)):
        story.tell(BUCKET, {**POD, **OK, "le": le}, share_of(share))
    return story
