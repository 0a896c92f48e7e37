"""Rights are asked about once for each namespace that somebody stays in, and never in a hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from kmon_tui.domain.command import LookAt
from kmon_tui.domain.doings import Doing
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.state import State
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.rights import MOST_NAMESPACES, follow_rights
from kmon_tui.monitor.store import Store
from tests.monitor.worlds import fleet

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime(True)]


class Asked:
    """Says that nothing may be deployed, and remembers where it was asked about."""

    def __init__(self, error: bool = False) -> None:
        self.namespaces: list[str] = []
        self._error = error

    async def missing(self, namespace: str) -> Mapping[Doing, str]:
        self.namespaces.append(namespace)
        if self._error:
            raise Unreachable("no answer")
        return {Doing.DEPLOY: f"patch things in namespace {namespace}"}


class Watched:
    """Follows rights while namespaces are looked at."""

    def __init__(self, rights: Asked) -> None:
        self.store = Store()
        self.store.put(replace(State(), fleet=fleet("iris")))
        self._looked = Looked(self.store, asyncio.get_running_loop().time)
        self._task = asyncio.create_task(follow_rights(self.store, self._looked, rights))

    async def look(self, namespace: str, stay_s: float = 2.0) -> None:
        """Select a service there, and stay."""
        self._looked.look_at(LookAt(selected=Key(Kind.ISVC, namespace, "iris")))
        await asyncio.sleep(stay_s)

    def end(self) -> None:
        self._task.cancel()


async def test_a_namespace_is_asked_about_once() -> None:
    watched = Watched(rights := Asked())
    for namespace in ("a", "b", "a", "b"):
        await watched.look(namespace)
    watched.end()

    assert rights.namespaces == ["a", "b"]
    assert watched.store.state.lacks["b"] == {Doing.DEPLOY: "patch things in namespace b"}


async def test_scrolling_past_namespaces_asks_nothing() -> None:
    watched = Watched(rights := Asked())
    for number in range(10):
        await watched.look(f"n{number}", stay_s=0.01)
    await watched.look("here")
    watched.end()

    assert rights.namespaces == ["here"]


async def test_after_many_namespaces_nothing_more_is_asked() -> None:
    watched = Watched(rights := Asked())
    for number in range(MOST_NAMESPACES + 5):
        await watched.look(f"n{number}")
    watched.end()

    assert len(rights.namespaces) == MOST_NAMESPACES


async def test_without_an_answer_no_key_is_dimmed() -> None:
    watched = Watched(Asked(error=True))
    await watched.look("a")
    watched.end()

    assert watched.store.state.lacks == {"a": {}}


async def test_where_there_is_no_service_the_namespace_in_scope_is_asked_about() -> None:
    watched = Watched(rights := Asked())
    watched.store.put(replace(watched.store.state, fleet=replace(fleet(), namespace="empty", synced=True)))
    await asyncio.sleep(2.0)
    watched.end()

    assert rights.namespaces == ["empty"]
    assert watched.store.state.lacks["empty"] == {Doing.DEPLOY: "patch things in namespace empty"}
