"""From words to an exit code: help and version at once, the rest behind a guard."""

import sys

from kmon_tui.cli.flags import split_command


def run(argv0: str, words: list[str]) -> int:
    """Run one command."""
    program = "kubectl kmon" if argv0.rpartition("/")[2] == "kubectl-kmon" else "kmon-tui"
    if words[:1] == ["__complete"]:
        from kmon_tui.cli.candidates import complete

        return complete(words[1:])
    command, rest = split_command(words)
    before_end = rest[: rest.index("--")] if "--" in rest else rest
    if "-h" in before_end or "--help" in before_end:
        from kmon_tui.cli.help import help_text

        sys.stdout.write(help_text(command, program))
        return 0
    if command == "version" or (command is None and "--version" in before_end):
        from kmon_tui import __version__

        sys.stdout.write(f"kmon-tui {__version__}\n")
        return 0
    from kmon_tui.cli.arguments import said_of

    said = said_of(command or "tui", program, rest)
    from kmon_tui.cli.guard import guarded

    return guarded(command or "tui", said)
