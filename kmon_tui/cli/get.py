"""`kmon-tui get`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio

from kmon_tui.cli import out
from kmon_tui.cli.answers import now, put, put_each
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot import get
from kmon_tui.oneshot.formats import checked


def run(start: Start) -> int:
    """Print the fleet, or one service, and give the exit code."""
    name = start.text("name")
    wish = get.Wish(
        wanted=wanted(name) if name else None,
        form=checked(start.text("output", "table")),
        headers=not start.switched_on("no_headers"),
        ascii_only=not out.stdout_is_utf8(),
    )
    with outside(start) as (open_backend, settings):
        if start.switched_on("watch"):
            return asyncio.run(put_each(get.watch(open_backend, settings, wish, now)))
        return put(asyncio.run(get.get(open_backend, settings, wish, now)))
