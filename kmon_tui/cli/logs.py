"""`kmon-tui logs NAME`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio
import sys

from kmon_tui.cli.answers import put_each
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot.logs import Wish, logs
from kmon_tui.settings.parse import duration_s


def run(start: Start) -> int:
    """Print the lines and give the exit code."""
    containers = start.said.get("containers")
    wish = Wish(
        wanted=wanted(start.text("name")),
        follow=start.switched_on("follow"),
        previous=start.switched_on("previous"),
        containers=tuple(str(name) for name in containers) if isinstance(containers, list) else (),
        since_s=_since_s(start),
        tail=_tail(start),
        timestamps=start.switched_on("timestamps"),
        cleaned=sys.stdout.isatty(),
    )
    with outside(start) as (open_backend, settings):
        return asyncio.run(put_each(logs(open_backend, settings, wish)))


def _since_s(start: Start) -> int | None:
    if "since" not in start.said:
        return None
    try:
        return max(1, round(duration_s(start.text("since"))))
    except ValueError as error:
        raise SettingsError(f"--since {error}") from None


def _tail(start: Start) -> int | None:
    text = start.text("tail", "-1")
    if text == "-1":
        return None
    if not text.isascii() or not text.isdecimal():
        raise SettingsError(f"--tail {text!r} is no number of lines", "-1 means all.")
    return int(text)
