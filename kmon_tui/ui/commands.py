"""The command line `:`: its words, what they mean, and how they are completed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.late import dataclass
from kmon_tui.render.rows import SORTS


class CommandError(KmonError):
    """A command that does not exist, or whose argument is wrong."""


@dataclass(frozen=True, slots=True)
class Order:
    """A parsed command: its full name and its argument, which may be empty."""

    name: str
    argument: str = ""


COMMANDS: Mapping[str, str] = {
    "ctx": "ctx [NAME]: another context",
    "ns": "ns NAME|all: one namespace, or all",
    "sort": f"sort [{'|'.join(SORTS)}]: another order",
    "prom": "prom [URL|LABEL=VALUE|all|found|forget]: which Prometheus, or another one",
    "family": "family [NAME|best]: which metrics, where several count a service",
    "scrape": "scrape [on|off]: read its pods where Prometheus has nothing",
    "notes": "notes: what is missing, and why",
    "pf": "pf: the forwards",
    "doctor": "doctor [NAME|all]: why there are no numbers",
    "theme": "theme [NAME]: other colours",
    "refresh": "refresh: list and poll now",
    "help": "help: all keys",
    "q": "q: quit",
}
ALIASES = {
    "context": "ctx",
    "contexts": "ctx",
    "namespace": "ns",
    "namespaces": "ns",
    "forwards": "pf",
    "quit": "q",
    "q!": "q",
    "wq": "q",
    "exit": "q",
    "h": "help",
    "prometheus": "prom",
    "themes": "theme",
}


def parse_command(text: str) -> Order | None:
    """Read what was typed after the colon; None for nothing. Raises CommandError."""
    words = text.strip().lstrip(":").split(None, 1)
    if not words:
        return None
    name = ALIASES.get(words[0], words[0])
    argument = words[1].strip() if len(words) > 1 else ""
    if name not in COMMANDS:
        matches = [command for command in COMMANDS if command.startswith(name)]
        if len(matches) != 1:
            raise CommandError(f"no such command: {words[0]}", hint="? lists them")
        name = matches[0]
    return Order(name, argument)


def completions(arguments: Mapping[str, Sequence[str]]) -> list[str]:
    """Give all lines that can be completed to, shortest first: commands, then commands with their arguments."""
    full = {"sort": list(SORTS), **arguments}
    return [*COMMANDS, *(f"{name} {argument}" for name, values in full.items() for argument in values)]
