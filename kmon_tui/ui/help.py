"""The help page, made from the bindings that are really there."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import ActiveBinding

from kmon_tui.domain.service import Readiness
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line
from kmon_tui.ui.commands import COMMANDS

MEANINGS = {
    Readiness.READY: "serves, or could",
    Readiness.ROLLING: "a change is under way",
    Readiness.FAILED: "not ready; the line below it says why",
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
SHORT = {
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "minus": "-",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def help_lines(bindings: Mapping[str, ActiveBinding], glyphs: Glyphs) -> tuple[Line, ...]:
    """Write keys, commands, filters and signs."""
    lines: list[Line] = [_head("Keys")]
    lines.extend(_pair(keys, words) for keys, words in _keys(bindings))
    lines.extend(((), _head("Commands (after :)")))
    lines.extend(_pair(name, text.partition(": ")[2] + _usage(text)) for name, text in COMMANDS.items())
    lines.extend(((), _head("Filter (after /): all words must hold")))
    lines.extend(_pair(example, words, 34) for example, words in FILTERS)
    lines.extend(((), _head("Signs")))
    for readiness, words in MEANINGS.items():
        state = f"  {glyphs.readiness[readiness]} {readiness.value}"
        lines.append(((f"{state:<18}", readiness.value), (words, "")))
    lines.append(((f"{'  ?':<18}", ""), ("not known;  - is nothing,  0 is zero", "")))
    trend = f"{glyphs.blocks}  212"
    lines.append(
        ((f"  {trend:<16}", "trend"), ("requests/s from 0 to 212; a blank is a gap; red pieces had errors", ""))
    )
    return tuple(lines)


def _head(words: str) -> Line:
    return ((words, "bold"),)


def _pair(left: str, right: str, width: int = 16) -> Line:
    return ((f"  {left:<{width}}", "key"), (right, ""))


def _usage(text: str) -> str:
    usage = text.partition(": ")[0]
    return f"   ({usage})" if " " in usage else ""


def _keys(bindings: Mapping[str, ActiveBinding]) -> list[tuple[str, str]]:
    """Give the keys of each action together: the screen's own first, then those of the list, then the app's.

    Our bindings are those with an id; of Textual's own only the palette is worth a line.
    """
    by_action: dict[str, tuple[list[str], str, str]] = {}
    for active in bindings.values():
        binding = active.binding
        if active.enabled and binding.description and (binding.id or binding.action == "command_palette"):
            keys, _, _ = by_action.setdefault(binding.action, ([], binding.description, binding.id or "app"))
            keys.append(SHORT.get(binding.key) or binding.key.replace("ctrl+", "^"))
    found = sorted(by_action.values(), key=lambda item: ("app.quit" in item[2], item[2].startswith("list.")))
    pairs = [(" ".join(keys), words) for keys, words, _ in found]
    numbers = [pair for pair in pairs if pair[0].isdigit() and pair[0] != "0"]
    shown = [pair for pair in pairs if pair not in numbers]
    return shown + ([("1-9", "one namespace, by its number")] if numbers else [])
