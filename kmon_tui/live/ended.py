"""Services that nobody counts any more: what is told of them until they count again, and who was looked for when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family, Traffic
from kmon_tui.live.last_seen import last_seen
from kmon_tui.live.owners import Owners
from kmon_tui.live.prometheus import Api

AGAIN_S = 600
"""A service of which nothing was found is looked for again."""


class Ended:
    """Keeps when their newest sample was taken, and nothing else."""

    def __init__(self) -> None:
        self._told: dict[Key, Traffic] = {}
        self._sought_s: dict[Key, float] = {}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._told)

    def of(self, key: Key) -> Traffic | None:
        """Give what is known of a service that ended."""
        return self._told.get(key)

    def end(self, key: Key, family: Family, sampled_s: float | None) -> None:
        """A service is in no book any more."""
        if sampled_s is not None:
            self._told[key] = Traffic(family, sampled_at=datetime.fromtimestamp(sampled_s, UTC), lost=True)

    def begin(self, key: Key) -> None:
        """It counts again."""
        self._told.pop(key, None)
        self._sought_s.pop(key, None)

    def know(self, owners: Owners) -> None:
        """Forget services that are gone."""
        for known in (self._told, self._sought_s):
            for key in [key for key in known if key not in owners]:
                del known[key]

    def is_due(self, key: Key, now_s: float) -> bool:
        """Whether a service of which nothing is in the books is to be looked for."""
        return key not in self._told and now_s - self._sought_s.get(key, -AGAIN_S) >= AGAIN_S

    def seek(self, api: Api, matchers: str, owners: Owners, key: Key, at_s: float, scrape_s: float) -> bool:
        """Look for its newest sample: one instant question. What is refused is not asked again for a while."""
        self._sought_s[key] = at_s
        try:
            found = last_seen(api, matchers, owners, key, at_s, scrape_s)
        except BackendError:
            return False
        if found is not None:
            self._told[key] = found
        return found is not None
