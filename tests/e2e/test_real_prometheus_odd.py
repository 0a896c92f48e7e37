"""Counters that are NaN, ages of what died, and windows in which pods come and go, on real Prometheus servers."""

from __future__ import annotations

import pytest

from tests.e2e.test_real_prometheus_history import serve
from tests.live.test_last_seen import (
    test_an_age_is_exact_where_a_long_window_is_looked_at_rarely,
    test_so_it_is_where_a_revision_is_told_by_target_info_alone,
    test_the_age_of_a_target_that_died_hours_ago_is_known,
)
from tests.live.test_metrics_long_window import test_pods_that_came_and_went_in_a_long_window_are_all_in_it
from tests.live.test_metrics_unreadable import (
    test_a_service_whose_counters_are_all_nan_is_unknown_and_says_why,
    test_one_pod_of_three_whose_counter_is_nan_is_left_out_with_words,
)

__all__ = [
    "serve",
    "test_a_service_whose_counters_are_all_nan_is_unknown_and_says_why",
    "test_an_age_is_exact_where_a_long_window_is_looked_at_rarely",
    "test_one_pod_of_three_whose_counter_is_nan_is_left_out_with_words",
    "test_pods_that_came_and_went_in_a_long_window_are_all_in_it",
    "test_so_it_is_where_a_revision_is_told_by_target_info_alone",
    "test_the_age_of_a_target_that_died_hours_ago_is_known",
]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
