"""When a list is made on suspicion alone, and who tells whom of another store."""

from __future__ import annotations

from kmon_tui.live.upheaval import Suspicion, Upheaval


def test_after_an_own_failure_one_list_is_owed_until_it_is_there() -> None:
    one = Suspicion(Upheaval(), page_s=6.0)
    assert not one.may_list(100.0, pages=20)

    one.failed(no_answer=True)
    assert one.may_list(100.0, pages=20)

    one.listed()
    assert not one.may_list(500.0, pages=20)


def test_a_server_that_fails_often_is_asked_for_ten_pages_a_minute_at_most() -> None:
    one = Suspicion(Upheaval(), page_s=6.0)
    lists = 0
    for now_s in range(600):
        one.failed(no_answer=True)
        if one.may_list(float(now_s), pages=20):
            lists += 1
            one.listed()

    assert lists == 5


def test_a_watch_ends_when_the_list_that_is_owed_may_be_made() -> None:
    one = Suspicion(Upheaval(), page_s=6.0)
    one.failed(no_answer=True)
    assert one.may_list(100.0, pages=20)
    one.listed()
    assert one.length_s(130.0, watch_s=240.0) == 240.0

    one.failed(no_answer=True)

    assert one.length_s(130.0, watch_s=240.0) == 90.0
    assert one.length_s(130.0, watch_s=20.0) == 20.0


def test_an_outage_that_another_one_met_is_looked_after_but_an_error_of_one_kind_is_not() -> None:
    common = Upheaval()
    one, other = Suspicion(common, page_s=6.0), Suspicion(common, page_s=6.0)

    one.failed(no_answer=False)
    assert not other.was_away

    one.failed(no_answer=True)
    assert other.was_away

    other.looked()
    assert not other.was_away
    assert other.may_list(100.0, pages=2)


def test_who_finds_another_store_tells_all_and_each_of_them_lists_once() -> None:
    common, reopened = Upheaval(), []
    one, other = Suspicion(common, page_s=6.0), Suspicion(common, page_s=6.0)
    with one.joined(lambda: reopened.append("one")), other.joined(lambda: reopened.append("other")):
        one.replaced()
        other.replaced()
        assert one.another
        assert other.another

        one.listed()
        other.replaced()
        other.listed()

    assert not one.another
    assert not other.another
    assert reopened == ["one", "other"]


def test_who_has_left_is_not_opened_anew() -> None:
    common, reopened = Upheaval(), []
    one, other = Suspicion(common, page_s=6.0), Suspicion(common, page_s=6.0)
    with one.joined(lambda: reopened.append("one")):
        pass

    other.replaced()

    assert reopened == []
