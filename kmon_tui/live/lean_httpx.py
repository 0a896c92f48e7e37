"""httpx without its command line, which it loads where click, pygments and rich are installed: 3 MB for nothing."""

from __future__ import annotations

from kmon_tui.live.left_out import left_out

with left_out("httpx._main"):
    import httpx

__all__ = ["httpx"]
