"""The index of log lines: numbers stay while old lines are dropped, and only new lines cost anything."""

from __future__ import annotations

import re

from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Key, Kind
from kmon_tui.ui.log_index import LogIndex

REQUEST = LogRequest(Key(Kind.ISVC, "demo", "iris"))


def line(number: int, pod: str = "a", container: str = "main") -> LogLine:
    return LogLine(f"line {number}", pod, container)


def view(first: int, total: int, *, chunk: int = 4, request: LogRequest = REQUEST) -> LogView:
    lines = [line(number, "ab"[number % 2]) for number in range(first, total)]
    chunks = tuple(tuple(lines[at : at + chunk]) for at in range(0, len(lines), chunk))
    return LogView(request, chunks, first, total)


def shown(index: LogIndex) -> list[int]:
    return [index.number(place) for place in range(len(index))]


def test_without_a_filter_all_held_lines_are_there() -> None:
    index = LogIndex()

    index.see(view(3, 12))

    assert shown(index) == list(range(3, 12))
    assert [index.line(number).text for number in (3, 7, 11)] == ["line 3", "line 7", "line 11"]


def test_lines_that_are_dropped_leave_the_filtered_ones_too() -> None:
    index = LogIndex()
    index.want(re.compile("[05]$"), frozenset())

    index.see(view(0, 12))
    before = shown(index)
    index.see(view(6, 21))

    assert before == [0, 5, 10]
    assert shown(index) == [10, 15, 20]
    assert index.place(11) == 1


def test_pods_and_containers_can_be_off() -> None:
    index = LogIndex()
    index.see(view(0, 6))

    index.want(None, frozenset({"a"}))

    assert shown(index) == [1, 3, 5]
    assert (index.pods, index.containers) == (["a", "b"], ["main"])


def test_marks_stay_whatever_the_filter_says() -> None:
    index = LogIndex()
    index.want(re.compile("nothing has this"), frozenset())

    index.see(LogView(REQUEST, ((line(0), LogLine("restarted", "a", "main", mark=True)),), 0, 2))

    assert shown(index) == [1]


def test_a_filter_sees_through_colours() -> None:
    index = LogIndex()
    index.see(LogView(REQUEST, ((LogLine("\x1b[31mERR\x1b[0mOR", "a", "main"),),), 0, 1))

    index.want(re.compile("ERROR"), frozenset())

    assert shown(index) == [0]


def test_another_request_begins_anew() -> None:
    index = LogIndex()
    index.see(view(0, 9))

    index.see(LogView(LogRequest(REQUEST.key, previous=True), ((line(0, "c"),),), 0, 1))

    assert (shown(index), index.pods) == ([0], ["c"])


def test_a_stream_that_begins_anew_with_fewer_lines_is_read_from_its_start() -> None:
    index = LogIndex()
    index.want(re.compile("line"), frozenset())
    index.see(view(0, 9))

    index.see(view(0, 2))

    assert shown(index) == [0, 1]


def test_hits_are_found_among_what_is_shown() -> None:
    index = LogIndex()
    index.see(view(0, 30))
    index.want(None, frozenset({"b"}))

    assert index.hits(re.compile("line 1")) == [10, 12, 14, 16, 18]


def test_the_newest_chunk_may_grow_and_none_is_read_twice() -> None:
    index = LogIndex()
    index.want(re.compile("line"), frozenset())
    old = view(0, 4)

    index.see(old)
    index.see(LogView(REQUEST, ((*old.chunks[0], line(4)),), 0, 5))

    assert shown(index) == [0, 1, 2, 3, 4]


def test_nothing_is_asked_of_no_view() -> None:
    index = LogIndex()
    index.want(re.compile("x"), frozenset())
    index.see(None)

    assert (len(index), index.place(7)) == (0, 0)
