"""The page of Prometheus, which stays up to date, and the choice of another one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.state import State
from kmon_tui.render.lines import Line
from kmon_tui.render.pages import choices
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.text_screen import TextScreen

TYPE = "type"
"""The choice of typing one."""


class PrometheusScreen(TextScreen):
    """Says which Prometheus is asked, how it was found and what it costs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P,enter", "app.choose_prometheus", "choose", id="text.choose_prometheus"),
    ]

    def __init__(self, lines: Callable[[], tuple[Line, ...]]) -> None:
        super().__init__("Prometheus", lines())
        self._make = lines

    def on_mount(self) -> None:
        """Look again each second."""
        self.query_one("#page").border_subtitle = "esc back  P choose  / search"
        self.set_interval(1.0, self._again)

    def _again(self) -> None:
        self._lines = self._make()
        view = self.query_one("#text", LinesView)
        view.styles.height = len(self._lines)
        view.show(self._lines)


def chooser(state: State) -> Chooser:
    """Give the list of what could be asked instead; it ends with typing something else."""
    found = [*choices(state), Choice(TYPE, "a URL, or LABEL=VALUE")]
    names = [_short(choice) for choice in found]
    width = max(map(len, names))
    labels = [(choice.text, f"{name:<{width}}  {choice.why}") for choice, name in zip(found, names, strict=True)]
    return Chooser("ask another Prometheus, or only some series", labels, label_width=66)


def _short(choice: Choice) -> str:
    """Give NAMESPACE/NAME for an address inside the cluster, which is too long for a list."""
    inside = re.fullmatch(r"https?://([^.]+)\.([^.]+)\.svc(?:\.cluster\.local)?(?::\d+)?(/.*)?", choice.text)
    return f"{inside[2]}/{inside[1]}{inside[3] or ''}" if inside else choice.text


def wish_of(argument: str) -> ChoosePrometheus:
    """Read what stands behind ``:prom``: a URL, matchers, ``all`` series, ``found`` in the cluster, or ``forget``."""
    if argument == "all":
        return ChoosePrometheus(matchers=())
    if argument == "forget":
        return ChoosePrometheus(forget=True)
    if argument == "found":
        return ChoosePrometheus("")
    if "=" in argument and "//" not in argument:
        return ChoosePrometheus(matchers=(argument,))
    return ChoosePrometheus(argument)
