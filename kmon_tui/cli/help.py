"""The text of --help, from the table of flags, 80 columns wide; without argparse, which would double its time."""

from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, Row

_WIDTH = 80
_INDENT = 27
_EXIT_CODES = (
    ("0", "done"),
    ("1", "a finding: the NAME is not there, the model did not answer with 2xx, why: it is not healthy"),
    ("2", "usage or configuration"),
    ("3", "cannot reach or log in"),
    ("4", "forbidden"),
    ("5", "timeout"),
    ("70", "a bug"),
    ("74", "standard output could not be written"),
    ("130", "interrupted"),
)
_OF_NAGIOS = (
    ("0", "OK"),
    ("1", "WARNING: something is wrong, and callers still get answers"),
    ("2", "CRITICAL: nothing serves"),
    ("3", "UNKNOWN: a NAME is not there, usage, or it could not look"),
)
"""Of `check`; of several services the worst counts."""


def help_text(command: str | None, program: str) -> str:
    """Give the help of one command; None: that of the program, with the list of commands."""
    place, about, own = COMMANDS[command or "tui"]
    usage = " ".join(word for word in (program, command or "", place, "[flags]") if word)
    if command is None:
        parts = [f"usage: {usage}\n       {program} COMMAND [flags]\n\nWatch KServe models live in a terminal.\n"]
        parts.append(_section("commands", [(f"{name} {more}", say) for name, (more, say, _) in COMMANDS.items()]))
    else:
        parts = [f"usage: {usage}\n\n{_wrapped(about[0].upper() + about[1:] + '.', '', '')}"]
    general = [("-h, --help", "print this; COMMAND --help tells of one command")]
    if command is None:
        general.append(("--version", "print the version"))
    parts.append(_section("flags", general + [_entry(row) for row in own]))
    parts.extend(_section(title, [_entry(row) for row in rows]) for title, rows in EVERYWHERE)
    codes = "; ".join(f"{code} {meaning}" for code, meaning in (_OF_NAGIOS if command == "check" else _EXIT_CODES))
    parts.append(_wrapped(f"exit codes: {codes}. Data goes to standard output, words to standard error.", "", "  "))
    return "\n".join(parts)


def _entry(row: Row) -> tuple[str, str]:
    names, _, metavar, about = row
    left = ", ".join(names) if names[0][1] != "-" else "    " + ", ".join(names)
    return f"{left} {metavar.rstrip('…')}".rstrip(), about


def _section(title: str, entries: list[tuple[str, str]]) -> str:
    return f"{title}:\n" + "".join(_line(left, about) for left, about in entries)


def _line(left: str, about: str) -> str:
    first = f"  {left}"
    if len(first) < _INDENT - 1:
        return _wrapped(about, first.ljust(_INDENT), " " * _INDENT)
    return f"{first}\n{_wrapped(about, ' ' * _INDENT, ' ' * _INDENT)}"


def _wrapped(text: str, first: str, later: str) -> str:
    lines, line = [], first
    for word in text.split():
        empty = line in {first, later}
        if not empty and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line, empty = later, True
        line += word if empty else f" {word}"
    return "\n".join([*lines, line]) + "\n"
