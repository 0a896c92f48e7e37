"""Giving memory back to the system: an answer of some megabytes must not leave a hole behind.

Both ask glibc; other C libraries are left as they are.
"""

from __future__ import annotations

import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE_BYTES = 256 * 1024


def one_heap() -> None:
    """Ask for one heap instead of one a thread: what a thread read is shown, and freed, by another."""
    _mallopt(M_ARENA_MAX, 1)


def give_back_large_blocks() -> None:
    """Ask for large blocks to be mapped one by one, and to be unmapped at once when they are free.

    glibc does so by itself until the first of them was freed; then it keeps up to
    32 MB on its heap, between blocks that live long.
    """
    _mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def _mallopt(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).mallopt(option, value)
    except (ImportError, OSError, AttributeError):
        return
