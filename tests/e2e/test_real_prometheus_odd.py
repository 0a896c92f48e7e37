"""Counters that are NaN and windows in which pods come and go, on real Prometheus servers."""

from __future__ import annotations

import pytest

from tests.e2e.test_real_prometheus_history import serve
from tests.live.test_metrics_long_window import test_pods_that_came_and_went_in_a_long_window_are_all_in_it
from tests.live.test_metrics_unreadable import (
    test_a_service_whose_counters_are_all_nan_is_unknown_and_says_why,
    test_one_pod_of_three_whose_counter_is_nan_is_left_out_with_words,
)

__all__ = [
    "serve",
    "test_a_service_whose_counters_are_all_nan_is_unknown_and_says_why",
    "test_one_pod_of_three_whose_counter_is_nan_is_left_out_with_words",
    "test_pods_that_came_and_went_in_a_long_window_are_all_in_it",
]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
