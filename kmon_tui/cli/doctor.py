"""`kmon-tui doctor [NAME]`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio

from kmon_tui.cli import out
from kmon_tui.cli.answers import put
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
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
    forwards = ForwardsFile(start.paths().forwards)
    with outside(start) as (open_backend, settings):
        answer = asyncio.run(doctor(open_backend, settings, wish, forwards))
    return put(answer)
