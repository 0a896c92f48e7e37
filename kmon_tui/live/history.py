"""Whether the server's history is still the one that we follow: its store may be restored from a backup, or be another.

Versions of another history mean nothing to us, and no API server says so: a watch from a version that its store has not
reached yet is accepted and stays silent until it has, and one that it has passed tells nothing of what was before.
"""

from __future__ import annotations

from typing import Generic, NamedTuple

from kmon_tui.domain.errors import BadAnswer
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable, Page
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import Gone
from kmon_tui.live.resource import Resource
from kmon_tui.live.sink import HasName, Name, T


class Replaced(Gone):
    """The server's store is not the one that it was: what is known of it is worth nothing."""

    def __init__(self) -> None:
        super().__init__("the store of the API server was replaced")


class _Told(NamedTuple):
    """What an event said last."""

    name: Name
    version: str
    """Empty: that it is gone."""


class History(Generic[T]):
    """What one follower knows of the order of things on its server."""

    def __init__(self, client: KubeClient, resource: Resource, namespace: str | None, codec: Codec[T]) -> None:
        self.version = ""
        """Everything up to here is known; empty: nothing is, a list must come first."""
        self._client, self._resource, self._namespace, self._codec = client, resource, namespace, codec
        self._told: _Told | None = None
        self._store = ""
        self._furthest = 0
        """Where the server was, as far as it was told."""

    def listed(self, version: str) -> bool:
        """Begin anew, with a whole list; False when that is of another history: it is not as far as this one was."""
        goes_on = _number(version) >= self._furthest
        self.version, self._told, self._furthest = version, None, _number(version)
        return goes_on

    def opened(self, store: str) -> None:
        """Hear which store a watch is of, as far as its server tells. Raises Replaced when it is another one."""
        known, self._store = self._store, store
        if known and store and known != store:
            raise Replaced

    def changed(self, what: HasName, *, gone: bool) -> None:
        """Hear of an event."""
        self.version = what.version or self.version
        self._furthest = max(self._furthest, _number(what.version))
        self._told = _Told((what.namespace, what.name), "" if gone else what.version)

    def bookmark(self, version: str) -> None:
        """Hear how far the server is. Raises Replaced when that is not as far as it was."""
        if _number(version) < _number(self.version):
            raise Replaced
        self.version = version or self.version
        self._furthest = max(self._furthest, _number(version))

    async def goes_on(self) -> bool:
        """Ask for what changed last: whether that, and where the server is, fits what we know. It costs one object."""
        page = await self._ask()
        newest = page.metadata.version
        if not (newest.isdecimal() and self.version.isdecimal()):
            return newest == self.version
        if int(newest) < int(self.version):
            return False
        if self._told is None:
            return True
        found = next((item.metadata.version for item in page.items), "")
        # Another version than the one that we know must be younger than all that we know.
        return found == self._told.version or _number(found) > int(self.version)

    async def _ask(self) -> Page[T]:
        resource, namespace = self._resource, self._namespace
        if self._told is not None and not resource.fields:
            (place, name), namespace = self._told.name, self._told.name[0] or namespace
            resource = resource.named(name)
            namespace = place or namespace
        ask = Ask("list", resource.title, namespace)
        body = await self._client.get_long(resource.path(namespace, limit=1), ask)
        try:
            return self._codec.page(body)
        except NotReadable as error:
            raise BadAnswer(f"{self._client.server} answers with {error} to {ask}") from error


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
