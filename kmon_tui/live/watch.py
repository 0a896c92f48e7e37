"""Lists one kind of object and then watches it, for ever, through everything that the world does to a stream.

Own loop and not the client library's Watch, which reconnects without a pause and parses every event twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.errors import (
    BackendError,
    BadAnswer,
    Forbidden,
    NotFound,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from kmon_tui.domain.health import Health, Status
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable, Trouble
from kmon_tui.live.heap import KeptBlocks
from kmon_tui.live.history import History, Replaced
from kmon_tui.live.kube import KubeClient, NextLine
from kmon_tui.live.kube_errors import Gone, event_failure
from kmon_tui.live.quiet_gc import QuietGc
from kmon_tui.live.resource import Resource
from kmon_tui.live.room import Room
from kmon_tui.live.silence import Silence
from kmon_tui.live.sink import Name, Sink, T
from kmon_tui.live.upheaval import Suspicion, Upheaval

LIST_AGAIN = 3
"""After so many failures in a row a list is made anew, whatever the error says."""
LIVE = Health(Status.LIVE)
LONG_S = 60.0
"""After so long an interruption a list is made anew, however long it is."""
AS_AGREED = 0.9
"""A watch that has lived so much of its length was not broken."""
COMING = Health(Status.STARTING)
"""The server answers again, but the list that it gives is not whole yet."""


def failing(error: BackendError) -> Health:
    """Give the health that tells of this error."""
    return Health(Status.FAILING, error.message, error.hint, kind=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a follower is; tests are less so."""

    watch_s: float = 240.0
    """Length of one watch; up to a quarter more, by chance, so that not all end at once."""
    grace_s: float = 15.0
    """Silence beyond the length that the server agreed to."""
    page: int = 500
    ask_s: float = 7.0
    """Between two requests that look for missing kinds: nine a minute, with what watches need, of ten."""
    look_s: float = 60.0
    """Until what was not found beside the fleet is looked for again."""
    quiet_s: float = 20.0
    """After so long a silence the server is asked whether it is there."""
    pulse_s: float = 15.0
    """So long it may take to say that it is."""
    bookmark_s: float = 150.0
    """Longest silence of a watch in which bookmarks come: API servers send one about every minute."""
    turn_s: float = 20.0
    """Length of a watch of those that share the room for one: as late as news of the others may come."""
    brief_s: float = 3.0
    """The same of one whose news may be late: the others wait no longer for it."""
    scalers_s: float = 1.0
    """From the first complete list until autoscalers are asked for."""
    page_s: float = 6.0
    """For each page of a long list that is made only because the server was away: ten a minute, if it is so often."""
    proven_s: float = 2.0
    """A watch that has lived so long without a word, and a list that comes for so long, are believed to work."""
    version_s: float = 20.0
    """Until the version of the server is asked for: one page tells it, and the start asks enough."""
    backoff: Backoff = Backoff()


@dataclass(frozen=True, slots=True)
class Around:
    """What all followers of one cluster share."""

    chance: Callable[[], float] = random.random
    pace: Pace = Pace()
    quiet: QuietGc = field(default_factory=QuietGc)
    blocks: KeptBlocks = field(default_factory=KeptBlocks)
    upheaval: Upheaval = field(default_factory=Upheaval)


