"""The scrape interval is read from Prometheus' configuration, whatever that looks like."""

from __future__ import annotations

import time

from kmon_tui.live import introduction

LINES = "".join(f"    {'  ' * (number % 4)}- regex: label_{number}\n" for number in range(400))


def jobs(config: str) -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in introduction._JOB.finditer(config)]


def test_a_job_has_the_interval_that_stands_in_it() -> None:
    first, second = (
        "- job_name: a\n  honor_labels: true\n  scrape_interval: 30s\n",
        "- job_name: b\n  scrape_interval: 1m\n",
    )
    config = f"scrape_configs:\n{first}{second}"

    assert jobs(config) == [("a", "30s"), ("b", "1m")]


def test_a_long_job_without_an_interval_is_passed_over_at_once() -> None:
    """A line that fits the expression in several ways would take longer than the world lasts, and hold all threads."""
    config = f"scrape_configs:\n- job_name: a\n  relabel_configs:\n{LINES}- job_name: b\n{LINES}  scrape_interval: 5s\n"
    began_s = time.process_time()

    assert jobs(config) == [("b", "5s")]
    assert time.process_time() - began_s < 1.0
