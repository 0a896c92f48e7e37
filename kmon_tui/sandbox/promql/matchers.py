"""Label matchers, compiled to plain functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser

from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.samples import Samples, Series
from kmon_tui.sandbox.promql.values import NAME, Labels

_OP = promql_parser.MatchOp


@dataclass(frozen=True, slots=True)
class Selection:
    """The matchers of one selector."""

    is_name: Callable[[str], bool]
    is_match: Callable[[Labels], bool] | None
    """None: the name decides alone."""
    equals: tuple[tuple[str, str], ...]
    """Labels with exactly one matcher, which is ``=``: what absent() puts on its answer."""

    def among(self, samples: Samples) -> list[Series]:
        """Give the series that match."""
        return samples.select(self.is_name, self.is_match)


def compiled(selector: Any) -> Selection:
    """Compile the matchers of a vector selector of the parser."""
    matchers = list(selector.matchers.matchers)
    if selector.matchers.or_matchers:
        raise PromqlError('1:1: parse error: unexpected "or" inside braces', "bad_data")
    names: list[Callable[[str], bool]] = []
    others: list[tuple[str, Callable[[str], bool]]] = []
    if selector.name:
        names.append(_equal(selector.name))
    for matcher in matchers:
        test = _test(matcher)
        if matcher.name == NAME:
            names.append(test)
        else:
            others.append((matcher.name, test))
    counts = [m.name for m in matchers]
    equals = tuple((m.name, m.value) for m in matchers if m.op == _OP.Equal and counts.count(m.name) == 1)
    return Selection(_all_of(names), _labels_test(others), tuple(e for e in equals if e[0] != NAME))


def _test(matcher: Any) -> Callable[[str], bool]:
    if matcher.op == _OP.Equal:
        return _equal(matcher.value)
    if matcher.op == _OP.NotEqual:
        unwanted = str(matcher.value)
        return lambda value: value != unwanted
    try:
        regex = re.compile(matcher.value, re.DOTALL)
    except re.error as error:
        raise PromqlError(f"error parsing regexp: {error}", "bad_data") from error
    if matcher.op == _OP.Re:
        return lambda value: regex.fullmatch(value) is not None
    return lambda value: regex.fullmatch(value) is None


def _equal(wanted: str) -> Callable[[str], bool]:
    return lambda value: value == wanted


def _all_of(tests: list[Callable[[str], bool]]) -> Callable[[str], bool]:
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _labels_test(tests: list[tuple[str, Callable[[str], bool]]]) -> Callable[[Labels], bool] | None:
    if not tests:
        return None
    return lambda labels: all(test(labels.get(name, "")) for name, test in tests)
