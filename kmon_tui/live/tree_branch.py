"""One kind of objects of a tree: followed or listed from time to time, and what became of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.tree import Blind, Object, Why
from kmon_tui.live.asking import REFUSED_FOR_S
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing, Wanted
from kmon_tui.live.raw_list import list_things
from kmon_tui.live.sink import Name
from kmon_tui.live.tree_parts import Part
from kmon_tui.live.watch import Around, Follower, failing
from kmon_tui.live.watched import GIVE_UP

LIST_AGAIN_S = 15.0
"""What may be listed and not watched is listed so often."""
MOST_PAGES = 10
"""Of 500 objects each: more than any one service has, and than any namespace has events worth reading."""


class Basket:
    """Keeps the objects of one kind as they came."""

    def __init__(self) -> None:
        self.things: dict[Name, Thing] = {}
        self.changes = 0
        self._doubtful: set[Name] = set()

    def put(self, thing: Thing) -> Name:
        """Keep this object, new or changed; what was not wanted is only named."""
        name = (thing.metadata.namespace, thing.metadata.name)
        if thing.object:
            known = self.things.get(name)
            doubtful = name in self._doubtful
            if doubtful or known is None or known.metadata.version != thing.metadata.version:
                self._doubtful.discard(name)
                self.things[name] = thing
                self.changes += 1
        return name

    def doubt(self) -> None:
        """Hear that a known version may say something else."""
        self._doubtful = set(self.things)

    def gone(self, thing: Thing) -> None:
        """Forget this object."""
        if self.things.pop((thing.metadata.namespace, thing.metadata.name), None) is not None:
            self.changes += 1

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these."""
        for name in self.things.keys() - names:
            del self.things[name]
            self.changes += 1

    @property
    def objects(self) -> tuple[Object, ...]:
        """Everything that is kept."""
        return tuple(thing.object for thing in self.things.values())


@dataclass(frozen=True, slots=True)
class Soil:
    """What all branches of one tree share."""

    client: KubeClient
    namespace: str
    around: Around
    changed: Callable[[], None]


class Branch:
    """The objects of one part."""

    def __init__(self, soil: Soil, part: Part, base: str, wanted: Wanted | None = None) -> None:
        self.part = part
        self.basket = Basket()
        self._soil, self._resource = soil, part.resource(base)
        self._codec = RawCodec(part.kind, base.removeprefix("/apis/").removeprefix("/api/"), wanted)
        self._follower: Follower[Thing] | None = None
        self._refused: BackendError | None = None
        self._failed: BackendError | None = None
        self._listed = False

    @property
    def settled(self) -> bool:
        """Whether it is known what there is, or that it will not be known soon."""
        follower = self._follower
        followed = follower is not None and (follower.listed or follower.failures >= GIVE_UP)
        return followed or self._listed or self._refused is not None or self._failed is not None

    @property
    def health(self) -> Health:
        """Of the way to it."""
        if isinstance(self._why, Forbidden) and not self._listed:
            return failing(self._why)
        if self._failed is not None:
            return failing(self._failed)
        return self._follower.health if self._follower is not None else Health()

    @property
    def blind(self) -> Blind | None:
        """Why it cannot be read; None when it can."""
        kind = self.part.kind
        if isinstance(self._why, NotFound):
            return Blind(kind, Why.ABSENT, f"{self._resource.title} are not installed here")
        if self._why is not None:
            return Blind(kind, Why.FORBIDDEN, self._why.message)
        given_up = self._follower is not None and self._follower.failures >= GIVE_UP
        if self.health.status is Status.FAILING and (self._failed is not None or given_up):
            return Blind(kind, Why.FAILED, self.health.error)
        return None

    @property
    def _why(self) -> BackendError | None:
        """What refuses it; forgotten as soon as a list comes again."""
        return None if self._follower is not None and self._follower.listed else self._refused

    async def follow(self) -> None:
        """Follow until cancelled; a kind that is missing or forbidden is looked for again from time to time."""
        soil = self._soil
        while True:
            follower = self._follower = Follower(
                soil.client, self._resource, soil.namespace, self._codec, self.basket, soil.changed, soil.around
            )
            try:
                await follower.run()
            except (Forbidden, NotFound) as error:
                self._refuse(error, listed=follower.listed)
                self._follower = None
                soil.changed()
            began_s = asyncio.get_running_loop().time()
            while self._listed and asyncio.get_running_loop().time() - began_s < REFUSED_FOR_S:
                await asyncio.sleep(LIST_AGAIN_S)
                await self.list(forget=False)
            if not self._listed:
                await asyncio.sleep(soil.around.pace.look_s)

    async def list(self, *, forget: bool = True) -> None:
        """Read it once; ``forget`` what was refused when that goes well."""
        soil = self._soil
        try:
            things = await list_things(
                soil.client, self._resource, soil.namespace, self._codec, MOST_PAGES, soil.around.pace.page
            )
        except (Forbidden, NotFound) as error:
            self._refuse(error, listed=False)
        except BackendError as error:
            self._failed = error
        else:
            self.basket.only({self.basket.put(thing) for thing in things})
            self._listed, self._failed = True, None
            self._refused = None if forget else self._refused
        soil.changed()

    async def look_again(self) -> None:
        """Add what was not wanted when it came, and is now; says nothing when that cannot be read."""
        soil = self._soil
        pages = list_things(soil.client, self._resource, soil.namespace, self._codec, MOST_PAGES, soil.around.pace.page)
        with suppress(BackendError):
            for thing in await pages:
                if (thing.metadata.namespace, thing.metadata.name) not in self.basket.things:
                    self.basket.put(thing)
        soil.changed()

    def _refuse(self, error: BackendError, *, listed: bool) -> None:
        self._refused, self._listed = error, listed and isinstance(error, Forbidden)
        if not self._listed:
            self.basket.only(set())
