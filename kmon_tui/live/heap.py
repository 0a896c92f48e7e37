"""Giving large blocks of memory back to the system: an answer of some megabytes must not leave a hole behind."""

from __future__ import annotations

import sys

M_MMAP_THRESHOLD = -3
LARGE_BYTES = 256 * 1024


def give_back_large_blocks() -> None:
    """Ask the C library to map large blocks one by one, and to unmap them at once when they are free.

    glibc does so by itself until the first of them was freed; then it keeps up to
    32 MB on its heap, between blocks that live long. Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    except (ImportError, OSError, AttributeError):
        return
