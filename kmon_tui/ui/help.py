"""The help page, made from the bindings that are really there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.binding import ActiveBinding

from kmon_tui.domain.service import Readiness
from kmon_tui.render.cells import clean
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line
from kmon_tui.ui.commands import COMMANDS

MEANINGS = {
    Readiness.READY: "serves, or could",
    Readiness.ROLLING: "a change is under way",
    Readiness.FAILED: "not ready, or none serves; the line below says why",
    Readiness.COLD: "scaled to zero: the next request wakes it",
    Readiness.STOPPED: "stopped by somebody",
    Readiness.UNKNOWN: "its status does not say",
}
FILTERS = (
    ("bert", "names with bert in them"),
    ("ns:llm", "namespaces with llm in them"),
    ("state:failed,rolling", "states, by their words"),
    ("mode:knative kind:llm rt:triton", "all of them must hold"),
    ("/^bert-.*v[12]$/", "a regular expression"),
    ("!ns:test  state:!ready", "turned round"),
)
LONGER = {
    "cell": "earlier column",
    "range": "shorter range",
    "cmd": "command",
    "faults": "only what is in trouble",
    "changes": "last changed first",
    "sort": "choose the order",
}
"""Words of the key bar that have more room here."""
NUMBERED = {
    "fleet": ("Narrow and order", "1-9", "namespace by its number"),
    "tab": ("Move", "1-8", "tab by its number"),
    "logs": ("Narrow and order", "0-6", "how far back"),
}
"""Numbers that are keys, by the area of their ids."""
SHORT = {
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "minus": "-",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "shift+tab": "S-tab",
    "ampersand": "&",
}


def help_lines(
    bindings: Mapping[str, ActiveBinding], glyphs: Glyphs, lacks: Callable[[str], str] = lambda _: ""
) -> tuple[Line, ...]:
    """Write keys, commands, filters and signs; ``lacks`` gives the right that is missing for an action."""
    lines: list[Line] = []
    for group, pairs in _keys(bindings).items():
        lines.extend((_head(group), *_beside(pairs), ()))
    if missing := _missing(bindings, lacks):
        lines.extend((_head("Keys without the right, where you look now"), *missing, ()))
    lines.append(_head("Commands (after :)"))
    for name, text in COMMANDS.items():
        usage, _, words = text.partition(": ")
        lines.append(_pair(usage if len(usage) < 16 else name, words))
        if len(usage) >= 16:
            lines.append(((" " * 18 + usage, "dim"),))
    lines.extend(((), _head("Filter (after /): all words must hold")))
    lines.extend(_pair(example, words, 34) for example, words in FILTERS)
    lines.extend(((), _head("Signs")))
    for readiness, words in MEANINGS.items():
        state = f"  {glyphs.readiness[readiness]} {readiness.value}"
        lines.append(((f"{state:<18}", readiness.value), (words, "")))
    lines.append(((f"{'  ?':<18}", ""), (f"not known;  {glyphs.ellipsis} is asked for,  - is nothing,  0 is zero", "")))
    lines.append(((f"{'  3.1p  3.1u':<18}", ""), ("errors as pods answered, or as users saw them", "")))
    trend = f"{glyphs.blocks}  212"
    lines.append(((f"  {trend:<16}", "trend"), ("requests/s from 0 to 212; blank: a gap; red: with errors", "")))
    return tuple(lines)


def _missing(bindings: Mapping[str, ActiveBinding], lacks: Callable[[str], str]) -> list[Line]:
    """Write which keys would be refused, and the right that each of them lacks."""
    found = {active.binding.action: active.binding for active in bindings.values()}
    return [
        ((f"  {binding.key:<9}", "dim"), (f"{binding.description}: may not {clean(right)}", "dim"))
        for binding in found.values()
        if (right := lacks(binding.action))
    ]


def _head(words: str) -> Line:
    return ((words, "bold"),)


def _pair(left: str, right: str, width: int = 16) -> Line:
    return ((f"  {left:<{width}}", "key"), (right, ""))


def _beside(pairs: list[tuple[str, str]]) -> list[Line]:
    """Put two keys with their words on each line."""
    height = (len(pairs) + 1) // 2
    lines: list[Line] = []
    for y in range(height):
        line: Line = ()
        for keys, words in pairs[y::height]:
            line = (*line, (f"  {keys:<9}", "key"), (f"{words:<26}", ""))
        lines.append(line)
    return lines


def _group(id_: str) -> str:
    """Give the heading below which a binding stands."""
    area, _, name = id_.partition(".")
    if name == "open":
        return "Do"
    if area in {"list", "tab"} or name in {"up", "down"}:
        return "Move"
    if name.startswith(("filter", "faults", "sort", "changes", "last_view", "clear", "ns_", "only", "search")):
        return "Narrow and order"
    if area == "app" or name in {"refresh", "back"}:
        return "Program"
    return "Do"


def _keys(bindings: Mapping[str, ActiveBinding]) -> dict[str, list[tuple[str, str]]]:
    """Give the keys of each action together, by group.

    Our bindings are those with an id; of Textual's own only the palette is worth a line.
    """
    by_action: dict[str, tuple[list[str], str, str]] = {}
    for active in bindings.values():
        binding = active.binding
        if active.enabled and binding.description and (binding.id or binding.action == "command_palette"):
            keys, _, _ = by_action.setdefault(binding.action, ([], binding.description, binding.id or "app.palette"))
            keys.append(SHORT.get(binding.key) or binding.key.replace("ctrl+", "^"))
    groups: dict[str, list[tuple[str, str]]] = {"Do": [], "Narrow and order": [], "Move": [], "Program": []}
    numbered: set[str] = set()
    for keys, words, id_ in by_action.values():
        digits = {key for key in keys if key.isdigit()} - ({"0"} if id_ == "fleet.ns_all" else set())
        numbered |= {id_.partition(".")[0]} if digits == set(keys) else {"tab"} if digits else set()
        if said := [key for key in keys if key not in digits]:
            groups[_group(id_)].append((" ".join(said), LONGER.get(words, words)))
    for area, (group, said_keys, words) in NUMBERED.items():
        if area in numbered:
            groups[group].append((said_keys, words))
    return {group: pairs for group, pairs in groups.items() if pairs}
