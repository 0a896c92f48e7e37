"""A cluster that was restored from a backup, or another one at the same address: nothing stale stays on the screen."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from kmon_tui.domain.service import Replicas
from kmon_tui.live.watch import Pace
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.faults import Fault
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.watching import QUICK, Watching, names, pod, sample, watching

EMPTY = SandboxOptions(world="empty")


def backup_of(now: Store, *, same: bool = True) -> Store:
    """Give a store that begins where all do, with nothing of what is in this one; ``same``: of the same cluster."""
    older = Store()
    older.registry = now.registry
    if same:
        older.uid = now.uid
    return older


def restored(sandbox: Sandbox, backup: Store) -> None:
    """Put a backup in place of the store and end all watches in good order, as an API server that is restarted does."""
    now, sandbox.api.store = sandbox.api.store, backup
    now.drop_watches()


def passed(backup: Store, now: Store) -> None:
    """Let other writes bring the backup past the store that it replaces."""
    number = 0
    while backup.revision <= now.revision + 5:
        number += 1
        backup.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c-{number}", "namespace": "x"}})


async def three(sandbox: Sandbox) -> None:
    for name in ("a", "b", "c"):
        sandbox.api.store.put(sample(name=name))


async def test_one_that_is_behind_is_noticed_although_no_request_failed() -> None:
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox) as seen:
            await seen.synced()
            backup = backup_of(sandbox.api.store)
            backup.put(sample(name="b"))
            assert backup.revision < sandbox.api.store.revision
            restored(sandbox, backup)

            await seen.until(lambda fleet: names(fleet) == ["b"])


async def test_one_that_has_passed_our_version_is_noticed() -> None:
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox) as seen:
            await seen.synced()
            backup = backup_of(sandbox.api.store)
            backup.put(sample(name="b"))
            passed(backup, sandbox.api.store)
            sandbox.api.faults.add(Fault("drop", "watch", times=3))
            restored(sandbox, backup)

            await seen.until(lambda fleet: names(fleet) == ["b"])


@pytest.mark.parametrize("in_pages", [False, True])
async def test_the_same_version_of_an_object_may_say_something_else(in_pages: bool) -> None:
    pace = replace(QUICK, page=2) if in_pages else QUICK
    async with Sandbox(EMPTY) as sandbox:
        backup = backup_of(sandbox.api.store)
        backup.revision = sandbox.api.store.revision
        await three(sandbox)
        async with watching(sandbox, pace) as seen:
            await seen.synced()
            for name in ("a", "b", "c"):
                backup.put({**sample(name=name), "status": {}})
            assert backup.revision == sandbox.api.store.revision
            sandbox.api.store.put(sample(name="d"))
            await seen.until(lambda fleet: "d" in names(fleet))
            passed(backup, sandbox.api.store)
            restored(sandbox, backup)

            fleet = await seen.until(lambda fleet: names(fleet) == ["a", "b", "c"])

    assert [row.url for row in fleet.services] == ["", "", ""]


async def test_of_a_big_fleet_one_object_is_asked_for_when_the_store_is_the_same() -> None:
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox, replace(QUICK, page=2)) as seen:
            await seen.synced()
            sandbox.api.store.put({**sample(name="b"), "status": {}})
            await seen.until(lambda fleet: not fleet.services[1].url)
            lists = asked(sandbox)

            sandbox.api.store.drop_watches()
            sandbox.api.store.put(sample(name="d"))
            await seen.until(lambda fleet: "d" in names(fleet))

    assert [record["limit"] for record in asked(sandbox)[len(lists) :]] == ["1"]
    assert asked(sandbox)[-1]["fieldSelector"] == "metadata.name=b"


def asked(sandbox: Sandbox) -> list[dict[str, str]]:
    return [dict(r.query) for r in sandbox.api.log if r.verb == "list" and r.resource == "inferenceservices"]


async def test_an_object_that_was_deleted_and_is_back_gives_a_restored_store_away() -> None:
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox, replace(QUICK, page=2)) as seen:
            await seen.synced()
            backup = backup_of(sandbox.api.store)
            for name in ("a", "b", "c", "x"):
                backup.put(sample(name=name))
            sandbox.api.store.delete("serving.kserve.io", "inferenceservices", "default", "b")
            await seen.until(lambda fleet: names(fleet) == ["a", "c"])
            passed(backup, sandbox.api.store)
            restored(sandbox, backup)

            await seen.until(lambda fleet: names(fleet) == ["a", "b", "c", "x"])


async def test_another_cluster_at_the_same_address_is_known_by_its_first_answer() -> None:
    """It has passed our version, and the watch ended when it ought to: nothing else tells."""
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox, Pace(watch_s=1.0, grace_s=5.0, backoff=QUICK.backoff)) as seen:
            await seen.synced()
            other = backup_of(sandbox.api.store, same=False)
            other.put(sample(name="z"))
            passed(other, sandbox.api.store)
            sandbox.api.store = other  # what is open goes on, until its time is over

            await seen.until(lambda fleet: names(fleet) == ["z"])


async def test_pods_of_a_restored_store_are_counted_anew() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        for number in range(3):
            sandbox.api.store.put(pod("a", f"a-{number}"))
        async with watching(sandbox) as seen:
            assert (await seen.synced()).services[0].replicas == Replicas(3, 3)
            backup = backup_of(sandbox.api.store)
            backup.put(sample(name="a"))
            backup.put(pod("a", "a-0"))
            restored(sandbox, backup)

            await seen.until(lambda fleet: bool(fleet.services) and fleet.services[0].replicas == Replicas(1, 1))


async def test_a_change_that_is_older_than_our_version_is_seen_after_one_refused_request() -> None:
    """The restored store has passed our version at once, and no event tells of the change: a list does."""
    async with Sandbox(EMPTY) as sandbox:
        backup = backup_of(sandbox.api.store)
        for store in (sandbox.api.store, backup):
            for name in ("a", "b", "c"):
                store.put(sample(name=name))
        sandbox.api.store.revision += 20
        async with watching(sandbox, replace(QUICK, page=2)) as seen:
            await seen.synced()
            backup.put({**sample(name="a"), "status": {}})
            passed(backup, sandbox.api.store)
            sandbox.api.faults.add(Fault("503", "list/inferenceservices", times=1))
            restored(sandbox, backup)

            await seen.until(lambda fleet: not fleet.services[0].url)


async def test_who_finds_another_store_has_all_others_list_anew() -> None:
    """Pods are in several pages, and none of them has changed since the list: nothing tells of what is gone."""
    async with Sandbox(EMPTY) as sandbox:
        backup = backup_of(sandbox.api.store)
        for store in (sandbox.api.store, backup):
            store.put(sample(name="a"))
            store.put(sample(name="b"))
            store.put(pod("a", "a-0"))
        for number in (1, 2):
            sandbox.api.store.put(pod("a", f"a-{number}"))
        async with watching(sandbox, replace(QUICK, page=1)) as seen:
            assert (await seen.synced()).services[0].replicas == Replicas(3, 3)
            sandbox.api.store.put({**sample(name="a"), "status": {}})
            await seen.until(lambda fleet: not fleet.services[0].url)
            passed(backup, sandbox.api.store)
            restored(sandbox, backup)

            await seen.until(lambda fleet: bool(fleet.services[0].url) and fleet.services[0].replicas == Replicas(1, 1))


async def test_watches_that_end_when_they_ought_to_cost_no_list() -> None:
    async with Sandbox(EMPTY) as sandbox:
        await three(sandbox)
        async with watching(sandbox, Pace(watch_s=1.0, grace_s=5.0, backoff=QUICK.backoff)) as seen:
            await seen.synced()
            lists = len(asked(sandbox))
            await turns_over(sandbox, seen)

    assert len(asked(sandbox)) == lists


async def turns_over(sandbox: Sandbox, seen: Watching) -> None:
    """Wait until each watch was opened three times."""
    async with asyncio.timeout(20):
        while sum(record.verb == "watch" for record in sandbox.api.log) < 6:  # noqa: ASYNC110  # the log is a plain list
            await asyncio.sleep(0.05)
    assert names(seen.now) == ["a", "b", "c"]
