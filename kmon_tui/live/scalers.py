"""Autoscalers of services: one watch tells which of them fail, for a service that says Ready does not.

They share the room for a fifth watch with the pods of language models and graphs, and leave it soon. Of one that is
well nothing is kept, not even its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kmon_tui.domain.errors import Forbidden, NotFound
from kmon_tui.domain.scaling import can_scale, failing
from kmon_tui.domain.service import Condition, Key, Kind
from kmon_tui.live.asking import REFUSED_FOR_S
from kmon_tui.live.codec import Codec
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.resource import Resource
from kmon_tui.live.room import Room
from kmon_tui.live.rows import Rows
from kmon_tui.live.shapes import Cond, ScalerObject
from kmon_tui.live.sink import Name
from kmon_tui.live.watch import Around, Follower
from kmon_tui.live.watched import Watched

SCALERS = Resource("/apis/autoscaling/v2", "horizontalpodautoscalers", "serving.kserve.io/inferenceservice")
_KEDA = "keda-operator"


class ScalerSink:
    """Tells the rows which of their autoscalers fail, and which KEDA has made."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._failing: dict[Name, tuple[Key, str]] = {}
        self._by_keda: dict[Name, Key] = {}
        self.changes = 0

    def put(self, thing: ScalerObject) -> Name:
        """Take what this one says of itself."""
        meta = thing.metadata
        name, key = (meta.namespace, meta.name), Key(Kind.ISVC, meta.namespace, meta.labels.isvc)
        acts = can_scale(thing.spec.least, thing.spec.most)
        condition = next(failing(_by_type(thing.status.conditions or ())), None) if acts else None
        said = (key, f"HorizontalPodAutoscaler {meta.name}: {condition.reason}") if condition is not None else None
        if self._failing.get(name) != said:
            self._well(name)
        if said is not None and name not in self._failing:
            self._failing[name] = said
            self.changes += 1
            self._rows.complain(key, name, said[1])
        if meta.labels.made_by == _KEDA and self._by_keda.get(name) != key:
            self._by_keda[name] = key
            self.changes += 1
        return name

    def gone(self, thing: ScalerObject) -> None:
        """Forget this one."""
        self._forget((thing.metadata.namespace, thing.metadata.name))

    def only(self, names: set[Name]) -> None:
        """Forget all but these."""
        for name in (self._failing.keys() | self._by_keda.keys()) - names:
            self._forget(name)

    def doubt(self) -> None:
        """Nothing is kept of versions, so nothing is taken for known."""

    def tell(self, known: bool) -> None:
        """Tell the rows for which of them KEDA has made one."""
        self._rows.know_scaled(set(self._by_keda.values()) if known else None)

    def _well(self, name: Name) -> None:
        if (said := self._failing.pop(name, None)) is not None:
            self.changes += 1
            self._rows.complain(said[0], name, "")

    def _forget(self, name: Name) -> None:
        self._well(name)
        self.changes += int(self._by_keda.pop(name, None) is not None)


class Scalers:
    """Follows the autoscalers of one namespace, or of all."""

    def __init__(
        self, client: KubeClient, namespace: str | None, around: Around, rows: Rows, changed: Callable[[], None]
    ) -> None:
        self.watched = Watched()
        self._client, self._namespace, self._around = client, namespace, around
        self._sink, self._changed = ScalerSink(rows), changed
        self._codec = Codec(ScalerObject)
        self._told: tuple[object, ...] = ()

    async def run(self, room: Room) -> None:
        """Follow until cancelled, in turns with whoever else uses this room."""
        watched = self.watched
        how = (self._namespace, self._codec, self._sink, self._saw, self._around, room)
        while True:
            follower = Follower(self._client, SCALERS, *how, brief=True)
            watched.follower, watched.refused = follower, None
            try:
                await follower.run()
            except (Forbidden, NotFound) as error:
                watched.refused = error
                self._sink.only(set())
                self._saw()
                await asyncio.sleep(REFUSED_FOR_S)

    def _saw(self) -> None:
        """Say that something has changed: what autoscalers measure does every 15 seconds, and is none of it."""
        watched = self.watched
        now = (self._sink.changes, watched.listed, watched.settled, watched.refused)
        if now != self._told:
            self._told = now
            self._sink.tell(watched.listed)
            self._changed()


def _by_type(conditions: list[Cond] | tuple[()]) -> dict[str, Condition]:
    return {one.type: Condition(one.type, one.status, one.reason, one.message) for one in conditions}
