"""Where the objects of one kind lie: the newest of each, and the changes that led there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kmon_tui.sandbox.apiserver.values import JsonObject, encode

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"

HISTORY = 10_000
"""How many changes of a kind are remembered; a watch that starts further back gets 410."""

BACKLOG = 20_000
"""How many changes a follower may leave unread before it is dropped, as the real watch cache does."""


class Entry:
    """One object at one resourceVersion; never changed once made."""

    __slots__ = ("_tail", "name", "namespace", "object", "revision")

    def __init__(self, obj: JsonObject) -> None:
        metadata = obj["metadata"]
        self.object = obj
        self.namespace: str = metadata.get("namespace", "")
        self.name: str = metadata["name"]
        self.revision = int(metadata.get("resourceVersion") or 0)
        """0 for an object that was only rehearsed."""
        self._tail: bytes | None = None

    @property
    def key(self) -> str:
        """The place of the object in a list: lists are ordered by this text."""
        return key_of(self.namespace, self.name)

    @property
    def tail(self) -> bytes:
        """The object as JSON from its metadata on, encoded once: `"metadata":{…},"spec":{…}}`."""
        if self._tail is None:
            rest = {name: value for name, value in self.object.items() if name not in ("apiVersion", "kind")}
            self._tail = encode(rest)[1:]
        return self._tail


def key_of(namespace: str, name: str) -> str:
    """Write the key under which etcd would order an object."""
    return f"{namespace}/{name}" if namespace else name


@dataclass(frozen=True, slots=True)
class Change:
    """One step from an old to a new entry; when DELETED, the new one is the last state at the deletion's revision."""

    type: str
    revision: int
    new: Entry
    old: Entry | None


class TooOld(Exception):
    """The wanted revision is no longer remembered."""


class Follower:
    """What one watcher has not read yet."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._news = asyncio.Event()
        self.dropped = False

    def tell(self, change: Change) -> None:
        """Queue a change; a follower that never reads is dropped."""
        if len(self._changes) >= BACKLOG:
            self.drop()
        if not self.dropped:
            self._changes.append(change)
            self._news.set()

    def drop(self) -> None:
        """End this follower: what it has not read is forgotten."""
        self.dropped = True
        self._changes.clear()
        self._news.set()

    async def read(self) -> list[Change]:
        """Wait for changes and take all there are; empty once dropped."""
        if not self.dropped:
            await self._news.wait()
            self._news.clear()
        changes = list(self._changes)
        self._changes.clear()
        return changes


class Shelf:
    """The objects of one kind, with their recent history and whoever follows it."""

    def __init__(self, floor: int) -> None:
        self.entries: dict[str, Entry] = {}
        self.history: deque[Change] = deque(maxlen=HISTORY)
        self.floor = floor
        """Changes up to this revision are forgotten."""
        self._followers: set[Follower] = set()
        self._ordered: tuple[int, list[Entry]] | None = None
        self._changed_at = floor

    def record(self, change: Change) -> None:
        """Take a change in and tell the followers."""
        if change.type == DELETED:
            del self.entries[change.new.key]
        else:
            self.entries[change.new.key] = change.new
        if len(self.history) == self.history.maxlen:
            self.floor = self.history[0].revision
        self.history.append(change)
        self._changed_at = change.revision
        for follower in tuple(self._followers):
            follower.tell(change)

    def ordered(self, revision: int | None = None) -> list[Entry]:
        """All entries in list order, as they are now or as they were at a revision. Raises TooOld."""
        wanted = self._changed_at if revision is None or revision >= self._changed_at else revision
        if wanted < self.floor:
            raise TooOld
        if self._ordered is None or self._ordered[0] != wanted:
            entries = self.entries if wanted == self._changed_at else self._as_of(wanted)
            self._ordered = wanted, [entries[key] for key in sorted(entries)]
        return self._ordered[1]

    def since(self, revision: int) -> list[Change]:
        """Changes after a revision, oldest first. Raises TooOld."""
        if revision < self.floor:
            raise TooOld
        newer: list[Change] = []
        for change in reversed(self.history):
            if change.revision <= revision:
                break
            newer.append(change)
        return newer[::-1]

    def compact(self, revision: int) -> None:
        """Forget the changes up to a revision, as etcd's compaction does."""
        self.floor = max(self.floor, revision)
        self._changed_at = max(self._changed_at, revision)
        self._ordered = None
        while self.history and self.history[0].revision <= revision:
            self.history.popleft()

    @contextmanager
    def followed(self) -> Iterator[Follower]:
        """Follow the changes from now on, until the block ends."""
        follower = Follower()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def drop_followers(self) -> None:
        """End every follower."""
        for follower in self._followers:
            follower.drop()

    @property
    def follower_count(self) -> int:
        """How many follow."""
        return len(self._followers)

    def _as_of(self, revision: int) -> dict[str, Entry]:
        entries = dict(self.entries)
        for change in reversed(self.history):
            if change.revision <= revision:
                break
            if change.old is None:
                entries.pop(change.new.key, None)
            else:
                entries[change.new.key] = change.old
        return entries
