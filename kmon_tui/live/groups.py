"""Which API groups a server knows, and in which versions: one question, asked again after a minute."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from kmon_tui.domain.errors import Forbidden, NotFound
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import not_an_api

KEPT_S = 60.0
_CORE = ""


class _Version(msgspec.Struct):
    version: str = ""


class _Group(msgspec.Struct):
    name: str = ""
    versions: list[_Version] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class Groups:
    """The groups of one server."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._asked_s = float("-inf")
        self._versions: Mapping[str, frozenset[str]] | None = None

    async def ask(self) -> None:
        """Look again when the last look is old. Where that is forbidden, every group may exist."""
        if time.monotonic() - self._asked_s < KEPT_S:
            return
        try:
            body = await self._client.get("/apis", Ask("get", "the API groups", where=False))
        except (Forbidden, NotFound):
            self._versions = None
        else:
            self._versions = _read(body, self._client.server)
        self._asked_s = time.monotonic()

    def base(self, group: str, versions: Sequence[str]) -> str:
        """Give the path of the first of these versions that is served; empty: the group is not there."""
        if group == _CORE:
            return f"/api/{versions[0]}"
        served = None if self._versions is None else self._versions.get(group, frozenset())
        found = next((version for version in versions if served is None or version in served), "")
        return f"/apis/{group}/{found}" if found else ""


def _read(body: bytes, server: str) -> dict[str, frozenset[str]]:
    try:
        found = msgspec.json.decode(body, type=_Groups)
    except (msgspec.DecodeError, RecursionError) as error:
        raise not_an_api(server) from error
    return {group.name: frozenset(one.version for one in group.versions) for group in found.groups}
