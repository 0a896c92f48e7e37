"""Who listens on a local port, as far as /proc tells; Linux only, blocking."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_LISTENING = "0A"


def owner_of(port: int) -> str:
    """Give ``pid 4411 (node)``, ``this kmon-tui``, ``another user's process`` or, where nothing is known, nothing."""
    inodes, uids = _listeners(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.iterdir():
        if process.name.isdecimal() and _holds(process, wanted):
            return "this kmon-tui" if int(process.name) == os.getpid() else f"pid {process.name} ({_name(process)})"
    return "another user's process" if os.getuid() not in uids else ""


def _listeners(port: int) -> tuple[set[str], set[int]]:
    inodes: set[str] = set()
    uids: set[int] = set()
    for table in (_PROC / "net/tcp", _PROC / "net/tcp6"):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENING and words[1].endswith(f":{port:04X}"):
                    inodes.add(words[9])
                    uids.add(int(words[7]))
    return inodes, uids


def _holds(process: Path, sockets: set[str]) -> bool:
    with suppress(OSError):  # of another user, or gone
        for one in (process / "fd").iterdir():
            with suppress(OSError):
                if str(one.readlink()) in sockets:
                    return True
    return False


def _name(process: Path) -> str:
    """Give the name of the program: ours by its own, not by that of Python."""
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")[:6]
        if any(word in ("kmon_tui", "kmon-tui") or word.endswith(("/kmon-tui", "/kubectl-kmon")) for word in words):
            return "kmon-tui"
    with suppress(OSError):
        return (process / "comm").read_text(errors="replace").strip()
    return "?"
