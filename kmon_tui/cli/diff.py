"""`kmon-tui diff -f PATH`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio

from kmon_tui.cli import out
from kmon_tui.cli.answers import put
from kmon_tui.cli.manifests import manifests_of
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.oneshot.diff import Wish, diff
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.plans import FORMATS


def run(start: Start) -> int:
    """Print what an apply would change, and give the exit code."""
    wish = Wish(
        bundle=manifests_of(start),
        form=checked(start.text("output", "text"), FORMATS),
        defaults=start.switched_on("defaults"),
        skip_unknown=start.switched_on("skip_unknown"),
        ascii_only=not out.stdout_is_utf8(),
    )
    with outside(start) as (open_backend, settings):
        answer = asyncio.run(diff(open_backend, settings, wish))
    return put(answer)
