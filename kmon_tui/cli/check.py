"""`kmon-tui check [NAME…]`: wires the one-shot to the outside and to who runs plugins."""

from __future__ import annotations

import asyncio

from kmon_tui.cli.answers import now, put
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot.check import Wish, check, unknown
from kmon_tui.oneshot.get import Answer


def run(start: Start) -> int:
    """Print the status line and give the exit code, on the plugins' scale: 3 for all that keeps it from looking."""
    try:
        answer = _answer(start)
    except KmonError as error:
        answer = unknown(error)
    return put(answer)


def _answer(start: Start) -> Answer:
    names = start.said.get("name")
    wish = Wish(tuple(wanted(str(name)) for name in names) if isinstance(names, list) else ())
    with outside(start) as (open_backend, settings):
        return asyncio.run(check(open_backend, settings, wish, now))
