"""When the pods of a world were scraped before it was there."""

from itertools import pairwise

import pytest

from kmon_tui.sandbox.world_history import Life, scrape_times_ms
from kmon_tui.sandbox.world_state import PodState

NOW_S = 1_790_000_003.2
POD = PodState("iris-1", "predictor", 1, "127.0.0.1", NOW_S - 700)


@pytest.mark.parametrize("step_s", [5.0, 15.0, 30.0])
def test_the_last_scrape_of_the_past_is_just_over_so_that_the_first_to_come_leaves_no_gap(step_s: float) -> None:
    times_ms = scrape_times_ms(Life(POD, NOW_S - 600), NOW_S, 3600, step_s)

    assert NOW_S - times_ms[-1] / 1000 == pytest.approx(0.5, abs=0.01)
    assert {after - before for before, after in pairwise(times_ms)} == {round(step_s * 1000)}


def test_a_pod_that_is_gone_was_scraped_while_it_was_there() -> None:
    times_ms = scrape_times_ms(Life(POD, NOW_S - 600, to_s=NOW_S - 100), NOW_S, 3600, 15.0)

    assert NOW_S - 600 < times_ms[0] / 1000 < times_ms[-1] / 1000 < NOW_S - 100
