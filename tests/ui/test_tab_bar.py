"""The line of tabs has all eight numbers, however narrow the terminal is."""

from __future__ import annotations

import pytest

from kmon_tui.render.lines import text_of
from kmon_tui.ui.tab_bar import TABS, Tab, tabs_line


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("present", [*TABS, Tab.DESCRIBE])
def test_all_tabs_are_there_and_the_present_one_has_its_name(present: Tab, width: int) -> None:
    line, ends = tabs_line(present, width)
    words = text_of(line)

    assert len(words) <= width
    assert [word for word in words.split() if word.isdecimal()] == list("12345678")
    assert present.value in words.split()
    assert [tab for _, tab in ends] == [*TABS, *([] if present in TABS else [present])]


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (80, " 1 Why  2 Conditions  3 Revisions  4 Pods  5 Metrics  6 Events  7 Logs  8 YAML "),
        (60, " 1 Why 2 Con 3 Rev 4 Pod 5 Met 6 Eve 7 Log 8 YAM"),
    ],
)
def test_names_are_cut_as_far_as_there_is_no_room(width: int, words: str) -> None:
    assert text_of(tabs_line(Tab.WHY, width)[0]) == words


def test_the_names_stay_as_they_are_when_another_tab_is_shown() -> None:
    assert " 3 Rev 4 Pod " in text_of(tabs_line(Tab.WHY, 60)[0])
    assert " 3 Rev 4 Pod " in text_of(tabs_line(Tab.CONDITIONS, 60)[0])


def test_a_click_anywhere_in_a_tab_is_a_click_at_it() -> None:
    line, ends = tabs_line(Tab.PODS, 60)
    words = text_of(line)

    assert next(tab for end, tab in ends if words.index("5 Met") < end) is Tab.METRICS
