"""The rule of waiting before a new try."""

from kmon_tui.domain.backoff import Backoff


def waits(*lives_s: float) -> list[float]:
    backoff, result = Backoff(), []
    for lived_s in lives_s:
        backoff = backoff.failed(lived_s)
        result.append(backoff.wait_s(chance=0.0))
    return result


def test_waits_double_up_to_the_longest() -> None:
    assert waits(0, 0, 0, 0, 0, 0, 0) == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_a_life_shorter_than_the_longest_wait_does_not_start_over() -> None:
    assert waits(0, 0, 14.9)[-1] == 2.0


def test_a_long_life_starts_over() -> None:
    assert waits(0, 0, 0, 15.1)[-1] == 0.5


def test_chance_takes_off_a_quarter_at_most() -> None:
    backoff = Backoff().failed(0).failed(0)

    assert backoff.wait_s(1.0) == 0.75
    assert backoff.wait_s(0.5) == 0.875


def test_nothing_failed_means_no_wait() -> None:
    assert Backoff().wait_s(0.3) == 0.0


def test_thousands_of_failures_still_wait_the_longest() -> None:
    assert waits(*([0.0] * 3000))[-1] == 15.0
