"""WATCH: initial events, changes, bookmarks, and the ways in which a stream ends."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

from aiohttp import web

from kmon_tui.sandbox.apiserver.errors import ApiError, expired
from kmon_tui.sandbox.apiserver.exchange import Exchange
from kmon_tui.sandbox.apiserver.listing import parse_revision
from kmon_tui.sandbox.apiserver.queries import is_true, number_of
from kmon_tui.sandbox.apiserver.selectors import Match, matcher
from kmon_tui.sandbox.apiserver.shelf import ADDED, DELETED, MODIFIED, Change, Entry, Follower, TooOld
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.stream import Stream
from kmon_tui.sandbox.apiserver.values import encode
from kmon_tui.sandbox.apiserver.views import View

Event = tuple[str, Entry]

LAST_BOOKMARK_S = 2.0
"""A bookmark is sent this long before the server ends the stream, so that the client can go on from there."""


async def watch(store: Store, exchange: Exchange, bookmark_s: float) -> web.StreamResponse:
    """Answer a WATCH until its timeout, or until the client goes."""
    query, target = exchange.query, exchange.target
    view = exchange.view()
    match = matcher(query, target.kind, target.namespace, target.name)
    shelf = store.shelf(*target.kind.key)
    timeout_s = number_of(query, "timeoutSeconds") or random.uniform(1800, 3600)
    with shelf.followed() as follower:
        try:
            initial, start = _initial(store, exchange, match)
        except TooOld:
            gone = expired(f"too old resource version: {query['resourceVersion']} ({shelf.floor})")
            return await _end_with_error(exchange, gone)
        async with Stream(exchange) as stream:
            pump = _Pump(store, view, match, stream, follower)
            await pump.send(initial)
            if is_true(query, "sendInitialEvents"):
                await pump.bookmark({"k8s.io/initial-events-end": "true"})
            bookmarks = bookmark_s if is_true(query, "allowWatchBookmarks") else None
            await pump.run(time.monotonic() + timeout_s, bookmarks, start)
        return stream.response


async def _end_with_error(exchange: Exchange, error: ApiError) -> web.StreamResponse:
    """A watch that cannot start where it wants to is answered 200, and an ERROR event says why."""
    async with Stream(exchange) as stream:
        await stream.write(encode({"type": "ERROR", "object": error.status()}) + b"\n")
    return stream.response


def _initial(store: Store, exchange: Exchange, match: Match | None) -> tuple[list[Event], int]:
    """Return the events that come first, and the revision at which the watch begins. Raises TooOld and ApiError."""
    shelf = store.shelf(*exchange.target.kind.key)
    text = exchange.query.get("resourceVersion", "")
    revision = parse_revision(text)
    if revision == 0 or is_true(exchange.query, "sendInitialEvents"):
        present = [(ADDED, entry) for entry in shelf.ordered() if match is None or match(entry)]
        return present, store.revision
    return [event for change in shelf.since(revision) if (event := seen(change, match))], revision


def seen(change: Change, match: Match | None) -> Event | None:
    """Say what a watcher with a selector sees of a change: objects enter and leave what it selects."""
    if match is None:
        return change.type, change.new
    before = change.old is not None and match(change.old)
    if change.type == DELETED:
        return (DELETED, change.new) if before else None
    if match(change.new):
        return (MODIFIED if before else ADDED), change.new
    if not before or change.old is None:
        return None
    # the object as it was selected last, at the revision at which it left
    metadata = {**change.old.object["metadata"], "resourceVersion": str(change.revision)}
    return DELETED, Entry({**change.old.object, "metadata": metadata})


class _Pump:
    """Writes changes to one stream as they come."""

    def __init__(self, store: Store, view: View, match: Match | None, stream: Stream, follower: Follower) -> None:
        self._store, self._view, self._match = store, view, match
        self._stream, self._follower = stream, follower
        self._headers = True

    async def run(self, end: float, bookmark_s: float | None, start: int) -> None:
        """Send changes and bookmarks until the end, or until this watcher is dropped."""
        moments = _bookmark_moments(end, bookmark_s)
        next_bookmark = next(moments)
        while (now := time.monotonic()) < end:
            if now >= next_bookmark:
                next_bookmark = next(moments)
                if self._store.revision > start:
                    await self.bookmark()
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + min(end, next_bookmark) - now):
                    changes = await self._follower.read()
            except TimeoutError:
                continue
            if self._follower.dropped:
                return
            # From a version that the store has not reached the real one sends nothing until it has: no error, no event.
            news = [change for change in changes if change.revision > start]
            await self.send([event for change in news if (event := seen(change, self._match))])

    async def send(self, events: list[Event]) -> None:
        """Write events, many in one go."""
        lines: list[bytes] = []
        for type_, entry in events:
            lines.append(self._view.event(type_, entry, self._headers))
            self._headers = False
        if lines:
            await self._stream.write_events(lines)

    async def bookmark(self, annotations: dict[str, str] | None = None) -> None:
        """Write a bookmark at the newest revision."""
        await self._stream.write(self._view.bookmark(self._store.revision, annotations))


def _bookmark_moments(end: float, every_s: float | None) -> Iterator[float]:
    """When bookmarks are due: regularly, and once shortly before the end."""
    moment, last = time.monotonic(), end - LAST_BOOKMARK_S
    is_long = last > moment
    while every_s is not None and moment < end:
        moment += every_s
        if is_long and moment >= last:
            yield last
            break
        yield moment
    while True:
        yield float("inf")
