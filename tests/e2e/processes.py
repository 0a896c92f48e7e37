"""What /proc tells of processes: who descends from whom, what CPU and memory they took, whether they are gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")


def is_running(pid: int) -> bool:
    """Does this process run? A zombie that nobody has waited for does not."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def descendants(pid: int) -> tuple[int, ...]:
    """Give all processes below this one, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(0), [])
        found += below
        todo += below
    return tuple(found)


def command_line(pid: int) -> str:
    """Give the arguments of a process, joined by spaces; empty when it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def cpu_s(pid: int) -> float:
    """Give the CPU time of all threads that a process has now, in seconds, with the kernel's nanosecond clock."""
    total_ns = 0
    try:
        tasks = list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return 0.0
    for task in tasks:
        try:
            total_ns += int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total_ns / 1e9


def rss_mb(pid: int) -> float:
    """Give the resident memory of a process in MB (10^6 bytes)."""
    for line in (PROC / str(pid) / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def wait_until(look: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until something is so; fail with what it was that did not come."""
    end_s = time.monotonic() + timeout_s
    while not look():
        if time.monotonic() > end_s:
            raise AssertionError(f"after {timeout_s} s still not so: {what}")
        time.sleep(0.02)


def wait_until_gone(pids: tuple[int, ...], timeout_s: float) -> None:
    """Wait until none of these processes runs; fail with the ones that still do."""
    wait_until(
        lambda: not any(is_running(pid) for pid in pids),
        timeout_s,
        f"gone: {[(pid, command_line(pid)) for pid in pids]}",
    )
