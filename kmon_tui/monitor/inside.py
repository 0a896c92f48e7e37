"""What a person looks into: one opened service, one request for logs, and why services are in trouble.

A wish outlives failures and switches of the context; what it watches is let go when the screen is left.
"""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from kmon_tui.backend import Backend, Logs, Trees
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import Opened
from kmon_tui.monitor.noted import Noted
from kmon_tui.monitor.store import Store
from kmon_tui.monitor.supervise import supervise
from kmon_tui.monitor.troubled import InTrouble

if TYPE_CHECKING:  # only names of types: nobody looks into a service before the first paint
    from kmon_tui.domain.logs import LogRequest, LogView
    from kmon_tui.domain.tree import ObjectTree
    from kmon_tui.domain.verdict import Diagnosis

AGAIN_S = 30.0
"""So often a diagnosis is made again although nothing has changed but the time."""
DIAGNOSIS = "kmon_tui.domain.diagnosis"
"""Loaded in a thread when it is needed first: it is large, and keys must not wait for it."""
SLICE_S = 0.003
"""Diagnoses of many services let keys through so often."""


class Inside:
    """Keeps ``State.opened``, ``State.logs`` and ``State.reasons``."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        visible: Callable[[], tuple[Key, ...]] = tuple,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._now, self._visible, self._chance = store, now, visible, chance
        self._key: Key | None = None
        self._request: LogRequest | None = None
        self._wish = asyncio.Event()
        """Set when another service or other logs are wanted."""
        self._times = 0
        """How often somebody wanted the opened service read anew."""
        self._known: dict[Key, tuple[ObjectTree, Diagnosis]] = {}
        self._noted = Noted()

    def open(self, key: Key | None) -> None:
        """Watch the inside of this service from now on, and of no other."""
        if key == self._key:
            return
        self._key = key
        self._store.put(replace(self._store.state, opened=None if key is None else Opened(key)))
        self._wake()

    def follow(self, request: LogRequest | None) -> None:
        """Read these logs from now on, and no others."""
        if request == self._request:
            return
        self._request = request
        self._store.put(replace(self._store.state, logs=None))
        self._wake()

    def refresh(self) -> None:
        """Read the opened service anew, now; what is known of it stays until that is done."""
        self._times += 1
        self._wake()

    def leave(self) -> None:
        """Forget what is known of a context that is left; the wishes stay."""
        self._known.clear()
        self._noted.clear()
        opened = None if self._key is None else Opened(self._key)
        self._store.put(replace(self._store.state, opened=opened, logs=None, reasons={}))

    async def run(self, backend: Backend) -> None:
        """Obey the wishes on this backend until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if backend.trees is not None:
                tasks.create_task(self._reasons(backend.trees), name="reasons")
                tasks.create_task(self._one_at_a_time(self._looked_into, self._opened(backend.trees)), name="opened")
            if backend.logs is not None:
                tasks.create_task(self._one_at_a_time(lambda: self._request, self._logs(backend.logs)), name="logs")

    def _wake(self) -> None:
        self._wish.set()
        self._wish = asyncio.Event()

    def _looked_into(self) -> tuple[Key, int] | None:
        return None if self._key is None else (self._key, self._times)

    async def _one_at_a_time(self, wanted: Callable[[], object], follow: Callable[[], Awaitable[None]]) -> None:
        """Follow what is wanted, and stop when something else is."""
        while True:
            wish, known = self._wish, wanted()
            async with asyncio.TaskGroup() as tasks:
                task = None if known is None else tasks.create_task(_run(follow), name=f"inside {known}")
                while wanted() == known:
                    await wish.wait()
                    wish = self._wish
                if task is not None:
                    task.cancel()

    def _opened(self, trees: Trees) -> Callable[[], Awaitable[None]]:
        async def follow() -> None:
            key = self._key
            assert key is not None
            await asyncio.to_thread(importlib.import_module, DIAGNOSIS)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._grow_older(key), name=f"diagnosis of {key}")
                await supervise(
                    lambda: trees.watch(key), self._saw_tree(key), self._tree_fails(key), chance=self._chance
                )

        return follow

    async def _grow_older(self, key: Key) -> None:
        """Diagnose again from time to time: what is patience with a young pod is a fault in an old one."""
        while True:
            await asyncio.sleep(AGAIN_S)
            opened = self._store.state.opened
            if opened is None or opened.key != key or opened.tree is None or opened.diagnosis is None:
                continue
            diagnosis = diagnosed(opened.tree, self._now())
            if diagnosis != opened.diagnosis:
                self._note(key, opened.tree, diagnosis)
                self._store.put(replace(self._store.state, opened=replace(opened, diagnosis=diagnosis)))

    def _note(self, key: Key, tree: ObjectTree, diagnosis: Diagnosis) -> None:
        """Give the row what the opened service says, where no round knows it better."""
        if not self._noted.judge(key, diagnosis, whole=bool(tree.answers)) or key in self._known:
            return
        others = {one: reason for one, reason in self._store.state.reasons.items() if one != key}
        reasons = others if diagnosis.healthy else {**others, key: diagnosis}
        self._store.put(replace(self._store.state, reasons=reasons))

    def _saw_tree(self, key: Key) -> Callable[[ObjectTree], None]:
        def put(tree: ObjectTree) -> None:
            opened = self._store.state.opened
            if opened is None or opened.key != key:
                return
            if tree.health.status is Status.STARTING and opened.tree is not None and not tree.synced:
                return  # it is read anew: what was known stays until that is complete
            diagnosis = diagnosed(tree, self._now()) if tree.synced else opened.diagnosis
            if tree.synced and diagnosis is not None:
                self._note(key, tree, diagnosis)
            new = replace(opened, tree=tree, diagnosis=diagnosis, health=self._since(opened.health, tree.health))
            self._store.put(replace(self._store.state, opened=new))

        return put

    def _tree_fails(self, key: Key) -> Callable[[BackendError], None]:
        def failed(error: BackendError) -> None:
            opened = self._store.state.opened
            if opened is not None and opened.key == key:
                health = Health(Status.FAILING, error.message, error.hint, kind=type(error).__name__)
                new = replace(opened, health=self._since(opened.health, health))
                self._store.put(replace(self._store.state, opened=new))

        return failed

    def _logs(self, logs: Logs) -> Callable[[], Awaitable[None]]:
        async def follow() -> None:
            request = self._request
            assert request is not None
            await supervise(
                lambda: logs.follow(request), self._saw_logs(request), self._logs_fail(request), chance=self._chance
            )

        return follow

    def _saw_logs(self, request: LogRequest) -> Callable[[LogView], None]:
        def put(view: LogView) -> None:
            if self._request == request:
                self._store.put(replace(self._store.state, logs=view))

        return put

    def _logs_fail(self, request: LogRequest) -> Callable[[BackendError], None]:
        def failed(error: BackendError) -> None:
            from kmon_tui.domain.logs import LogView

            if self._request == request:
                old = self._store.state.logs or LogView(request)
                self._store.put(replace(self._store.state, logs=replace(old, problems=(error.message,), streams=())))

        return failed

    async def _reasons(self, trees: Trees) -> None:
        troubled = InTrouble(self._store, self._now, self._visible, self._noted)
        queue: asyncio.Queue[Mapping[Key, ObjectTree]] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(troubled.run(), name="services in trouble")
            tasks.create_task(self._diagnose(queue), name="diagnoses")
            await supervise(lambda: trees.reasons(troubled), queue.put_nowait, lambda _: None, chance=self._chance)

    async def _diagnose(self, queue: asyncio.Queue[Mapping[Key, ObjectTree]]) -> None:
        clock = asyncio.get_running_loop().time
        found: Mapping[Key, ObjectTree] = {}
        while True:
            again = False
            try:
                async with asyncio.timeout(AGAIN_S if found else None):
                    found = await queue.get()
            except TimeoutError:
                again = True
            while not queue.empty():
                found, again = queue.get_nowait(), False
            await asyncio.to_thread(importlib.import_module, DIAGNOSIS)
            began_s = clock()
            for key, tree in found.items():
                known = self._known.get(key)
                if again or known is None or known[0] is not tree:
                    self._known[key] = (tree, diagnosed(tree, self._now()))
                if key in self._noted.keys and not tree.shallow:
                    self._noted.judge(key, self._known[key][1], whole=True)
                if clock() - began_s > SLICE_S:
                    await asyncio.sleep(0)
                    began_s = clock()
            self._known = {key: known for key, known in self._known.items() if key in found}
            known_bad = {key: diagnosis for key, (_, diagnosis) in self._known.items() if not diagnosis.healthy}
            reasons = self._noted.reasons | known_bad
            if reasons != self._store.state.reasons:
                self._store.put(replace(self._store.state, reasons=reasons))

    def _since(self, old: Health, new: Health) -> Health:
        """Give the health with the time when its status began."""
        if old.status is new.status and (old.error, old.hint) == (new.error, new.hint):
            return old
        since = old.since if old.status is new.status else None
        return replace(new, since=since or self._now())


async def _run(follow: Callable[[], Awaitable[None]]) -> None:
    await follow()


def diagnosed(tree: ObjectTree, now: datetime) -> Diagnosis:
    """Say why; late, for nobody asks before the first paint."""
    from kmon_tui.domain.diagnosis import diagnose

    return diagnose(tree, now)
