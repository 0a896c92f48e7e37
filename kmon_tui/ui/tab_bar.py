"""The line of tabs: their numbers and names, the present one marked; a click goes there."""

from __future__ import annotations

from enum import StrEnum

from textual import events
from textual.message import Message

from kmon_tui.render.lines import Line
from kmon_tui.ui.palette import LinesView


class Tab(StrEnum):
    """What a service can be looked at by; the order is that of the keys 1 to 8."""

    WHY = "Why"
    CONDITIONS = "Conditions"
    REVISIONS = "Revisions"
    PODS = "Pods"
    METRICS = "Metrics"
    EVENTS = "Events"
    LOGS = "Logs"
    YAML = "YAML"
    DESCRIBE = "Describe"
    """Has no number: `d` goes there."""


TABS = tuple(tab for tab in Tab if tab is not Tab.DESCRIBE)


class TabBar(LinesView):
    """Shows the tabs in as much room as there is."""

    class Pressed(Message):
        """A tab was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._tab = Tab.WHY
        self._ends: list[tuple[int, Tab]] = []

    def tell(self, tab: Tab) -> None:
        """Mark this tab."""
        self._tab = tab
        self._fill()

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._fill()

    def on_click(self, event: events.Click) -> None:
        """Tell which tab was clicked."""
        tab = next((tab for end, tab in self._ends if event.x < end), None)
        if tab is not None:
            self.post_message(self.Pressed(tab))

    def _fill(self) -> None:
        line, self._ends = tabs_line(self._tab, self.size.width)
        self.show((line,))


def tabs_line(present: Tab, width: int) -> tuple[Line, list[tuple[int, Tab]]]:
    """Give the line, and the column behind each tab; names are cut before numbers are, the present one's last."""
    shown = TABS if present in TABS else (*TABS, present)
    longest = present if present not in TABS else max(TABS, key=lambda tab: len(tab.value))
    for most, behind in ((99, " "), (4, " "), (4, ""), (3, ""), (2, ""), (0, "")):
        names = {tab: tab.value if tab is present else tab.value[:most] for tab in shown}
        if sum(3 + len(tab.value if tab is longest else tab.value[:most]) + len(behind) for tab in shown) <= width:
            break
    line: Line = ()
    ends: list[tuple[int, Tab]] = []
    at = 0
    for place, tab in enumerate(shown, start=1):
        number = str(place) if tab in TABS else "d"
        words = f" {number} {names[tab]}".rstrip() + behind
        line = (*line, (words, "tab")) if tab is present else (*line, (f" {number}", "key"), (words[2:], "dim"))
        at += len(words)
        ends.append((at, tab))
    return line, ends
