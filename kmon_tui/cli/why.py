"""`kmon-tui why [NAME]`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from kmon_tui.cli import out
from kmon_tui.cli.outside import opener
from kmon_tui.cli.start import Start, settle
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.why import FORMATS, Wish, why


def run(start: Start) -> int:
    """Print the cause and give the exit code."""
    name = start.text("name")
    wish = Wish(
        wanted=wanted(name) if name else None,
        form=checked(start.text("output", "table"), FORMATS),
        ascii_only=not out.stdout_is_utf8(),
    )
    settings, _ = settle(start, start.configure())
    start.open_log(settings)
    start.say_notes()
    with opener(start, settings) as open_backend:
        answer = asyncio.run(why(open_backend, settings, wish, lambda: datetime.now(UTC)))
    out.write(answer.text)
    out.say(*answer.words)
    return answer.code
