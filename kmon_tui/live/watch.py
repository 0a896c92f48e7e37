"""Lists one kind of object and then watches it, for ever, through everything that the world does to a stream.

Own loop and not the client library's Watch, which reconnects without a pause and parses every event twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlencode

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
from kmon_tui.live.kube import KubeClient, NextLine
from kmon_tui.live.kube_errors import Gone, event_failure
from kmon_tui.live.quiet_gc import QuietGc
from kmon_tui.live.silence import Silence


class HasVersion(Protocol):
    """Metadata with a resourceVersion."""

    @property
    def version(self) -> str:
        """The resourceVersion."""


class Shape(Protocol):
    """What can be watched: anything with metadata."""

    @property
    def metadata(self) -> HasVersion:
        """The metadata."""


T = TypeVar("T", bound=Shape)
T_contra = TypeVar("T_contra", contravariant=True)
Name = tuple[str, str]
"""Namespace and name."""

LIST_AGAIN = 3
"""After so many failures in a row a list is made anew, whatever the error says."""
LIVE = Health(Status.LIVE)
PROVEN_S = 2.0
"""A watch that has lived so long without a word is believed to work."""


def failing(error: BackendError) -> Health:
    """Give the health that tells of this error."""
    return Health(Status.FAILING, error.message, error.hint, kind=type(error).__name__)


class Sink(Protocol[T_contra]):
    """Takes the objects of one kind."""

    def put(self, thing: T_contra) -> Name:
        """Keep this object, new or changed, and say its name."""

    def gone(self, thing: T_contra) -> None:
        """Forget this object."""

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these: a list is complete."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What is listed and watched."""

    base: str
    """``/api/v1``, or ``/apis/GROUP/VERSION``."""
    plural: str
    selector: str = ""
    fields: str = ""
    """A fieldSelector, as ``metadata.name=iris``."""
    full: str = ""
    """Its plural with the group, where other groups have kinds of that name: ``services.serving.knative.dev``."""

    @property
    def title(self) -> str:
        """Its name in the words of access rules."""
        return self.full or self.plural

    def path(self, namespace: str | None, **query: str | int) -> str:
        """Give path and query."""
        place = "" if namespace is None else f"/namespaces/{namespace}"
        if self.selector:
            query["labelSelector"] = self.selector
        if self.fields:
            query["fieldSelector"] = self.fields
        return f"{self.base}{place}/{self.plural}?{urlencode(query)}"


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
    count_s: float = 30.0
    """Between two lists of what is counted and not watched."""
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
    ) -> None:
        self.health = Health(Status.STARTING)
        self.listed = False
        self.failures = 0
        """How often it failed in a row."""
        self._client, self._resource, self._namespace = client, resource, namespace
        self._codec, self._sink, self._changed = codec, sink, changed
        self._chance, self._pace, self._quiet, self._blocks = around.chance, around.pace, around.quiet, around.blocks
        self._version = ""
        self._silence: Silence | None = None
        """Of the open watch."""

    async def run(self) -> None:
        """Follow until cancelled. Raises NotFound and Forbidden, which no waiting of ours ends."""
        clock = asyncio.get_running_loop().time
        backoff = self._pace.backoff
        was_away = False
        while True:
            began_s, failed = clock(), None
            try:
                if not self._version or (was_away and await self._is_ahead()):
                    await self._list()
                    began_s = clock()
                was_away = False
                await self._watch()
            except Gone:
                self._version = ""
            except (NotFound, Forbidden):
                self._version = ""
                raise
            except BackendError as error:
                failed, was_away = error, True
                if backoff.failures >= LIST_AGAIN - 1:
                    # The version may be the cause: in a cluster that was restored it is "too large" for ever.
                    self._version = ""
            backoff = backoff.failed(clock() - began_s)
            self.failures = backoff.failures
            self._judge(failed, backoff.failures)
            least_s = failed.retry_after_s or 0.0 if failed else 0.0
            await asyncio.sleep(max(backoff.wait_s(self._chance()), least_s))

    async def count(self, moved: asyncio.Event) -> None:
        """List whenever ``moved`` is set, in place of a watch that would be one too many; see ``run``."""
        backoff = self._pace.backoff
        while True:
            moved.clear()
            try:
                await self._list()
            except (NotFound, Forbidden):
                raise
            except BackendError as error:
                backoff = backoff.failed(0.0)
                self.failures = backoff.failures
                self._judge(error, self.failures)
                await asyncio.sleep(max(backoff.wait_s(self._chance()), error.retry_after_s or 0.0))
                continue
            backoff, self.failures = self._pace.backoff, 0
            await asyncio.sleep(self._pace.count_s)
            await moved.wait()

    def _judge(self, failed: BackendError | None, failures: int) -> None:
        """Say that it fails, but not when one stream of many was cut: that happens every day, and heals at once."""
        if failed is not None and failed.retry_after_s and failures < LIST_AGAIN:
            return  # it said when to ask again, and will be asked then
        if failed is not None and (failures > 1 or not self.listed or isinstance(failed, Unauthorized)):
            self._say(failing(failed))
        elif failed is None and self._version and failures > 3:
            hint = "Does a proxy in between cut long answers?"
            self._say(failing(Unreachable(f"{self._client.server} ends every watch at once", hint)))

    def _say(self, health: Health) -> None:
        if health is not self.health and health != self.health:
            self.health = health
            self._changed()

    async def _list(self) -> None:
        ask = Ask("list", self._resource.title, self._namespace)
        seen: set[Name] = set()
        more = ""
        with self._quiet, self._blocks:
            while True:
                query: dict[str, str | int] = {"limit": self._pace.page}
                if more:
                    query["continue"] = more
                body = await self._client.get_long(self._resource.path(self._namespace, **query), ask)
                try:
                    page = self._codec.page(body)
                except NotReadable as error:
                    raise BadAnswer(f"{self._client.server} answers with {error} to {ask}") from error
                del body
                seen.update([self._sink.put(item) for item in page.items])
                self._changed()
                more = page.metadata.more
                if not more:
                    break
        self._sink.only(seen)
        self._version = page.metadata.version
        self.listed = True
        self._say(LIVE)
        self._changed()

    async def _is_ahead(self) -> bool:
        """Whether we know a newer version than the server: its store was replaced by an older or another one.

        A watch from our version on would then be accepted and stay silent (kube-apiserver's watch cache).
        """
        ask = Ask("list", self._resource.title, self._namespace)
        body = await self._client.get_long(self._resource.path(self._namespace, limit=1), ask)
        try:
            newest = self._codec.page(body).metadata.version
        except NotReadable as error:
            raise BadAnswer(f"{self._client.server} answers with {error} to {ask}") from error
        comparable = newest.isdecimal() and self._version.isdecimal()
        return int(newest) < int(self._version) if comparable else newest != self._version

    async def _watch(self) -> None:
        length_s = self._pace.watch_s * (1.0 + 0.25 * self._chance())
        path = self._resource.path(
            self._namespace,
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=self._version,
            timeoutSeconds=max(1, round(length_s)),
        )
        ask = Ask("watch", self._resource.title, self._namespace)
        async with self._client.lines(path, ask, length_s + self._pace.grace_s) as next_line:
            proven = asyncio.get_running_loop().call_later(PROVEN_S, self._say, LIVE)
            try:
                await self._hear(next_line)
            except TimeoutError as error:
                raise TimedOut(f"a watch of {self._client.server} has fallen silent") from error
            finally:
                self._silence = None
                proven.cancel()

    def reopen(self) -> None:
        """Open the watch anew: the way to the server was broken for a while, and this one may be dead."""
        if self._silence is not None:
            self._silence.end()

    async def _hear(self, next_line: NextLine) -> None:
        """Take events until there are no more."""
        bookmarks = False
        async with Silence(self._pace.bookmark_s) as silence:
            self._silence = silence
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
            self._version = ""  # what it told is lost: list again
            raise BadAnswer(f"{self._client.server} sends {error} in a watch") from error
        thing = event.object
        if isinstance(thing, Trouble):
            self._version = ""
            raise event_failure(thing.code, thing.message, self._client.server)
        if event.type in ("ADDED", "MODIFIED"):
            self._sink.put(thing)
            self._changed()
        elif event.type == "DELETED":
            self._sink.gone(thing)
            self._changed()
        self._version = thing.metadata.version or self._version
        self._say(LIVE)
        return event.type
