"""`kmon-tui doctor [NAME]`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio

from kmon_tui.cli import out
from kmon_tui.cli.outside import opener
from kmon_tui.cli.start import Start, settle
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot.doctor import FORMATS, Wish, doctor
from kmon_tui.oneshot.formats import checked
from kmon_tui.settings.forwards import ForwardsFile


def run(start: Start) -> int:
    """Print the findings and give the exit code."""
    name = start.text("name")
    wish = Wish(
        wanted=wanted(name) if name else None,
        form=checked(start.text("output", "table"), FORMATS),
        ascii_only=not out.stdout_is_utf8(),
    )
    settings, _ = settle(start, start.configure())
    start.open_log(settings)
    start.say_notes()
    forwards = ForwardsFile(start.paths().forwards)
    with opener(start, settings) as open_backend:
        answer = asyncio.run(doctor(open_backend, settings, wish, forwards))
    out.write(answer.text)
    out.say(*answer.words)
    return answer.code
