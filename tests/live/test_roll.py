"""Rows of an answer that come again are known by their places."""

from __future__ import annotations

import msgspec

from kmon_tui.live.prometheus_answers import Labelled
from kmon_tui.live.roll import Roll


def rows(*texts: str) -> list[Labelled]:
    return [Labelled(msgspec.Raw(f'{{"pod":"{text}"}}'.encode())) for text in texts]


class Finder:
    """Finds the pod of a row, but for those named ``odd``; knows who was looked for."""

    def __init__(self) -> None:
        self.sought: list[str] = []

    def __call__(self, row: Labelled, _text: bytes) -> str | None:
        pod = row.metric["pod"]
        self.sought.append(pod)
        return None if pod == "odd" else pod


def test_rows_of_a_tick_ago_are_not_looked_for_again() -> None:
    roll, find = Roll[str](), Finder()
    roll.call(rows("a", "b"), find)

    found, rest = roll.call(rows("a", "b"), find)

    assert (found, list(rest), find.sought) == (["a", "b"], [], ["a", "b"])


def test_another_order_is_another_answer() -> None:
    roll, find = Roll[str](), Finder()
    roll.call(rows("a", "b"), find)

    assert roll.call(rows("b", "a"), find)[0] == ["b", "a"]


def test_a_shorter_answer_is_another_one() -> None:
    roll, find = Roll[str](), Finder()
    roll.call(rows("a", "b"), find)

    assert roll.call(rows("a"), find)[0] == ["a"]


def test_what_stands_behind_the_known_rows_is_given_each_time() -> None:
    roll, find = Roll[str](), Finder()
    roll.call(rows("a", "odd", "b"), find)

    found, rest = roll.call(rows("a", "c"), find)

    assert (found, [row.metric["pod"] for row in rest], find.sought) == (["a"], ["c"], ["a", "odd"])


def test_after_it_forgot_all_rows_are_looked_for() -> None:
    roll, find = Roll[str](), Finder()
    roll.call(rows("a"), find)
    roll.forget()

    roll.call(rows("a"), find)

    assert find.sought == ["a", "a"]
