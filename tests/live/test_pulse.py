"""An API server that hangs is noticed though its watches stay open, and a quiet one is hardly asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.domain.health import Status
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.scope import MOST_WATCHES
from kmon_tui.live.watch import Pace
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Secret
from tests.live.watching import QUICK, names, sample, watching

EMPTY = SandboxOptions(world="empty")
NERVOUS = replace(QUICK, quiet_s=0.3, pulse_s=0.3, ask_s=60.0)
FROZEN = "*:delay=9"


async def test_a_frozen_server_is_named_and_its_rows_stay() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox, NERVOUS) as seen:
            await seen.synced()
            sandbox.api.faults.add(FROZEN)

            fleet = await seen.failing()

            assert (names(fleet), fleet.health.kind) == (["a"], "TimedOut")
            assert fleet.health.error.startswith("no answer from https://127.0.0.1")
            assert " for " in fleet.health.error and fleet.health.hint


async def test_it_is_live_again_as_soon_as_it_answers() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox, NERVOUS) as seen:
            await seen.synced()
            sandbox.api.faults.add(FROZEN)
            await seen.failing()

            sandbox.api.faults.clear()

            fleet = await seen.live()
            assert names(fleet) == ["a"]


async def test_after_an_interruption_watches_that_may_be_dead_are_opened_anew() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add("watch/inferenceservices:silent*1")
        async with watching(sandbox, NERVOUS) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="b"))
            sandbox.api.faults.add(FROZEN)
            fleet = await seen.failing()
            assert names(fleet) == ["a"]

            sandbox.api.faults.clear()

            await seen.until(lambda fleet: names(fleet) == ["a", "b"], within_s=5.0)


async def test_a_token_that_expires_under_open_watches_is_said() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox, NERVOUS) as seen:
            await seen.synced()
            sandbox.api.access.revoke(sandbox.api.token)

            fleet = await seen.failing()

            assert (names(fleet), fleet.health.kind) == (["a"], "Unauthorized")


async def test_who_is_told_only_that_nobody_knows_him_has_heard_nothing() -> None:
    """Else a list that is tried again and again would keep the pulse from being felt, and the screen said "live"."""
    async with Sandbox(EMPTY) as sandbox:
        client = KubeClient(find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig), token=Secret("old"))))
        heard_s = client.heard_s
        with pytest.raises(Unauthorized):
            await client.get("/version", Ask("get", "the version", where=False))
        await client.close()

    assert client.heard_s == heard_s


async def test_who_may_ask_for_neither_is_not_asked_again_and_again() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox, replace(NERVOUS, quiet_s=0.05)) as seen:
            await seen.synced()
            sandbox.api.faults.add("/apis/serving.kserve.io:403")
            sandbox.api.faults.add("/version:403")
            await asyncio.sleep(0.8)

            assert seen.now.health.status is Status.LIVE
            assert sum(record.status == 403 for record in sandbox.api.log) == 2


async def test_a_watch_whose_bookmarks_stop_is_opened_anew() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.bookmark_s = 0.1
        sandbox.api.faults.add("watch/inferenceservices:silent@3*1")
        async with watching(sandbox, replace(QUICK, bookmark_s=0.5)) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="a"))
            await asyncio.sleep(0.5)  # the third line is a bookmark, and the last one
            sandbox.api.store.put(sample(name="b"))

            await seen.until(lambda fleet: names(fleet) == ["a", "b"], within_s=5.0)

    assert all(fleet.health.status is not Status.FAILING for fleet in seen.fleets)


def test_feeling_the_pulse_keeps_within_ten_requests_a_minute() -> None:
    pace = Pace()

    assert 60 / pace.quiet_s + MOST_WATCHES * 60 / pace.watch_s <= 10
    assert 2 * pace.ask_s < pace.quiet_s  # while kinds are looked for, there is no silence to ask about
