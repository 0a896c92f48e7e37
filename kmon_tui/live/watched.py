"""How it stands with one thing that is watched."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.health import Health
from kmon_tui.live.shapes import PodObject, ScalerObject, Served
from kmon_tui.live.watch import Follower

GIVE_UP = 3
"""What has failed so often is not waited for any more before the rest is believed to be complete."""


@dataclass(slots=True)
class Watched:
    """How it stands with one kind, or with the pods of one kind."""

    base: str = ""
    """Where it is served; empty: the kind does not exist."""
    known: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once ``base`` says that it exists."""
    any: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once there is one object."""
    follower: Follower[Served] | Follower[PodObject] | Follower[ScalerObject] | None = None
    refused: BackendError | None = None
    gone: bool = False
    """The kind was there, and is not any more."""

    def found(self, base: str) -> None:
        """Note that the kind exists, and where it is served."""
        self.base, self.gone = base, False
        self.known.set()

    def leave(self) -> None:
        """Note that the kind does not exist, or not any more."""
        self.gone = self.gone or self.shown
        self.base, self.follower = "", None
        self.known.clear()
        self.any.clear()

    @property
    def settled(self) -> bool:
        """Whether it is known what there is, or that it will not be known soon."""
        if self.refused is not None:
            return True
        return self.follower is not None and (self.follower.listed or self.follower.failures >= GIVE_UP)

    @property
    def listed(self) -> bool:
        """Whether a complete list was there, and nothing is refused since."""
        return self.shown and self.refused is None

    @property
    def shown(self) -> bool:
        """Whether a complete list was there, though perhaps it may not be watched."""
        return self.follower is not None and self.follower.listed

    @property
    def health(self) -> Health:
        """Of its follower."""
        return self.follower.health if self.follower is not None else Health()
