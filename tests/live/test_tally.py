"""Rows of one step, put together by the process that counts, and what they mean together."""

from __future__ import annotations

import math

from kmon_tui.live.packs import BY_COUNTER
from kmon_tui.live.packs.dialect import FAILED, GOOD, Role
from kmon_tui.live.reckoning import Slot, reckoning_of
from kmon_tui.live.register import Reading
from kmon_tui.live.tally import Tally
from kmon_tui.live.target import Target

OK: Slot = (Role.REQUESTS, "2xx")
BAD: Slot = (Role.REQUESTS, "5xx")
TOKENS: Slot = (Role.PROMPT_TOKENS, "")
ONE = Target({"pod": "one"}, BY_COUNTER["kserve_request_count"])
TWO = Target({"pod": "two"}, BY_COUNTER["kserve_request_count"])


def test_rows_of_a_process_stand_together_wherever_they_are_in_the_answer() -> None:
    rows = [Reading(ONE, OK), Reading(TWO, OK), Reading(ONE, BAD)]

    assert list(Tally().count(rows, [5.0, 7.0, 1.0])) == [(ONE, (OK, BAD), (5.0, 1.0)), (TWO, (OK,), (7.0,))]


def test_rows_that_tell_of_the_same_are_added_up() -> None:
    rows = [Reading(ONE, OK), Reading(ONE, OK), Reading(ONE, BAD)]

    assert list(Tally().count(rows, [5.0, 2.0, 1.0])) == [(ONE, (OK, BAD), (7.0, 1.0))]


def test_the_same_rows_with_other_values_tell_the_other_values() -> None:
    tally, rows = Tally(), [Reading(ONE, OK), Reading(TWO, OK)]
    list(tally.count(rows, [5.0, 7.0]))

    assert [counts for _, _, counts in tally.count(rows, [6.0, 9.0])] == [(6.0,), (9.0,)]


def test_other_rows_are_told_of_after_the_ones_before() -> None:
    tally = Tally()
    list(tally.count([Reading(ONE, OK)], [5.0]))

    assert list(tally.count([Reading(TWO, BAD)], [3.0])) == [(TWO, (BAD,), (3.0,))]


def test_a_process_whose_requests_are_no_number_cannot_be_read_and_others_can() -> None:
    rows = [Reading(ONE, OK), Reading(ONE, BAD), Reading(TWO, OK)]

    assert [counts for _, _, counts in Tally().count(rows, [math.nan, 1.0, 7.0])] == [None, (7.0,)]


def test_tokens_that_are_no_number_are_left_out() -> None:
    rows = [Reading(ONE, OK), Reading(ONE, TOKENS)]

    assert list(Tally().count(rows, [5.0, math.nan])) == [(ONE, (OK,), (5.0,))]


def test_requests_with_codes_tell_which_went_wrong() -> None:
    assert reckoning_of((OK, BAD)).of((8.0, 2.0)) == (10.0, 2.0, 10.0, (("2xx", 8.0), ("5xx", 2.0)))
    assert reckoning_of(((Role.REQUESTS, GOOD), (Role.REQUESTS, FAILED))).of((8.0, 2.0))[1:3] == (2.0, 10.0)


def test_executions_that_were_begun_and_not_ended_well_went_wrong() -> None:
    slots = ((Role.REQUESTS, ""), (Role.ATTEMPTS, ""), (Role.SUCCESSES, ""))

    assert reckoning_of(slots).of((9.0, 10.0, 7.0)) == (9.0, 3.0, 10.0, ())


def test_where_nobody_counts_what_went_wrong_there_is_no_share() -> None:
    assert reckoning_of(((Role.REQUESTS, ""), TOKENS)).of((9.0, 50.0)) == (9.0, 0.0, None, ())
    assert reckoning_of(((Role.REQUESTS, ""), TOKENS)).beside((9.0, 50.0)) == {Role.PROMPT_TOKENS: 50.0}
