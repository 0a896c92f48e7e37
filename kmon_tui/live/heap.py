"""Giving memory back to the system: an answer of some megabytes must not leave a hole behind.

All of it asks glibc; other C libraries are left as they are.
"""

from __future__ import annotations

import sys
from types import TracebackType

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGE_BYTES = 512 * 1024
"""More than asyncio reads at once (256 KiB and a header): each read would map and clear a block of its own."""
TRIM_BYTES = 2 * 1024 * 1024
"""So much may stay free at the end of the heap; with glibc's 128 KiB the blocks of a download go back and forth."""
PAGE_BYTES, PAGES_BYTES = 16 * 1024 * 1024, 64 * 1024 * 1024
"""More than one page of a list takes, and than the pages of several lists that come at once."""


def one_heap() -> None:
    """Ask for one heap instead of one a thread: what a thread read is shown, and freed, by another."""
    _mallopt(M_ARENA_MAX, 1)


def give_back_large_blocks() -> None:
    """Ask for large blocks to be mapped one by one, and to be unmapped at once when they are free.

    glibc does so by itself until the first of them was freed; then it keeps up to
    32 MB on its heap, between blocks that live long.
    """
    _mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    _mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)


class KeptBlocks:
    """A context manager: what a page of a list took is kept for the next page, and given back after the last one.

    For each page anew the system would clear all of it, at a tenth of what the list costs.
    """

    def __init__(self) -> None:
        self._inside = 0

    def __enter__(self) -> None:
        self._inside += 1
        if self._inside == 1:
            _mallopt(M_MMAP_THRESHOLD, PAGE_BYTES)
            _mallopt(M_TRIM_THRESHOLD, PAGES_BYTES)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside -= 1
        if self._inside == 0:
            give_back_large_blocks()
            give_back()


def give_back() -> None:
    """Give the system all pages that are free now, wherever they are: some milliseconds, after what was large."""
    _ask("malloc_trim", 0)


def _mallopt(option: int, value: int) -> None:
    _ask("mallopt", option, value)


def _ask(what: str, *values: int) -> None:
    if sys.platform != "linux":
        return
    try:
        import ctypes

        getattr(ctypes.CDLL(None), what)(*values)
    except (ImportError, OSError, AttributeError):
        return
