"""Commands that take their time: each is a task of its own, and what becomes of it is an Activity in the State."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from kmon_tui.domain.command import Command
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.state import Activity
from kmon_tui.monitor.store import Store

Tell: TypeAlias = Callable[[str, object], None]
"""Say how far it is: one sentence, and the value as far as it is known."""
Work: TypeAlias = Callable[[Tell], Awaitable[tuple[str, object]]]
"""Does it; gives the last sentence and the value. Raises KmonError when it cannot be done."""


class Errands:
    """Starts, follows and cancels the commands of one place."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._ids = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[int, asyncio.Task[None]] = {}

    def begin(self, tasks: asyncio.TaskGroup | None) -> None:
        """From now on tasks live in this group; None: there is no way to the outside."""
        self._tasks = tasks

    def note(self, command: Command) -> Activity:
        """Make a new running activity and put it into the State."""
        self._ids += 1
        activity = Activity(id=self._ids, command=command, started=self._now())
        self._store.put(self._store.state.with_activity(activity))
        return activity

    def start(self, command: Command, work: Work) -> None:
        """Do the work in a task; its end, and its failure, are put into the State."""
        activity = self.note(command)
        if self._tasks is None:
            self._put(replace(activity, done=False, text="there is no way to the cluster just now"))
            return
        task = self._tasks.create_task(self._do(activity, work), name=f"{type(command).__name__} {activity.id}")
        self._running[activity.id] = task
        task.add_done_callback(lambda _: self._running.pop(activity.id, None))

    def at_once(self, command: Command, do: Callable[[], str]) -> None:
        """Do what takes no time; ``do`` gives the last sentence, or raises KmonError."""
        activity = self.note(command)
        try:
            self._put(replace(activity, done=True, text=do()))
        except KmonError as error:
            self._put(replace(activity, done=False, text=error.message, hint=error.hint))

    def cancel(self, activity_id: int) -> None:
        """Stop a running activity; one that is done already stays as it is."""
        if (task := self._running.get(activity_id)) is not None:
            task.cancel()

    async def _do(self, activity: Activity, work: Work) -> None:
        latest = activity

        def tell(text: str, value: object) -> None:
            nonlocal latest
            latest = replace(latest, text=text, value=value)
            self._put(latest)

        try:
            text, value = await work(tell)
        except KmonError as error:
            self._put(replace(latest, done=False, text=error.message, hint=error.hint))
        except asyncio.CancelledError:
            self._put(replace(latest, done=False, text="cancelled"))
            raise
        else:
            self._put(replace(latest, done=True, text=text, value=value))

    def _put(self, activity: Activity) -> None:
        self._store.put(self._store.state.with_activity(activity))
