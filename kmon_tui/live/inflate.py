"""Answers that came compressed, unpacked in one go: aiohttp's own way takes twice as long, piece by piece."""

from __future__ import annotations

import zlib

MOST_BYTES = 2**30
"""More than any page of a list; what is longer was made to fill the memory."""
_GZIP = 16 + zlib.MAX_WBITS


def inflated(packed: bytes | bytearray) -> bytes:
    """Unpack gzip. Raises ValueError when it is none, cut short, or endless."""
    unpacked, rest = b"", packed
    while rest:  # of several parts, as some proxies make them
        worker = zlib.decompressobj(_GZIP)
        try:
            part = worker.decompress(rest, MOST_BYTES)
        except zlib.error as error:
            raise ValueError(f"no gzip: {error}") from error
        if not worker.eof:
            raise ValueError("compressed without end" if len(part) >= MOST_BYTES else "compressed, and cut short")
        unpacked = unpacked + part if unpacked else part
        rest = worker.unused_data
    return unpacked
