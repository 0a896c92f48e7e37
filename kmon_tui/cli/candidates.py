"""What may come next on a half-written command line, in the words of cobra: candidates, then ``:4`` for "no files"."""

from __future__ import annotations

import sys

from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, Row, split_command
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.traffic import Family

_FORMATS = {
    "get": "table wide json yaml name csv",
    "metrics": "json table yaml",
    "doctor": "table json yaml",
    "why": "table json yaml",
    "events": "table json yaml",
    "predict": "body json yaml",
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
    """Print the candidates for the last word; the network is not asked, so names of services are not known."""
    *before, current = words or [""]
    command, _ = split_command(before)
    lines, files = _next(command, before, current)
    sys.stdout.write("".join(f"{line}\n" for line in lines) + (":0\n" if files else ":4\n"))
    return 0


def _next(command: str | None, before: list[str], current: str) -> tuple[list[str], bool]:
    rows = [*COMMANDS[command or "tui"][2], *(row for _, more in EVERYWHERE for row in more)]
    flag, equals, value = current.partition("=")
    if equals and (row := _row(rows, flag)):
        found, files = _values(row, command)
        return [f"{flag}={one}" for one in _fitting(found, value)], files
    if before and (row := _row(rows, before[-1])) and row[2]:
        found, files = _values(row, command)
        return _fitting(found, current), files
    if current.startswith("-"):
        return _fitting([f"{names[-1]}\t{about}" for names, _, _, about in rows], current), False
    if command is None:
        return _fitting([f"{name}\t{about}" for name, (_, about, _) in COMMANDS.items()], current), False
    return (_fitting(["bash", "zsh", "fish", "kubectl"], current) if command == "completion" else []), False


def _row(rows: list[Row], flag: str) -> Row | None:
    return next((row for row in rows if flag in row[0]), None)


def _values(row: Row, command: str | None) -> tuple[list[str], bool]:
    _, key, metavar, _ = row
    if key == "output":
        return _FORMATS.get(command or "", "").split(), False
    if key == "world":
        from kmon_tui.sandbox.world_faults import PREFIX, names

        return [*_FIXED[key].split(), *(f"{PREFIX}{name}" for name in names())], False
    if key in _FIXED:
        return _FIXED[key].split(), False
    if key in {"context", "cluster", "user", "namespace"}:
        return _of_kubeconfig(key), False
    return [], metavar == "FILE"


def _of_kubeconfig(key: str) -> list[str]:
    """Give the names of a kind in the kubeconfig; namespaces are those that its contexts name."""
    from kmon_tui.live.kubefiles import Surroundings, read_kubeconfig

    try:
        config = read_kubeconfig(None, Surroundings.here())
    except KmonError:
        return []
    if key == "namespace":
        named = {str(context.values.get("namespace") or "default") for context in config.contexts.values()}
        return sorted(named)
    return sorted({"context": config.contexts, "cluster": config.clusters, "user": config.users}[key])


def _fitting(candidates: list[str], start: str) -> list[str]:
    return [one for one in candidates if one.startswith(start)]
