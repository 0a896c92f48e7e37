"""Whatever comes and goes, in whatever order and amount: the rows are those that are there, sorted, each once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kmon_tui.domain.facts import Facts
from kmon_tui.domain.service import Key, Kind
from kmon_tui.live.rows import Rows

ISVC = Kind.ISVC
SPANS = st.tuples(st.sampled_from(["put", "drop", "build", "pods"]), st.integers(0, 300), st.integers(1, 150))


@given(st.lists(SPANS, max_size=12))
@settings(max_examples=80, deadline=None)
def test_the_rows_are_those_that_are_there_in_order(steps: list[tuple[str, int, int]]) -> None:
    rows, there = Rows(), dict[str, int]()

    for generation, (what, first, count) in enumerate(steps):
        for name in [f"iris-{number:03d}" for number in range(first, first + count)]:
            if what == "put":
                there[name] = generation
                rows.put(Key(ISVC, "team", name), Facts(Key(Kind.ISVC, "team", name), generation=generation))
            elif what == "drop":
                there.pop(name, None)
                rows.drop(Key(ISVC, "team", name))
        if what == "build":
            rows.build()
        elif what == "pods":
            rows.know_pods(Kind.ISVC, known=first % 2 == 0)

    assert [(row.key.name, row.generation) for row in rows.build()] == sorted(there.items())


def test_rows_that_did_not_change_stay_the_same_values() -> None:
    rows = Rows()
    for number in range(1000):
        rows.put(Key(ISVC, "team", f"iris-{number:03d}"), Facts(Key(Kind.ISVC, "team", f"iris-{number:03d}")))
    before = rows.build()

    for number in range(0, 1000, 2):
        name = f"iris-{number:03d}"
        rows.put(Key(ISVC, "team", name), Facts(Key(Kind.ISVC, "team", name), generation=number % 4))
    after = rows.build()

    assert [number for number in range(1000) if after[number] is not before[number]] == list(range(2, 1000, 4))
