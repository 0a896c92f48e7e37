"""What the followers of one cluster tell each other of its server: that it was away, that its store is another one.

Each of them sees only its own stream, and one that waits for its turn sees nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Upheaval:
    """Counts what happened to the server, so that each follower sees what is new to it."""

    outages: int = 0
    """How often it did not answer."""
    stores: int = 0
    """How often its store was found to be another one."""
    reopen: list[Callable[[], None]] = field(default_factory=list)
    """Of each follower: what opens its watch anew."""


class Suspicion:
    """What one follower has to look after: whether its list may be of a store that is no more.

    An API server whose store is restored does not answer for some seconds. Where that was so and the one object that
    is asked for is as it was, a change of another may be missing still: only a whole list tells.
    """

    def __init__(self, common: Upheaval, page_s: float) -> None:
        """``page_s``: seconds for each page that is asked for on suspicion alone, should the server fail often."""
        self.owed = False
        """A list on suspicion is to be made as soon as it may be."""
        self._common, self._page_s = common, page_s
        self._outages = self._stores = 0
        """Those that are looked after."""
        self._next_s = 0.0

    @contextmanager
    def joined(self, reopen: Callable[[], None]) -> Iterator[None]:
        """Be one of the followers: ``reopen`` is called when another one finds another store."""
        self._common.reopen.append(reopen)
        try:
            yield
        finally:
            self._common.reopen.remove(reopen)

    def failed(self, *, no_answer: bool) -> None:
        """Hear that the own request failed; ``no_answer``: and that it was the server, or the way there."""
        self.owed = True
        if no_answer:
            self._common.outages += 1

    def replaced(self) -> None:
        """Hear that the store is another one, and tell the others, unless it was one of them who found it."""
        if not self.another:
            self._common.stores += 1
            for reopen in self._common.reopen:
                reopen()

    @property
    def another(self) -> bool:
        """Whether another store was found since the last list."""
        return self._stores != self._common.stores

    @property
    def was_away(self) -> bool:
        """Whether the server did not answer somebody, since somebody looked from here."""
        return self._outages != self._common.outages

    def looked(self) -> None:
        """Note that an object was asked for, and is as it was."""
        self.owed = self.owed or self.was_away
        self._outages = self._common.outages

    def listed(self) -> None:
        """Note that a whole list is there."""
        self.owed = False
        self._outages, self._stores = self._common.outages, self._common.stores

    def may_list(self, now_s: float, pages: int) -> bool:
        """Whether a list is owed, and it is time for it: then it is counted as made now."""
        if not self.owed or now_s < self._next_s:
            return False
        self._next_s = now_s + pages * self._page_s
        return True

    def length_s(self, now_s: float, watch_s: float) -> float:
        """Give how long a watch may take: no longer than until the list that is owed."""
        return min(watch_s, max(0.0, self._next_s - now_s)) if self.owed else watch_s
