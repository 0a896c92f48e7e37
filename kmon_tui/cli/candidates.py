"""What may come next on a half-written command line, in the words of cobra: candidates, then ``:4`` for "no files"."""

from __future__ import annotations

import sys

from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, Row, split_command
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.traffic import Family

FILES = ("FILE", "PATH…")
"""What the table of flags calls a value that is a file."""
_FORMATS = {
    "get": "table wide json yaml name csv",
    "metrics": "json table yaml",
    "doctor": "table json yaml",
    "why": "table json yaml",
    "events": "table json yaml",
    "predict": "body json yaml",
    "diff": "text json yaml",
    "deploy": "text json yaml",
    "info": "table json yaml",
}
_FIXED = {
    "log_level": "debug info warning error",
    "world": "demo quiet empty",
    "protocol": "v1 v2 openai",
    "via": "forward url ingress",
    "family": " ".join(Family),
}


def complete(words: list[str]) -> int:
    """Print the candidates for the last word; only for names of services is the cluster asked."""
    *before, current = words or [""]
    current = current.lstrip("'\"")  # some shells hand on the quote that is open
    command, _ = split_command(before)
    lines, files = _next(command, before, current)
    sys.stdout.write("".join(f"{line}\n" for line in lines) + (":0\n" if files else ":4\n"))
    return 0


def _next(command: str | None, before: list[str], current: str) -> tuple[list[str], bool]:
    rows = [*COMMANDS[command or "tui"][2], *(row for _, more in EVERYWHERE for row in more)]
    flag, equals, value = current.partition("=")
    if equals and (row := _row(rows, flag)):
        found, files = _values(row, command, before)
        return [f"{flag}={one}" for one in _fitting(found, value)], files
    if before and (row := _row(rows, before[-1])) and row[2]:
        found, files = _values(row, command, before)
        return _fitting(found, current), files
    if current.startswith("-"):
        return _fitting([f"{names[-1]}\t{about}" for names, _, _, about in rows], current), False
    if command is None:
        commands = _fitting([f"{name}\t{about}" for name, (_, about, _) in COMMANDS.items()], current)
        return commands or _fitting(_of_cluster("tui", before), current), False
    if command == "completion":
        return _fitting(["bash", "zsh", "fish", "kubectl"], current), False
    return _fitting(_of_cluster(command, before), current), False


def _row(rows: list[Row], flag: str) -> Row | None:
    return next((row for row in rows if flag in row[0]), None)


def _values(row: Row, command: str | None, before: list[str]) -> tuple[list[str], bool]:
    _, key, metavar, _ = row
    if key == "output":
        return _FORMATS.get(command or "", "").split(), False
    if key == "world":
        from kmon_tui.sandbox.world_faults import PREFIX, names

        return [*_FIXED[key].split(), *(f"{PREFIX}{name}" for name in names())], False
    if key in _FIXED:
        return _FIXED[key].split(), False
    if key in {"context", "cluster", "user", "namespace"}:
        return _of_kubeconfig(key, before), False
    return [], metavar in FILES


def _of_cluster(command: str, before: list[str]) -> list[str]:
    """Give the names of services that may stand here, as the flags before say where to look; none after the first."""
    if not COMMANDS[command][0].strip("[").startswith(("NAME", "TARGET")):
        return []
    from kmon_tui.cli.service_names import service_names

    return service_names(command, before)


def _said(flag: str, words: list[str]) -> str | None:
    """Give the value of a flag among these words."""
    for place, word in reversed(list(enumerate(words))):
        if word == flag and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None


def _of_kubeconfig(key: str, before: list[str]) -> list[str]:
    """Give the names of a kind in the kubeconfig; namespaces are those that its contexts name."""
    from kmon_tui.live.kubefiles import Surroundings, read_kubeconfig

    try:
        config = read_kubeconfig(_said("--kubeconfig", before), Surroundings.here())
    except KmonError:
        return []
    if key == "namespace":
        named = {str(context.values.get("namespace") or "default") for context in config.contexts.values()}
        return sorted(named)
    return sorted({"context": config.contexts, "cluster": config.clusters, "user": config.users}[key])


def _fitting(candidates: list[str], start: str) -> list[str]:
    return [one for one in candidates if one.startswith(start)]
