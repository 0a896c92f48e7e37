"""The choice of a family of metrics, for all services; and of scraping pods directly."""

from __future__ import annotations

from kmon_tui.domain.command import ChooseFamily, ScrapePods
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Family
from kmon_tui.render.heading import NAMES
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.commands import CommandError

BEST = "best"


def families(state: State) -> list[str]:
    """Give what can be typed behind ``:family``."""
    found = state.traffic.prometheus.families if state.traffic is not None else ()
    return [BEST, *(family.value for family in found)]


def family_chooser(state: State) -> Chooser:
    """Give the list of the families that have series now."""
    prometheus = state.traffic.prometheus if state.traffic is not None else None
    chosen = prometheus.family.value if prometheus is not None and prometheus.family is not None else BEST
    labels = [(name, _label(name)) for name in families(state)]
    return Chooser("take the numbers from", labels, chosen, label_width=66)


def family_wish(argument: str) -> ChooseFamily:
    """Read what stands behind ``:family``. Raises CommandError."""
    if argument == BEST:
        return ChooseFamily(None)
    try:
        return ChooseFamily(Family(argument))
    except ValueError:
        raise CommandError(f"there is no family {argument}", hint=f"one of: {BEST}, {', '.join(Family)}") from None


def scrape_wish(argument: str) -> ScrapePods:
    """Read what stands behind ``:scrape``. Raises CommandError."""
    if argument not in ("", "on", "off"):
        raise CommandError(f"{argument} is neither on nor off")
    return ScrapePods(argument != "off")


def _label(name: str) -> str:
    words = "of each service the best that it has" if name == BEST else NAMES[Family(name)]
    return f"{name:<14}{words}"
