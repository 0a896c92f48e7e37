"""The stream of fleets survives everything that the world does to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from kmon_tui.domain.health import Status
from kmon_tui.domain.service import Kind
from kmon_tui.live.discovery import PLURALS
from kmon_tui.live.watch import Pace
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.faults import Fault
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.watching import QUICK, names, sample, watching

EMPTY = SandboxOptions(world="empty")
GROUP = "serving.kserve.io"
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")


@pytest.mark.parametrize("fault", ["watch:cut@1*1", "watch:cut*2", "watch:drop*2", "watch:500*2", "watch:html*1"])
async def test_a_broken_watch_loses_nothing(fault: str) -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add(fault)
        async with watching(sandbox) as seen:
            await seen.synced()

            for name in ("b", "c", "d"):
                sandbox.api.store.put(sample(name=name))
                await asyncio.sleep(0)

            fleet = await seen.until(lambda fleet: names(fleet) == ["a", "b", "c", "d"])
            await seen.live()

    assert fleet.synced


async def test_a_cut_in_the_middle_of_an_event_is_no_failure_when_it_heals_at_once() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add("watch/inferenceservices:cut@1*1")
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="b"))
            sandbox.api.store.put(sample(name="c"))

            await seen.until(lambda fleet: names(fleet) == ["a", "b", "c"])

    assert all(fleet.health.status is not Status.FAILING for fleet in seen.fleets)


async def test_a_version_that_is_too_old_leads_to_a_new_list_without_an_empty_moment() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.store.put(sample(name="b"))
        async with watching(sandbox) as seen:
            await seen.synced()
            before = len(seen.fleets)
            sandbox.api.faults.add(Fault("410", "watch/inferenceservices", times=1))
            sandbox.api.store.drop_watches()
            sandbox.api.store.delete(GROUP, "inferenceservices", "default", "b")
            sandbox.api.store.put(sample(name="c"))

            await seen.until(lambda fleet: names(fleet) == ["a", "c"])

    assert all("a" in names(fleet) for fleet in seen.fleets[before:])


async def test_a_compacted_history_leads_to_a_new_list() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.faults.add(Fault("500", "watch", seconds=0.3))
            sandbox.api.store.drop_watches()
            sandbox.api.store.delete(GROUP, "inferenceservices", "default", "a")
            sandbox.api.store.put(sample(name="b"))
            sandbox.api.store.compact()

            await seen.until(lambda fleet: names(fleet) == ["b"])


async def test_a_cluster_restored_from_a_backup_is_listed_anew_at_once() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for name in ("a", "b", "c"):
            sandbox.api.store.put(sample(name=name))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.faults.add(Fault("drop", "watch", times=2))
            now, backup = sandbox.api.store, Store()
            backup.registry = now.registry
            backup.put(sample(name="b"))
            assert backup.revision < now.revision
            sandbox.api.store = backup
            now.drop_watches()

            await seen.until(lambda fleet: names(fleet) == ["b"])

    assert all(fleet.health.status is not Status.FAILING for fleet in seen.fleets)


async def test_a_silent_watch_is_given_up() -> None:
    patience = Pace(watch_s=0.6, grace_s=0.4, backoff=QUICK.backoff)
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add(Fault("silent", "watch/inferenceservices", times=1))
        async with watching(sandbox, patience) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="b"))

            await seen.until(lambda fleet: names(fleet) == ["a", "b"])


async def test_a_watch_that_the_server_ends_goes_on_where_it_was() -> None:
    short = Pace(watch_s=1.0, grace_s=5.0, backoff=QUICK.backoff)
    async with Sandbox(EMPTY) as sandbox, watching(sandbox, short) as seen:
        await seen.synced()
        async with asyncio.timeout(20):
            await _asked(sandbox, "watch", 12)
        sandbox.api.store.put(sample(name="late"))

        await seen.until(lambda fleet: names(fleet) == ["late"])

    lists = [r for r in sandbox.api.log if r.verb == "list" and r.resource == "inferenceservices"]
    assert len(lists) == 1


async def _asked(sandbox: Sandbox, verb: str, times: int) -> None:
    while sum(record.verb == verb for record in sandbox.api.log) < times:  # noqa: ASYNC110  # the log is a plain list
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("list/inferenceservices:500", "BadAnswer"),
        ("list/inferenceservices:429=1", "BadAnswer"),
        ("list/inferenceservices:503=1", "BadAnswer"),
        ("list/inferenceservices:html", "BadAnswer"),
        ("list/inferenceservices:drop", "Unreachable"),
        ("list/inferenceservices:401", "Unauthorized"),
        ("/apis/*:500", "BadAnswer"),
        ("/apis/*:html", "BadAnswer"),
        ("list/inferenceservices:delay=9", "TimedOut"),
        ("list/inferenceservices:cut", "Unreachable"),
    ],
)
async def test_a_list_that_fails_is_said_and_tried_again(fault: str, kind: str) -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add(fault)
        async with watching(sandbox) as seen:
            failing = await seen.failing()
            assert (failing.synced, failing.health.kind) == (False, kind)
            assert failing.health.error

            sandbox.api.faults.clear()

            fleet = await seen.until(lambda fleet: fleet.synced and fleet.health.status is Status.LIVE)

    assert names(fleet) == ["a"]


async def test_a_login_page_is_named() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.faults.add("*:html")
        async with watching(sandbox) as seen:
            fleet = await seen.failing()

    assert "web page" in fleet.health.error
    assert "login page" in fleet.health.hint


async def test_old_rows_stay_while_the_server_is_away() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.faults.add("*:drop")
            sandbox.api.store.drop_watches()

            fleet = await seen.failing()
            assert (names(fleet), fleet.synced) == (["a"], True)

            sandbox.api.faults.clear()
            await seen.live()
            sandbox.api.store.put(sample(name="b"))
            await seen.until(lambda fleet: names(fleet) == ["a", "b"])


async def test_a_server_that_is_back_is_no_longer_said_to_be_away_while_its_long_list_comes() -> None:
    slow = replace(QUICK, page=5, proven_s=0.1)
    async with Sandbox(EMPTY) as sandbox:
        for number in range(15):
            sandbox.api.store.put(sample(name=f"m-{number:02d}"))
        async with watching(sandbox, slow) as seen:
            await seen.synced()
            sandbox.api.faults.add("*:drop")
            sandbox.api.store.drop_watches()
            await seen.failing()

            for page in (1, 2):
                sandbox.api.faults.add(f"list/inferenceservices:delay=0.7@{page}*1")
            sandbox.api.faults.remove(Fault("drop"))
            listing = await seen.until(lambda fleet: fleet.health.status is not Status.FAILING)
            live = await seen.live()

    assert (listing.health.status, listing.synced, len(listing.services)) == (Status.STARTING, True, 15)
    assert len(live.services) == 15


async def test_a_429_is_not_asked_again_before_its_time() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.faults.add("list/inferenceservices:429=1*1")
        async with watching(sandbox) as seen:
            await seen.synced()

    assert not [fleet for fleet in seen.fleets if fleet.health.status is Status.FAILING]  # it was told when
    first, second = [r.time for r in sandbox.api.log if r.verb == "list" and r.resource == "inferenceservices"]
    assert second - first >= 1.0


async def test_a_token_that_is_revoked_keeps_the_rows_and_says_so() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.access.revoke(sandbox.api.token)
            sandbox.api.store.drop_watches()

            fleet = await seen.failing()

    assert (names(fleet), fleet.health.kind) == (["a"], "Unauthorized")
    assert fleet.health.hint


async def test_without_kserve_it_is_synced_and_empty_and_looks_again() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.faults.add("/apis/serving.kserve.io*:404")
        async with watching(sandbox) as seen:
            fleet = await seen.synced()
            assert (fleet.services, fleet.kinds, fleet.health.status) == ((), (), Status.LIVE)
            sandbox.api.store.put(sample(name="a"))

            sandbox.api.faults.clear()

            await seen.until(lambda fleet: names(fleet) == ["a"], within_s=30.0)


async def test_a_kind_without_a_crd_costs_that_kind_only() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.store.put(sample("llmisvc-ready"))
        sandbox.api.faults.add("/apis/serving.kserve.io/v1alpha*:404")
        async with watching(sandbox) as seen:
            fleet = await seen.synced()
            assert (names(fleet), fleet.kinds) == (["a"], (Kind.ISVC,))

            sandbox.api.faults.clear()

            await seen.until(lambda fleet: names(fleet) == ["a", "qwen"], within_s=30.0)


@pytest.mark.parametrize(
    ("kind", "left", "said"),
    [
        (Kind.ISVC, ["g", "qwen"], "inferenceservices are gone"),
        (Kind.LLM, ["g", "a"], "llminferenceservices are gone"),
        (Kind.GRAPH, ["a", "qwen"], "inferencegraphs are gone"),
    ],
)
async def test_a_kind_that_is_removed_alone_takes_its_rows_is_said_and_looked_for_again(
    kind: Kind, left: list[str], said: str
) -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        where = {"name": "g", "namespace": "default"}
        graph = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "InferenceGraph", "metadata": where, "spec": {}}
        for thing in (sample(name="a"), sample("llmisvc-ready"), graph):
            store.put(thing)
        async with watching(sandbox) as seen:
            await seen.until(lambda fleet: fleet.synced and names(fleet) == ["g", "a", "qwen"])
            definition = store.get(*CRDS, "", f"{PLURALS[kind]}.{GROUP}")
            assert definition is not None
            store.delete(*CRDS, "", definition["metadata"]["name"])

            fleet = await seen.until(lambda fleet: names(fleet) == left)
            assert kind not in fleet.kinds
            assert said in " ".join(fleet.notes)

            store.put(definition)
            await seen.until(lambda fleet: kind in fleet.kinds and said not in str(fleet.notes), within_s=30.0)


async def test_many_changes_come_as_few_fleets() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            before, clock = len(seen.fleets), asyncio.get_running_loop().time
            began_s = clock()
            for number in range(300):
                sandbox.api.store.put(sample(name=f"n-{number}"))
                await asyncio.sleep(0.001)
            await seen.until(lambda fleet: len(fleet.services) == 301)
            lasted_s = clock() - began_s

    assert len(seen.fleets) - before <= 10 * lasted_s + 2


@pytest.mark.parametrize("fault", ["list/llminferenceservices:500", "list/pods:500"])
async def test_what_fails_alone_costs_itself_only(fault: str) -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.faults.add(fault)
        async with watching(sandbox) as seen:
            fleet = await seen.synced()

            assert (names(fleet), fleet.health.status) == (["a"], Status.LIVE)
            assert "500" in fleet.notes[0]

            sandbox.api.faults.clear()
            await seen.until(lambda fleet: fleet.notes == ())


async def test_a_watch_that_fails_again_and_again_leads_to_a_new_list() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.faults.add("watch/inferenceservices:504")
            sandbox.api.store.drop_watches()
            sandbox.api.store.put(sample(name="b"))

            await seen.until(lambda fleet: names(fleet) == ["a", "b"])


async def test_kserve_that_is_removed_under_open_watches_is_known_to_be_gone_and_seen_when_it_is_back() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.synced()
            definitions = [one.object for one in sandbox.api.store.shelf(*CRDS).ordered()]
            for definition in definitions:
                sandbox.api.store.delete(*CRDS, "", definition["metadata"]["name"])

            fleet = await seen.until(lambda fleet: not fleet.kinds and fleet.synced)
            assert (names(fleet), fleet.health.status) == ([], Status.LIVE)

            for definition in definitions:
                sandbox.api.store.put(definition)
            sandbox.api.store.put(sample(name="b"))
            await seen.until(lambda fleet: names(fleet) == ["b"], within_s=30.0)
