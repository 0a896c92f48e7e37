"""`kmon-tui check [NAME…]`: wires the one-shot to the outside and to who runs plugins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from kmon_tui.cli import out
from kmon_tui.cli.outside import opener
from kmon_tui.cli.start import Start, settle
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
    out.write(answer.text)
    out.say(*answer.words)
    return answer.code


def _answer(start: Start) -> Answer:
    names = start.said.get("name")
    wish = Wish(tuple(wanted(str(name)) for name in names) if isinstance(names, list) else ())
    settings, _ = settle(start, start.configure())
    start.open_log(settings)
    start.say_notes()
    with opener(start, settings) as open_backend:
        return asyncio.run(check(open_backend, settings, wish, lambda: datetime.now(UTC)))
