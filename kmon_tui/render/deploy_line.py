"""The newest deploy in one line, for every screen."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.command import Deploy
from kmon_tui.domain.state import Activity, State
from kmon_tui.render.cells import clean
from kmon_tui.render.lines import Line

SHOWN_AFTER_S = 120.0


def clock(seconds: float) -> str:
    """Write minutes and seconds, as 0:43."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def deploy_in(state: State) -> Activity | None:
    """Give the newest deploy, if it runs or ended a short while ago."""
    return next((a for a in reversed(state.activity) if isinstance(a.command, Deploy)), None)


def activity_line(state: State, now: datetime) -> Line:
    """Say in one line how far the newest deploy is, or how it ended; empty when that is long ago."""
    activity = deploy_in(state)
    if activity is None:
        return ()
    from kmon_tui.domain.rollout import Rollout  # late: most screens never see a deploy

    rollout = activity.value if isinstance(activity.value, Rollout) else None
    last = rollout.now if rollout is not None else activity.started
    if activity.done is None:
        spent = f"  {clock((last - activity.started).total_seconds())}" if rollout is not None else ""
        return ((" deploy: ", "bold"), (clean(activity.text) or "applying", "warn"), (spent, "dim"))
    if (now - last).total_seconds() > SHOWN_AFTER_S:
        return ()
    return ((" deploy: ", "bold"), (clean(activity.text), "ready" if activity.done else "failed"))