class Follower(Generic[T]):
    """Follows one kind in one namespace or in all; its public fields say how it goes."""

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        namespace: str | None,
        codec: Codec[T],
        sink: Sink[T],
        changed: Callable[[], None],
        around: Around,
        room: Room | None = None,
        brief: bool = False,
    ) -> None:
        """``room``: where its watch has to wait for its turn; ``brief``: and leaves soon if others want it, too."""
        self.health = Health(Status.STARTING)
        self.listed = False
        self.failures = 0
        """How often it failed in a row."""
        self._client, self._resource, self._namespace = client, resource, namespace
        self._codec, self._sink, self._changed = codec, sink, changed
        self._chance, self._pace, self._quiet, self._blocks = around.chance, around.pace, around.quiet, around.blocks
        self._room = room or Room()
        self._turn_s = around.pace.brief_s if brief else around.pace.turn_s
        self._history = History(client, resource, namespace, codec)
        self._suspicion = Suspicion(around.upheaval, around.pace.page_s)
        self._away_s: float | None = None
        """Since when nothing is heard, after a watch that was broken."""
        self._pages = 0
        """Of the last list."""
        self._silence: Silence | None = None
        """Of the open watch."""
        self._aside = False
        """Somebody else waits for the room of the open watch."""

    async def run(self) -> None:
        """Follow until cancelled. Raises NotFound and Forbidden, which no waiting of ours ends."""
        clock = asyncio.get_running_loop().time
        backoff = self._pace.backoff
        with self._room.joined(self._step_aside), self._suspicion.joined(self.reopen):
            while True:
                began_s, failed = clock(), None
                try:
                    if await self._must_list():
                        await self._list()
                        began_s = clock()
                    self._away_s = None
                    if not await self._watch():
                        self._away_s = clock()
                except Gone as error:
                    if isinstance(error, Replaced):
                        self._suspicion.replaced()
                    self._list_anew(doubt=True)
                except (NotFound, Forbidden):
                    self._list_anew()
                    raise
                except BackendError as error:
                    failed = error
                    self._away_s = self._away_s or clock()
                    self._suspicion.failed(no_answer=isinstance(error, Unreachable))
                    if backoff.failures >= LIST_AGAIN - 1:
                        # The version may be the cause: in a cluster that was restored it is "too large" for ever.
                        self._list_anew(doubt=True)
                backoff = backoff.failed(clock() - began_s)
                self.failures = backoff.failures
                self._judge(failed, backoff.failures)
                if failed is not None and not self.listed:
                    self._changed()  # who waits for the first lists gives up on one that failed often enough
                least_s = failed.retry_after_s or 0.0 if failed else 0.0
                await asyncio.sleep(max(backoff.wait_s(self._chance()), least_s))

    async def _must_list(self) -> bool:
        """Whether a list must come before the next watch.

        After an interruption the store may be another one. One page costs no more than to ask whether it is.
        """
        if not self._history.version:
            return True
        if not (self._suspicion.another or await self._is_suspect()):
            return False
        self._sink.doubt()
        return True

    async def _is_suspect(self) -> bool:
        suspicion, now_s = self._suspicion, asyncio.get_running_loop().time()
        if self._away_s is not None or suspicion.was_away:
            if self._pages == 1 or (self._away_s is not None and now_s - self._away_s > LONG_S):
                return True
            if not await self._history.goes_on():
                suspicion.replaced()
                return True
            suspicion.looked()
        return suspicion.may_list(now_s, self._pages)

    def _list_anew(self, *, doubt: bool = False) -> None:
        """Have a list come next; with ``doubt`` what it says in a known version is not taken for known."""
        self._history.version = ""
        if doubt:
            self._sink.doubt()

    def _judge(self, failed: BackendError | None, failures: int) -> None:
        """Say that it fails, but not when one stream of many was cut: that happens every day, and heals at once."""
        if failed is not None and failed.retry_after_s and failures < LIST_AGAIN:
            return  # it said when to ask again, and will be asked then
        if failed is not None and (failures > 1 or not self.listed or isinstance(failed, Unauthorized)):
            self._say(failing(failed))
        elif failed is None and self._history.version and failures > 3:
            hint = "Does a proxy in between cut long answers?"
            self._say(failing(Unreachable(f"{self._client.server} ends every watch at once", hint)))

    def _say(self, health: Health) -> None:
        if health is not self.health and health != self.health:
            self.health = health
            self._changed()

    async def _list(self) -> None:
        proven: asyncio.TimerHandle | None = None

        def coming() -> None:
            nonlocal proven
            proven = proven or asyncio.get_running_loop().call_later(self._pace.proven_s, self._comes)

        try:
            version = await self._all_pages(coming)
        finally:
            if proven is not None:
                proven.cancel()
        if not self._history.listed(version):
            self._suspicion.replaced()
        self._suspicion.listed()
        self.listed = True
        self._say(LIVE)
        self._changed()

    def _comes(self) -> None:
        """Say no longer that the server is away: it answers, though slowly."""
        if self.health.status is Status.FAILING:
            self._say(COMING)

    async def _all_pages(self, coming: Callable[[], None]) -> str:
        """Take a whole list page by page, and give its version."""
        ask = Ask("list", self._resource.title, self._namespace)
        seen: set[Name] = set()
        more, pages = "", 0
        with self._quiet, self._blocks:
            while True:
                query: dict[str, str | int] = {"limit": self._pace.page}
                if more:
                    query["continue"] = more
                body = await self._client.get_long(self._resource.path(self._namespace, **query), ask, coming)
                try:
                    page = self._codec.page(body)
                except NotReadable as error:
                    raise BadAnswer(f"{self._client.server} answers with {error} to {ask}") from error
                del body
                pages += 1
                seen.update([self._sink.put(item) for item in page.items])
                self._changed()
                more = page.metadata.more
                if not more:
                    break
        self._sink.only(seen)
        self._pages = pages
        return page.metadata.version

    async def _watch(self) -> bool:
        """Watch until the stream ends; True when that is when it ought to end."""
        clock = asyncio.get_running_loop().time
        async with self._room.turn():
            self._aside = False
            alone_s = self._suspicion.length_s(clock(), self._pace.watch_s * (1.0 + 0.25 * self._chance()))
            length_s = max(1, round(self._room.length_s(alone_s, self._turn_s)))
            path = self._resource.path(
                self._namespace,
                watch="true",
                allowWatchBookmarks="true",
                resourceVersion=self._history.version,
                timeoutSeconds=length_s,
            )
            ask = Ask("watch", self._resource.title, self._namespace)
            began_s = clock()  # the server counts from the question on: its answer may reach a busy machine late
            async with self._client.lines(path, ask, length_s + self._pace.grace_s) as lines:
                self._history.opened(lines.store)
                proven = asyncio.get_running_loop().call_later(self._pace.proven_s, self._say, LIVE)
                try:
                    await self._hear(lines.next_line)
                except TimeoutError as error:
                    if not self._aside:
                        raise TimedOut(f"a watch of {self._client.server} has fallen silent") from error
                finally:
                    self._silence = None
                    proven.cancel()
            return self._aside or clock() - began_s > AS_AGREED * length_s

    def reopen(self) -> None:
        """Open the watch anew: the way to the server was broken for a while, and this one may be dead."""
        if self._silence is not None:
            self._silence.end()

    def _step_aside(self) -> None:
        """End the open watch for somebody else who needs its room."""
        self._aside = True
        self.reopen()

    async def _hear(self, next_line: NextLine) -> None:
        """Take events until there are no more."""
        bookmarks = False
        async with Silence(self._pace.bookmark_s) as silence:
            self._silence = silence
            if self._aside or self._suspicion.another:
                silence.end()
            while line := await next_line():
                if not line.endswith(b"\n"):
                    raise Unreachable(f"the connection to {self._client.server} was cut in the middle of an event")
                if line.strip() and self._take(line) == "BOOKMARK":
                    bookmarks = True  # more of them will come
                if bookmarks:
                    silence.heard()

    def _take(self, line: bytes) -> str:
        """Take one event, and give its type."""
        try:
            event = self._codec.event(line)
        except NotReadable as error:
            self._list_anew()  # what it told is lost
            raise BadAnswer(f"{self._client.server} sends {error} in a watch") from error
        thing = event.object
        if isinstance(thing, Trouble):
            self._list_anew()
            raise event_failure(thing.code, thing.message, self._client.server)
        if event.type == "BOOKMARK":
            self._history.bookmark(thing.metadata.version)
        elif event.type == "DELETED":
            self._sink.gone(thing)
        else:
            self._sink.put(thing)
        if event.type != "BOOKMARK":
            self._history.changed(thing.metadata, gone=event.type == "DELETED")
            self._changed()
        self._say(LIVE)
        return event.type
