"""httpx without its command line, which it loads where click, pygments and rich are installed: 3 MB for nothing."""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"


def _import_httpx() -> None:
    left_out = _COMMAND_LINE not in sys.modules
    if left_out:
        sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # how Python spells that an import fails
    try:
        import httpx  # noqa: F401  (only now: see above)
    finally:
        if left_out:
            del sys.modules[_COMMAND_LINE]


_import_httpx()

import httpx  # noqa: E402  (only now: see above)

__all__ = ["httpx"]
