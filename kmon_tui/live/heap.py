"""Giving large blocks of memory back to the system: an answer of some megabytes must not leave a hole behind."""

from __future__ import annotations

import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE_BYTES = 256 * 1024


def give_back_large_blocks() -> None:
    """Ask the C library to map large blocks one by one, and to unmap them at once when they are free.

    glibc does so by itself until the first of them was freed; then it keeps up to
    32 MB on its heap, between blocks that live long. And ask it for one heap instead of one a thread: what a thread
    read is shown by another. Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    try:
        import ctypes

        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        libc.mallopt(M_ARENA_MAX, 1)
    except (ImportError, OSError, AttributeError):
        return
