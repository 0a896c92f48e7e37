"""One tree while it is watched: the service first, then what its mode makes of it, then what that refers to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.peek import kind_of, of_kind
from kmon_tui.domain.service import Key, Mode
from kmon_tui.domain.tree import Blind, Object, ObjectTree, Why
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tree_beside import Beside
from kmon_tui.live.tree_branch import Branch, Soil
from kmon_tui.live.tree_events import EventFilter
from kmon_tui.live.tree_owned import owned
from kmon_tui.live.tree_parts import Part, mode_of, parts_of, pods_part, root_part
from kmon_tui.live.tree_refs import Refs, wishes
from kmon_tui.live.tree_tails import Tails
from kmon_tui.live.watch import Around, failing

if TYPE_CHECKING:
    from kmon_tui.live.tree_peaks import PeaksOf

EXPLAIN_S = 15.0
"""What only explains is read anew so often at most, and only when the tree has changed since."""
_EVENTS = Part("Event", "", ("v1",), "events")
_MOVING = frozenset({"TrainedModel", "LocalModelCache", "LocalModelNamespaceCache"})
"""What is referred to, is not watched, and tells how far it is."""
Signature = tuple[Any, ...]


class Growing:
    """Follows everything of one service until cancelled."""

    def __init__(
        self,
        client: KubeClient,
        groups: Groups,
        key: Key,
        around: Around,
        changed: Callable[[], None],
        peaks_of: PeaksOf | None = None,
    ) -> None:
        self._client, self._key, self._groups, self._around = client, key, groups, around
        self._changed = changed
        self._news = asyncio.Event()
        """Set at the next change."""
        self._soil = Soil(client, key.namespace, around, self._saw)
        self._filter = EventFilter(key.name)
        self._tails = Tails(client, key.namespace)
        self._refs = Refs(client, groups)
        self._beside = Beside(client, key, peaks_of)
        self._root: Branch | None = None
        self._events = Branch(self._soil, _EVENTS, "/api/v1", self._filter.may_be)
        self._parts: dict[Part, Branch | None] = {}
        """None: its group is not there."""
        self._tasks: dict[Part, asyncio.Task[None]] = {}
        self._mode: Mode | None = None
        self._health = Health()
        self._owned: tuple[Object, ...] = ()
        """What no label tells."""
        self._explained = False
        self._tailed = False

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._until_answered(self._groups.ask)
        part = root_part(self._key)
        base = self._groups.base(part.group, part.versions)
        async with asyncio.TaskGroup() as tasks:
            if base:
                self._root = Branch(self._soil, part, base)
                tasks.create_task(self._root.follow(), name=f"follow {self._key}")
            tasks.create_task(self._events.follow(), name="follow events")
            tasks.create_task(self._branch_out(tasks), name="follow children")
            tasks.create_task(self._explain(), name="read what explains")
            tasks.create_task(self._read_tails(), name="read logs")

    @property
    def synced(self) -> bool:
        """Whether all is known that can be known at the start."""
        if self._root is None:
            return self._health.status is Status.LIVE  # KServe is not installed here
        return self._root.settled and self._watched_settled and self._explained and self._tailed

    @property
    def root(self) -> Object | None:
        """The service itself; None while it is not known, and when it is gone."""
        return next(iter(self._root.basket.objects), None) if self._root is not None else None

    @property
    def root_settled(self) -> bool:
        """Whether it is known if there is such a service."""
        return self._health.status is Status.LIVE if self._root is None else self._root.settled

    @property
    def health(self) -> Health:
        """Of the way to the service itself."""
        if self._health.status is Status.FAILING or self._root is None:
            return self._health
        return self._root.health

    def signature(self) -> Signature:
        """Give something that is equal as long as the tree is."""
        branches = list(self._branches())
        return (
            *((id(one), one.basket.changes) for one in branches),
            *(one.blind for one in branches),
            self._tails.found(),
            self._tails.blind,
            id(self._refs.objects),
            id(self._owned),
            self._refs.blind,
            self._beside.answers,
            self._beside.peaks,
            self._beside.names,
            self.health,
            self.synced,
        )

    def tree(self) -> ObjectTree:
        """Give all that is known now."""
        root, own = self.root, self._own()
        blind = [one.blind for one in self._branches()] + [
            self._tails.blind,
            *self._refs.blind,
            *self._beside.names.blind,
        ]
        absent = [Blind(part.kind, Why.ABSENT) for part, branch in self._parts.items() if branch is None]
        known = own if root is None else (*own, root)
        return ObjectTree(
            root=root,
            objects=(*own, *self._refs.objects),
            events=self._filter.chosen(self._events.basket.things.values(), known),
            logs=self._tails.found(),
            blind=tuple(dict.fromkeys([one for one in blind if one is not None] + absent)),
            answers=self._beside.answers,
            peaks=self._beside.peaks,
            absent=(*self._beside.names.absent, *self._refs.absent),
            synced=self.synced,
            health=self.health,
        )

    def _branches(self) -> Iterator[Branch]:
        yield from (one for one in (self._root, self._events) if one is not None)
        yield from self._children()

    def _children(self) -> Iterator[Branch]:
        yield from (one for one in self._parts.values() if one is not None)

    def _labelled(self) -> tuple[Object, ...]:
        return tuple(found for branch in self._children() for found in branch.basket.objects)

    def _own(self) -> tuple[Object, ...]:
        return (*self._labelled(), *self._owned)

    def _saw(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
        self._changed()

    async def _until_answered(self, ask: Callable[[], Awaitable[None]]) -> None:
        backoff = self._around.pace.backoff
        while True:
            try:
                await ask()
            except BackendError as error:
                self._health = failing(error)
                self._changed()
                backoff = backoff.failed(0.0)
                await asyncio.sleep(max(backoff.wait_s(self._around.chance()), error.retry_after_s or 0.0))
            else:
                self._health = Health(Status.LIVE)
                self._changed()
                return

    async def _branch_out(self, tasks: asyncio.TaskGroup) -> None:
        """Follow the kinds that the service's mode makes, as soon as it is known, and again when it changes."""
        while True:
            news = self._news
            if self._root is not None and self._root.settled:
                mode = mode_of(self._key, self.root)
                gone = self.root is None and self._mode is not None
                if mode is not self._mode and not gone:
                    self._mode = mode
                    self._replant(tasks, mode)
            await news.wait()

    def _replant(self, tasks: asyncio.TaskGroup, mode: Mode) -> None:
        wanted = (pods_part(self._key, mode), *parts_of(self._key, mode))
        for part in self._parts.keys() - set(wanted):
            del self._parts[part]
            if (task := self._tasks.pop(part, None)) is not None:
                task.cancel()
        for part in wanted:
            if part in self._parts:
                continue
            base = self._groups.base(part.group, part.versions)
            branch = self._parts[part] = Branch(self._soil, part, base) if base else None
            if branch is not None and part.watched:
                self._tasks[part] = tasks.create_task(branch.follow(), name=f"follow {part.plural}")
        self._explained = False
        self._saw()

    async def _explain(self) -> None:
        """List what is not watched and what is referred to, once, and again from time to time after a change."""
        while True:
            news = self._news
            if self._watched_settled:
                seen = self._watched_changes()
                await self._explain_once()
                self._explained = True
                self._saw()
                await self._until_stale(seen)
            else:
                await news.wait()

    async def _until_stale(self, seen: tuple[int, ...]) -> None:
        """Return when something has changed and the last reading is old, or when other kinds are followed."""
        clock = asyncio.get_running_loop().time
        due_s = clock() + EXPLAIN_S
        while self._explained and (clock() < due_s or (self._watched_changes() == seen and not self._doubtful)):
            news = self._news
            left_s = due_s - clock()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s if left_s > 0 else None):
                    await news.wait()

    @property
    def _doubtful(self) -> bool:
        """Whether something may change that is not watched."""
        moving = any(kind_of(one) in _MOVING for one in self._refs.objects)
        return moving or self._beside.doubtful or bool(self._owned)

    async def _explain_once(self) -> None:
        lists = [one.list() for part, one in self._parts.items() if one is not None and not part.watched]
        await asyncio.gather(*lists)
        # Three lists at most, and only where the labels lead to nothing at all.
        roots = [self.root] if self.root is not None and not self._labelled() else []
        self._owned, _ = await owned(self._client, self._key.namespace, roots)
        asked = wishes(self._key, self.root, self._own())
        claims = frozenset((w.kind, w.name) for w in asked if w.kind == "PersistentVolumeClaim")
        fresh, self._filter.more = claims - self._filter.more, claims
        if fresh:
            await self._events.look_again()  # what came of them before they were known was not kept
        await self._refs.ask(self._key.namespace, asked, self._own())
        await self._beside.ask(self.root, (*self._own(), *of_kind(self._refs.objects, "ServiceAccount")))

    async def _read_tails(self) -> None:
        """Read the last words of containers in trouble, as soon as there are any."""
        while True:
            news = self._news
            pods = self._pods
            if pods is not None and pods.settled:
                for_whom = self._tails.missing(pods.basket.objects)
                await asyncio.gather(*(self._tails.ask(instance) for instance in for_whom))
                if for_whom or not self._tailed:
                    self._tailed = True
                    self._saw()
            await news.wait()

    @property
    def _pods(self) -> Branch | None:
        return next((one for part, one in self._parts.items() if part.kind == "Pod"), None)

    @property
    def _watched_settled(self) -> bool:
        watched = [one for part, one in self._parts.items() if one is not None and part.watched]
        return self._mode is not None and all(one.settled for one in (self._events, *watched))

    def _watched_changes(self) -> tuple[int, ...]:
        watched = [one for part, one in self._parts.items() if one is not None and part.watched]
        return tuple(one.basket.changes for one in (*([self._root] if self._root else []), *watched))
