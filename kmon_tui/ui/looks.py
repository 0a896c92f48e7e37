"""What the looks of ``render`` are in the colours of the theme, worked out when one is first painted.

A table and not rules of kmon.tcss: Textual reads every rule before the first
paint, and styles every component class of a screen with each class that changes
on it; fifty looks were a tenth of the start.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.dom import DOMNode

LOOKS: Mapping[str, str] = {
    "header": "bold $foreground 60%",
    "bold": "bold",
    "dim": "$foreground 60%",
    "reason": "$text-error",
    "stale": "$foreground 50%",
    "context": "bold $text-accent",
    "accent": "$accent",
    "key": "bold $accent",
    "trend": "$text-primary",
    "live": "$foreground 60%",
    "warn": "$text-warning",
    "bad": "bold $text-error",
    "ready": "$text-success",
    "rolling": "$text-warning",
    "failed": "bold $text-error",
    "alarm": "bold auto on $error",
    "cold": "$text-primary",
    "stopped": "$foreground 60%",
    "unknown": "bold $foreground 60%",
    "selected": "on $primary 35%",
    "rule": "$primary 70%",
    "mark": "bold $text-warning",
    "cursor": "reverse $foreground",
    "match": "auto on $warning 60%",
    "tab": "bold auto on $primary",
    "pod-0": "$text-accent",
    "pod-1": "$text-success",
    "pod-2": "$text-warning",
    "pod-3": "$text-primary",
    "pod-4": "$text-error",
    "pod-5": "$text-secondary",
    "code-2xx": "$text-success",
    "code-3xx": "$text-primary",
    "code-4xx": "$text-warning",
    "code-5xx": "$text-error",
    "code-other": "$foreground",
    "p50": "$text-success",
    "p90": "$text-warning",
    "p99": "$text-error",
    "heat": "$accent",
    "heat-0": "on $foreground 6%",
    "heat-1": "on $accent 20%",
    "heat-2": "on $accent 32%",
    "heat-3": "on $accent 45%",
    "heat-4": "on $accent 58%",
    "heat-5": "on $accent 72%",
    "heat-6": "on $accent 86%",
    "heat-7": "on $accent",
}
"""By name: ``bold``, ``reverse``, a colour, ``on`` and a background. ``auto`` is black or white, what can be read."""

_WITH_ANSI: Mapping[str, str] = dict.fromkeys(("selected", "match", "tab"), "reverse on ansi_default")
"""In the terminal's own colours: selection is reverse video."""
_IN_LIGHT: Mapping[str, str] = {"key": "bold $text-accent", "accent": "$text-accent", "selected": "on $primary 20%"}
"""On a light ground: an accent that can be read, a selection on which all other colours can."""
_WITHOUT_COLOUR: Mapping[str, str] = {
    "alarm": "bold reverse auto on $error",
    "match": "reverse auto on $warning",
    "tab": "bold reverse auto on $primary",
}


def style_of(look: str, screen: DOMNode, own: Style) -> Style:
    """Give a look on a widget whose own style is ``own``; a look with a background lies on that of the screen."""
    bold, reverse, colour, background = _parsed(_words(look, screen), screen.app.theme_variables)
    below, inherited = screen.background_colors[1], screen.colors[3]
    if background is None or not background.a:
        shown = below + (colour or inherited)
        return own + Style(color=shown.rich_color, bold=bold, reverse=reverse)
    ground = below + background
    if colour is _AUTO:
        colour = ground.get_contrast_text(inherited.a)
    style = screen.rich_style + Style(bold=bold, reverse=reverse)
    return style + Style.from_color((ground + (colour or inherited)).rich_color, ground.rich_color)


_AUTO = Color(255, 255, 255)


def _words(look: str, screen: DOMNode) -> str:
    if screen.app.native_ansi_color and look in _WITH_ANSI:
        return _WITH_ANSI[look]
    if look in _IN_LIGHT and not screen.app.native_ansi_color and not screen.app.current_theme.dark:
        return _IN_LIGHT[look]
    if screen.app.no_color and look in _WITHOUT_COLOUR:
        return _WITHOUT_COLOUR[look]
    return LOOKS[look]


def _parsed(text: str, variables: Mapping[str, str]) -> tuple[bool | None, bool | None, Color | None, Color | None]:
    """Read the words of a look: bold, reverse, colour, background; None for what is not said."""
    front, _, back = text.partition("on ") if text.startswith("on ") else text.partition(" on ")
    words = front.split()
    flags = [word for word in ("bold", "reverse") if word in words]
    colour = " ".join(word for word in words if word not in flags)
    return (
        True if "bold" in flags else None,
        True if "reverse" in flags else None,
        _AUTO if colour == "auto" else _colour(colour, variables),
        _colour(back, variables),
    )


def _colour(text: str, variables: Mapping[str, str]) -> Color | None:
    """Read a colour or a variable of the theme, and the shares of it that follow."""
    if not text:
        return None
    name, *shares = text.split()
    if name.startswith("$"):
        name, *own_shares = variables[name[1:]].split()
        shares = own_shares + shares
    colour = Color.parse(name)
    for share in shares:
        colour = colour.multiply_alpha(float(share.rstrip("%")) / 100)
    return colour
