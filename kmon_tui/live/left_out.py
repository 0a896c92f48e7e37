"""Imports of what a library can do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Let the import of these modules fail for now, where nobody has imported them yet; later it does not."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python spells that an import fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
