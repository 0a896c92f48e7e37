"""From words to what was said: one parser per command, made from the table of flags."""

import argparse
from typing import NoReturn

from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, Row

USAGE = 2
PLUGIN_USAGE = 3
"""Of a Nagios plugin, for which 2 would be an alarm."""
_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of usage."""
        code = PLUGIN_USAGE if self.prog.endswith(" check") else USAGE
        self.exit(code, f"kmon-tui: {message}. See {self.prog} --help\n")


def said_of(command: str, program: str, words: list[str]) -> dict[str, object]:
    """Give by key what was said: a text, True, or a list of texts; what was not said is not there."""
    parser = parser_of(command, program)
    words = _without_equals(parser, words)
    # Flags may stand between a name and what follows it; names that begin with a - only the plain reading takes.
    read = parser.parse_args if "--" in words else parser.parse_intermixed_args
    said: dict[str, object] = vars(read(words))
    return {key: value for key, value in said.items() if value is not None}


def parser_of(command: str, program: str) -> Parser:
    """Make the parser of one command."""
    place, _, own = COMMANDS[command]
    parser = Parser(
        prog=program if command == "tui" else f"{program} {command}",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    for dest, word in zip(("name", "second"), place.split(), strict=False):
        many = "*" if word.endswith("...]") else "?"
        parser.add_argument(dest, metavar=word.strip("[]."), nargs=many if word.startswith("[") else None)
    for rows in (own, *(rows for _, rows in EVERYWHERE)):
        _add(parser, rows)
    return parser


def _add(parser: Parser, rows: tuple[Row, ...]) -> None:
    for names, key, metavar, _ in rows:
        if metavar:
            action = "append" if metavar.endswith("…") else "store"
            parser.add_argument(*names, dest=key, metavar=metavar.rstrip("…"), action=action)
        else:
            parser.add_argument(*names, dest=key, action="store_true")


def _without_equals(parser: Parser, words: list[str]) -> list[str]:
    """Take ``--switch=true`` and ``--switch=false``, as kubectl's switches allow, for the switch given or not."""
    kept: list[str] = []
    for place, word in enumerate(words):
        if word == "--":
            return kept + words[place:]
        name, equals, value = word.partition("=")
        if not equals or not _is_switch(name):
            kept.append(word)
        elif value.lower() in _TRUE:
            kept.append(name)
        elif value.lower() not in _FALSE:
            parser.error(f"{name} is true or false, not {value!r}")
    return kept


def _is_switch(name: str) -> bool:
    rows = [*(row for _, rows in EVERYWHERE for row in rows), *(row for _, _, own in COMMANDS.values() for row in own)]
    return any(name in names and not metavar for names, _, metavar, _ in rows)
