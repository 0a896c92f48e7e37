"""The garbage collector walks over everything only while nobody types: with ten thousand services that takes 100 ms.

Young garbage is collected every second. Left alone, Python would wait until there are 700 objects more than before:
where each new object takes the place of an old one, as in a fleet that changes, it counts none, and then walks over
a hundred thousand. What little grows old before it is garbage waits for a moment without keys.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import monotonic

LOOK_S = 1.0
REST_S = 5.0
"""Without a key for so long, the next one is not expected just now."""
APART_S = 300.0
_NEVER = 1_000_000_000


def leave_old_alone() -> None:
    """Have Python collect the oldest generation only when somebody says so."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


class Sweeper:
    """Collects what is young each second, and all generations in a moment without keys."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._key_s = self._swept_s = clock()

    def see_key(self) -> None:
        """Note that somebody types."""
        self._key_s = self._clock()

    def look(self) -> bool:
        """Collect what is young, or all when it is due; called every LOOK_S seconds. Says whether it was all."""
        now_s = self._clock()
        if now_s - self._swept_s < APART_S or now_s - self._key_s < REST_S:
            gc.collect(1)
            return False
        gc.collect()
        self._swept_s = now_s
        return True
