"""Each broken service of the corpus, put into a real API: what is read of it leads to the same cause."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.names import wanted
from kmon_tui.domain.peek import kind_of, name_of, of_kind, table, text
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.tree import Object, ObjectTree
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.live import open_backend
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.trees import KubeTrees
from kmon_tui.oneshot import check
from kmon_tui.oneshot.looking import Chosen
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Settings
from tests.domain.diagnosis_cases import Case, all_cases
from tests.live.extra_kinds import put_extra_kinds

GROUPS = 8
"""The cases share a few clusters: to start one costs more than to read a tree."""
LIVE = [
    case
    for case in all_cases()
    if case.tree.root is not None
    and case.tree.synced
    and not (case.tree.blind or case.tree.answers or case.tree.peaks)
    and all(table(pod, "metadata", "labels") for pod in of_kind(case.tree.objects, "Pod"))
]
"""Cases that a cluster can show: the others are about what could not be read, or about what models answer. Children
are chosen by their labels."""


@pytest.mark.parametrize("number", range(GROUPS))
async def test_what_is_read_of_a_broken_service_leads_to_its_cause(number: int) -> None:
    wrong: list[str] = []
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox, client_of(sandbox) as client:
        put_extra_kinds(sandbox.api.store)
        for case in LIVE[number::GROUPS]:
            put(sandbox, case)
            tree = await KubeTrees(client).look(key_of(case))
            wrong += differences(case, tree)
            wrong += otherwise(case, tree, await reason_of(client, key_of(case)))
            remove(sandbox, case)

    assert wrong == []


async def test_a_named_service_that_says_ready_is_checked_as_deep_as_it_is_explained() -> None:
    (case,) = [one for one in LIVE if str(one) == "hpa-no-metrics"]
    async with Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox:
        put_extra_kinds(sandbox.api.store)
        put(sandbox, case)
        settings = Settings(kube=KubeSettings(kubeconfig=str(sandbox.kubeconfig), all_namespaces=True))
        wish = check.Wish((wanted(key_of(case).name),))
        answer = await check.check(open_backend, settings, wish, lambda: case.now)

    assert answer.code == check.WARNING, answer.text
    assert diagnose(case.tree, case.now).verdict in answer.text


def differences(case: Case, tree: ObjectTree) -> list[str]:
    """Say what the tree lacks, and where its diagnosis is another than that of the written one.

    A case names as alien what is there beside it and is none of its business: a neighbour's pods, events of pods gone.
    """
    told, true = diagnose(tree, case.now), diagnose(case.tree, case.now)
    lost = named(case.tree.objects) - named(tree.objects)
    unheard = named(case.tree.events) - named(tree.events)
    alien = {one for one in lost | unheard if one[1].startswith(tuple(case.truth.get("alien", ())))}
    found = [f"{case}: {told.cause} of {told.object}, not {true.cause} of {true.object}"]
    found = found if (told.cause, told.object) != (true.cause, true.object) else []
    return found + [f"{case}: nobody reads {one}" for one in sorted((lost | unheard) - alien)]


async def reason_of(client: KubeClient, key: Key) -> ObjectTree:
    """Read what the fleet reads of a service in trouble."""
    rows = (InferenceService(key, readiness=Readiness.FAILED),)
    async with aclosing(KubeTrees(client).reasons(Chosen(rows), at_once=False)) as readings:
        async for trees in readings:
            return trees[key]
    raise AssertionError("nothing was read")


def otherwise(case: Case, opened: ObjectTree, listed: ObjectTree) -> list[str]:
    """Say where the fleet's reason is another one than that on the service's screen."""
    screen, fleet = diagnose(opened, case.now), diagnose(listed, case.now)
    if (fleet.cause, fleet.object, words_of(case, fleet)) == (screen.cause, screen.object, words_of(case, screen)):
        return []
    return [f"{case}: the fleet says {fleet.cause}: {fleet.verdict}, the screen {screen.cause}: {screen.verdict}"]


def words_of(case: Case, found: Diagnosis) -> str:
    """Give the verdict up to what only a screen adds, from events that are no warnings: rounds read no others."""
    aside = case.truth.get("aside", "")
    return found.verdict.partition(aside)[0] if aside else found.verdict


def named(objects: tuple[Object, ...]) -> set[tuple[str, str]]:
    return {(kind_of(one), name_of(one)) for one in objects}


def key_of(case: Case) -> Key:
    root = case.tree.root
    assert root is not None
    metadata = root["metadata"]
    assert isinstance(metadata, dict)
    return Key(Kind(kind_of(root)), metadata["namespace"], metadata["name"])


def all_of(case: Case) -> list[Object]:
    assert case.tree.root is not None
    return [case.tree.root, *case.tree.objects, *case.tree.events, *machines(case)]


def machines(case: Case) -> Iterator[Object]:
    """Give the nodes that the pods of a case are on and that tell nothing."""
    known = {name_of(one) for one in of_kind(case.tree.objects, "Node")} | {ref.name for ref in case.tree.absent}
    hosts = dict.fromkeys(text(pod, "spec", "nodeName") for pod in of_kind(case.tree.objects, "Pod"))
    for name in hosts:
        if name and name not in known:
            yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def put(sandbox: Sandbox, case: Case) -> None:
    for found in all_of(case):
        sandbox.api.store.put(copy.deepcopy(dict(found)))
    logs, namespace = sandbox.api.pods.logs, key_of(case).namespace
    for tail in case.tree.logs:
        for line in tail.lines:
            logs.write(namespace, tail.pod, tail.container, line)
        if tail.previous:
            logs.restart(namespace, tail.pod, tail.container)


def remove(sandbox: Sandbox, case: Case) -> None:
    store = sandbox.api.store
    for found in all_of(case):
        kind = store.registry.find(str(found["apiVersion"]), kind_of(found))
        assert kind is not None
        metadata = found["metadata"]
        assert isinstance(metadata, dict)
        entry = store.entry(kind.group, kind.plural, metadata.get("namespace", ""), metadata["name"])
        if entry is not None:
            store.put({**entry.object, "metadata": {**entry.object["metadata"], "finalizers": []}})
            store.delete(kind.group, kind.plural, entry.namespace, entry.name)


@asynccontextmanager
async def client_of(sandbox: Sandbox) -> AsyncIterator[KubeClient]:
    access = find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig)))
    client = KubeClient(access, answer_s=5.0, rate=RateLimit(1000.0, 1000))
    try:
        yield client
    finally:
        await client.close()
        await asyncio.sleep(0)
