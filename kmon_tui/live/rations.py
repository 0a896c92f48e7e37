"""How many instant queries one tick may ask: counted over all that is asked until the next one, failures included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from kmon_tui.domain.errors import BackendError
from kmon_tui.live.prometheus import UNLIMITED, Api, Spent

MOST_ASKED, LEAST_ASKED = 4, 2
"""Instant queries of one tick; what the numbers of now need."""
SOON_S = 0.2
OVERDUE_S = 5.0
"""A tick that is so late does not come: nobody watches, and its questions are free."""


class Tick(NamedTuple):
    """When it is, and the tick that this is in, as far as it is known. By our clock: Prometheus' may be another one,
    and that is known only after the first question."""

    now_s: float
    began_s: float
    length_s: float


class Rations:
    """Counts the questions of one tick. Whoever asks twice in it, as after a failure, has what is left."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self.left = MOST_ASKED
        self._failure: BackendError | None = None

    def spare(self, now_s: float, length_s: float) -> bool:
        """Whether one more question may be asked in a tick of this length."""
        return self.left > 0 or self._began_s is None or now_s > self._began_s + length_s + OVERDUE_S

    @contextmanager
    def of(self, tick: Tick, api: Api, least: int = LEAST_ASKED) -> Iterator[None]:
        """Let no more be asked than is left; when that is not enough any more, say again what failed.

        ``least``: questions without which another try would be in vain.
        """
        if self._began_s is None or not 0 <= tick.now_s - self._began_s < tick.length_s:
            self._began_s, self.left = tick.began_s, MOST_ASKED
            api.begin()
        api.left = self.left
        try:
            yield
        except BackendError as error:
            if isinstance(error, Spent) and self._failure is not None:
                error = self._failure
            self._failure = error
            if api.left < least:
                wait_s = max(SOON_S, self._began_s + tick.length_s - tick.now_s)
                error.retry_after_s = max(error.retry_after_s or 0.0, wait_s)
            raise error.with_traceback(None) from None
        finally:
            self.left, api.left = api.left, UNLIMITED
