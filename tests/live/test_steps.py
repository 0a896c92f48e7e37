"""The packed steps of a rate window tell what was put into them."""

from __future__ import annotations

from kmon_tui.live.packs.dialect import Role
from kmon_tui.live.steps import Gain, Steps


def steps(*gains: Gain) -> Steps:
    made = Steps()
    for number, gain in enumerate(gains):
        made.go_on(100 + 15 * number, gain, 0)
    return made


def test_what_all_steps_brought_is_added_up() -> None:
    found = steps(Gain(30.0, 15.0, 2.0, 30.0), Gain(10.0, 5.0, 1.0, 10.0))

    assert (len(found), *found.sums()) == (2, 40.0, 20.0, 3.0, 40.0)


def test_a_share_of_nothing_that_anybody_counts_is_none() -> None:
    assert steps(Gain(30.0, 15.0)).sums()[3] is None
    assert steps(Gain(30.0, 15.0), Gain(10.0, 15.0, 1.0, 10.0)).sums()[3] == 10.0


def test_steps_of_one_class_and_of_several_add_up_by_class() -> None:
    found = steps(
        Gain(30.0, 15.0, coded=(("2xx", 30.0),)),
        Gain(10.0, 15.0, coded=(("2xx", 8.0), ("5xx", 2.0))),
        Gain(5.0, 15.0, coded=(("5xx", 5.0),)),
    )

    assert found.coded() == {"2xx": 38.0, "5xx": 7.0}


def test_a_step_without_codes_after_one_with_them_has_none() -> None:
    assert steps(Gain(30.0, 15.0, coded=(("2xx", 30.0),)), Gain(7.0, 15.0)).coded() == {"2xx": 30.0}


def test_what_else_was_counted_is_told_with_the_good_requests_and_seconds_of_its_own_steps() -> None:
    found = steps(Gain(30.0, 15.0), Gain(10.0, 14.0, 3.0, extra={Role.DURATION: 2.5}), Gain(6.0, 15.0, 1.0))

    assert found.beside(Role.DURATION) == (2.5, 7.0, 14.0)
    assert found.beside(Role.PROMPT_TOKENS) == (0.0, 0.0, 0.0)


def test_old_steps_are_forgotten_with_all_that_they_brought() -> None:
    found = steps(Gain(30.0, 15.0, coded=(("2xx", 28.0), ("5xx", 2.0)), extra={Role.DURATION: 1.0}), Gain(4.0, 15.0))

    found.go_on(130, None, 100)

    assert (len(found), found.sums()[0], found.coded()) == (1, 4.0, {})
    assert found.beside(Role.DURATION) == (0.0, 0.0, 0.0)
