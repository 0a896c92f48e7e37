"""`kmon-tui metrics NAME`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio

from kmon_tui.cli import out
from kmon_tui.cli.answers import put
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.metrics import FORMATS, Wish, family_of, metrics, window_s


def run(start: Start) -> int:
    """Print the traffic of one service and give the exit code."""
    wish = Wish(
        wanted=wanted(start.text("name")),
        window_s=window_s(start.text("window", "15m")),
        family=family_of(start.text("family")),
        form=checked(start.text("output", "json"), FORMATS),
        ascii_only=not out.stdout_is_utf8(),
    )
    with outside(start) as (open_backend, settings):
        answer = asyncio.run(metrics(open_backend, settings, wish))
    return put(answer)
