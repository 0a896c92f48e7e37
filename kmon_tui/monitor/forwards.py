"""The forwards: which there are, which run, which are saved. They outlive a look at another context."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.command import (
    CloseForward,
    ForwardCommand,
    OpenForward,
    RemoveForward,
    SaveForward,
    StartForward,
)
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.forward import MOST_LINES, Forward, ForwardKey, ForwardSpec, Phase, free_name
from kmon_tui.monitor.store import Store
from kmon_tui.monitor.ways import Ways
from kmon_tui.settings import Settings
from kmon_tui.settings.forwards import ForwardsFile


class Forwards:
    """Obeys the commands about forwards and keeps their slice of the State."""

    def __init__(
        self, store: Store, open_backend: OpenBackend, now: Callable[[], datetime], file: ForwardsFile | None = None
    ) -> None:
        """Without a file nothing can be saved."""
        self._store = store
        self._open_backend = open_backend
        self._now = now
        self._file = file
        self._ways: Ways | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[ForwardKey, asyncio.Task[None]] = {}
        self._settings: dict[str, Settings] = {}
        """Of each context that was looked at."""

    async def run(self) -> None:
        """Let forwards live until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks, self._ways = tasks, Ways(self._open_backend, tasks)
            await asyncio.Event().wait()

    def arrived(self, context: str, settings: Settings) -> None:
        """Show the saved forwards of a context, and start those that start by themselves."""
        self._put_first(context)
        if context in self._settings:
            return
        self._settings[context] = settings
        if self._file is None:
            return
        specs, note = self._file.read(context)
        for spec in specs:
            forward = Forward(spec, context, saved=True)
            self._put(forward)
            if spec.autostart:
                self._start(forward)
        self._store.put(replace(self._store.state, forwards_note=note))

    def obey(self, command: ForwardCommand, context: str) -> str:
        """Do what is wished and say what became of it. Raises KmonError when it cannot be done."""
        if isinstance(command, OpenForward):
            return self._open(command, context)
        forward = self._find(command.key)
        if forward is None:
            raise KmonError(f"there is no forward {command.key.name}")
        match command:
            case StartForward():
                self._start(forward)
                return f"starting {forward.spec.name}"
            case CloseForward():
                self._stop(forward)
                return f"stopped {forward.spec.name}"
            case SaveForward(autostart=autostart):
                return self._save(forward, autostart)
            case RemoveForward():
                return self._remove(forward)

    def _open(self, command: OpenForward, context: str) -> str:
        """Start a new one, unless it is there already: two starts of one port give one forward."""
        spec = command.spec
        for one in self._store.state.forwards:
            same_port = spec.local_port in (0, one.spec.local_port, one.local_port)
            if one.context == context and one.spec.target == spec.target and same_port:
                self._start(one)
                return f"{one.spec.name} is there already"
        taken = {one.spec.name for one in self._store.state.forwards if one.context == context}
        forward = Forward(replace(spec, name=free_name(spec.name or str(spec.target), taken)), context)
        self._put(forward)
        self._start(forward)
        return f"forwarding to {spec.target}"

    def _start(self, forward: Forward) -> None:
        if forward.key in self._running:
            return
        settings = self._settings.get(forward.context)
        if self._tasks is None or settings is None:
            raise KmonError(f"there is no way to {forward.context} just now")
        task = self._tasks.create_task(self._hold(forward, settings), name=f"forward {forward.spec.name}")
        self._running[forward.key] = task

    async def _hold(self, forward: Forward, settings: Settings) -> None:
        """Hold one forward; when its port cannot be had it is stopped and says why."""
        before = forward.log
        reason = KmonError("")
        try:
            assert self._ways is not None
            async with self._ways.to(forward.context, settings) as backend:
                if backend.tunnels is None:
                    raise KmonError("this cluster takes no forwards")
                async with aclosing(backend.tunnels.hold(forward.spec)) as values:
                    async for value in values:
                        log = (*before, *value.log)[-MOST_LINES:]
                        self._put(replace(value, context=forward.context, log=log, spec=self._spec(forward, value)))
        except KmonError as error:
            reason = error
        finally:
            self._running.pop(forward.key, None)
            if (last := self._find(forward.key)) is not None:
                self._put(self._stopped(last, reason))

    def _spec(self, forward: Forward, value: Forward) -> ForwardSpec:
        """Give the spec as it is now: it may have been saved meanwhile."""
        known = self._find(forward.key) or forward
        return replace(known.spec, target=value.spec.target)

    def _stopped(self, forward: Forward, reason: KmonError) -> Forward:
        stopped = replace(
            forward,
            phase=Phase.STOPPED,
            local_port=0,
            hosts=(),
            pod="",
            pod_port=0,
            since=None,
            connections=0,
            error=reason.message,
            hint=reason.hint,
            obstacle=None,
        )
        return stopped.with_line(self._now(), reason.message or "stopped")

    def _stop(self, forward: Forward) -> None:
        if (task := self._running.get(forward.key)) is not None:
            task.cancel()

    def _save(self, forward: Forward, autostart: bool) -> str:
        if self._file is None:
            raise KmonError("forwards cannot be saved here")
        port = forward.spec.local_port or forward.local_port
        spec = replace(forward.spec, autostart=autostart, local_port=port)
        self._file.put(forward.context, spec)
        self._put(replace(forward, spec=spec, saved=True))
        return f"saved {spec.name}{', starts by itself' if autostart else ''}"

    def _remove(self, forward: Forward) -> str:
        if forward.saved and self._file is not None:
            self._file.remove(forward.context, forward.spec.name)
        self._drop(forward.key)
        self._stop(forward)
        return f"removed {forward.spec.name}"

    def _find(self, key: ForwardKey) -> Forward | None:
        return next((one for one in self._store.state.forwards if one.key == key), None)

    def _put(self, forward: Forward) -> None:
        """Put it in place of the one it was, or at the end."""
        state = self._store.state
        known = self._find(forward.key)
        if known is None:
            forwards = (*state.forwards, forward)
        else:
            forward = replace(forward, saved=forward.saved or known.saved)
            forwards = tuple(forward if one is known else one for one in state.forwards)
        self._store.put(replace(state, forwards=forwards))

    def _drop(self, key: ForwardKey) -> None:
        state = self._store.state
        self._store.put(replace(state, forwards=tuple(one for one in state.forwards if one.key != key)))

    def _put_first(self, context: str) -> None:
        """Put those of this context first."""
        state = self._store.state
        ordered = sorted(state.forwards, key=lambda one: one.context != context)
        if tuple(ordered) != state.forwards:
            self._store.put(replace(state, forwards=tuple(ordered)))
