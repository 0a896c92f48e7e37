"""Scrapes the pods of whichever service is selected: at most eight pods, 30 s apart, and 4 MB a minute."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from kmon_tui.domain.errors import BackendError, NotFound
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Buckets, Family, Traffic
from kmon_tui.live.scrape.books import Books
from kmon_tui.live.scrape.exposition import Series, read_page
from kmon_tui.live.scrape.pages import Place, text_of

APART_S = 30
BYTES_A_MINUTE = 4 * 1024 * 1024
MOST_BOOKS = 4
"""Services whose past is kept while another one is selected."""

Read = tuple[Place, dict[Series, float], int, bool]
"""A page: where it is, what it tells, its bytes as they came, and whether more of it was left unread."""


@dataclass(frozen=True, slots=True, eq=False)
class Scraped:
    """What the pods of one service told."""

    key: Key
    words: str
    """As ``scraped, 2 pods, since 12:41``, or ``scraped, 8 of 12 pods, since 12:41``."""
    at_s: int
    window_s: int
    traffic: Traffic | None = None
    buckets: Buckets | None = None
    problem: str = ""
    """Why pods told nothing, or only some did."""


class Fetch(Protocol):
    """Where pages come from."""

    async def places(self, isvc: InferenceService) -> list[Place]:
        """Look which pages there are now. Raises BackendError."""

    async def page(self, place: Place) -> bytes:
        """Fetch one. Raises BackendError."""


class Scraper:
    """Keeps the books of the services that were selected lately."""

    def __init__(self, pages: Fetch, now: Callable[[], float] = time.time) -> None:
        self._pages = pages
        self._now = now
        self._books: dict[Key, Books] = {}
        self._since: dict[Key, datetime] = {}
        self._due_s: dict[Key, float] = {}
        self._spent: deque[tuple[float, int]] = deque()
        """When how many bytes came, of the last minute."""
        self._typical = 0
        """Bytes of the newest scrape."""

    @property
    def now(self) -> datetime:
        """The clock by which pods are scraped."""
        return datetime.fromtimestamp(self._now(), UTC)

    def wait_s(self, key: Key) -> float:
        """Give the seconds until a service may be scraped again."""
        now_s = self._now()
        while self._spent and self._spent[0][0] <= now_s - 60:
            self._spent.popleft()
        wait_s = max(0.0, self._due_s.get(key, 0.0) - now_s)
        if self._spent and sum(size for _, size in self._spent) + self._typical > BYTES_A_MINUTE:
            wait_s = max(wait_s, self._spent[0][0] + 60 - now_s)
        return wait_s

    async def scrape(self, isvc: InferenceService, family: Family | None) -> Scraped:
        """Scrape once. Raises BackendError when it is not allowed, or when no pod serves."""
        at_s = math.floor(self._now() / APART_S) * APART_S
        self._due_s[isvc.key] = at_s + APART_S
        places = await self._pages.places(isvc)
        if not places:
            raise NotFound(f"no pod of {isvc.key.name} is ready, so there is nothing to scrape")
        found = await asyncio.gather(*(self._read(place) for place in places))
        read = [one for one in found if not isinstance(one, BackendError)]
        errors = [one for one in found if isinstance(one, BackendError)]
        self._typical = sum(size for _, _, size, _ in read)
        self._spent.append((self._now(), self._typical))
        if not read:
            raise errors[0]
        books = self._books_of(isvc, family)
        pages = [(place, series) for place, series, _, _ in read]
        told = await asyncio.to_thread(_booked, books, at_s, pages)
        since = self._since.setdefault(isvc.key, self.now)
        words = f"scraped, {_share(places, [place for place, _, _, _ in read])}, since {since.astimezone():%H:%M}"
        problem = errors[0].message if errors else "" if told else "its pods have no metrics that are known here"
        if long := [place for place, _, _, is_cut in read if is_cut]:
            kept = f"only its first {long[0].most_bytes // 1024} kB are read"
            problem = f"the page of pod {long[0].pod} is too long: {kept}{f'; {problem}' if problem else ''}"
        traffic, buckets = told or (None, None)
        return Scraped(isvc.key, words, at_s, 4 * APART_S, traffic, buckets, problem)

    def _books_of(self, isvc: InferenceService, family: Family | None) -> Books:
        books = self._books.pop(isvc.key, None)
        if books is None or books.family is not family:
            books = Books(isvc, APART_S, family)
            self._since.pop(isvc.key, None)
        else:
            books.know(isvc)
        self._books[isvc.key] = books  # the newest last
        while len(self._books) > MOST_BOOKS:
            gone = next(iter(self._books))
            del self._books[gone]
            self._since.pop(gone, None)
        return books

    async def _read(self, place: Place) -> Read | BackendError:
        try:
            body = await self._pages.page(place)
        except BackendError as error:
            return error
        # A page has thousands of lines: the screen goes on meanwhile.
        try:
            text, is_cut = await asyncio.to_thread(text_of, body, place)
        except BackendError as error:
            return error
        return place, await asyncio.to_thread(read_page, text, place.labels), len(body), is_cut


def _share(places: list[Place], read: list[Place]) -> str:
    """Say how many pods told something, and of how many where that is not all."""
    pods = len({place.pod for place in read})
    ready = max(places[0].of_pods, len({place.pod for place in places}))
    return f"{pods}{f' of {ready}' if pods < ready else ''} {'pod' if ready == 1 else 'pods'}"


def _booked(books: Books, at_s: int, pages: list[tuple[Place, dict[Series, float]]]) -> tuple[Traffic, Buckets] | None:
    books.book(at_s, pages)
    return books.told()
