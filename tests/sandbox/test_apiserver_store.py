"""The store: what worlds and tests put in, and what followers see of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from kmon_tui.sandbox.apiserver import Store
from kmon_tui.sandbox.apiserver.definitions import definitions
from kmon_tui.sandbox.apiserver.shelf import BACKLOG, TooOld
from tests.sandbox.talk import GROUP, isvc

ISVC = (GROUP, "inferenceservices")


@pytest.fixture
def store() -> Store:
    store = Store()
    for definition in definitions():
        store.put(definition)
    return store


def config_map(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", **metadata}}


def test_put_gives_an_object_what_only_a_server_knows(store: Store) -> None:
    metadata = store.put(isvc())["metadata"]

    assert metadata["uid"] and metadata["creationTimestamp"] and int(metadata["resourceVersion"])
    assert metadata["generation"] == 1


def test_put_keeps_the_creation_time_that_it_is_given(store: Store) -> None:
    obj = isvc()
    obj["metadata"]["creationTimestamp"] = "2024-01-01T00:00:00Z"

    assert store.put(obj)["metadata"]["creationTimestamp"] == "2024-01-01T00:00:00Z"


def test_put_makes_the_namespace(store: Store) -> None:
    store.put(isvc(namespace="fraud"))

    assert store.get("", "namespaces", "", "fraud") is not None


def test_a_changed_status_leaves_generation_and_uid_alone(store: Store) -> None:
    first = store.put(isvc())

    second = store.put(isvc(status={"url": "http://a"}))

    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["metadata"]["generation"] == 1
    assert second["status"] == {"url": "http://a"}


def test_a_changed_spec_is_a_new_generation(store: Store) -> None:
    store.put(isvc())

    assert store.put(isvc(spec={"predictor": {"minReplicas": 2}}))["metadata"]["generation"] == 2


def test_an_equal_object_is_no_change(store: Store) -> None:
    first = store.put(isvc())

    assert store.put(isvc())["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_what_comes_out_may_be_changed_without_harm(store: Store) -> None:
    store.put(isvc())["spec"].clear()
    found = store.get(*ISVC, "default", "a")
    assert found is not None
    found["spec"].clear()

    assert store.list(*ISVC)[0]["spec"]


def test_an_unknown_kind_is_refused(store: Store) -> None:
    with pytest.raises(LookupError):
        store.put({"apiVersion": "nope/v1", "kind": "Nope", "metadata": {"name": "x"}})


def test_lists_are_in_the_order_of_etcds_keys(store: Store) -> None:
    for namespace, name in (("a", "y"), ("a-b", "x"), ("a", "x")):
        store.put(isvc(name, namespace))

    found = [(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in store.list(*ISVC)]

    assert found == [("a-b", "x"), ("a", "x"), ("a", "y")]  # "-" comes before "/"


def test_a_list_may_be_of_one_namespace(store: Store) -> None:
    store.put(isvc("a", "one"))
    store.put(isvc("b", "two"))

    assert [obj["metadata"]["name"] for obj in store.list(*ISVC, "two")] == ["b"]


def test_what_an_object_owns_goes_with_it(store: Store) -> None:
    owner = store.put(isvc())
    store.put(config_map("owned", ownerReferences=[{"uid": owner["metadata"]["uid"], "name": "a"}]))

    store.delete(*ISVC, "default", "a")

    assert store.get("", "configmaps", "default", "owned") is None


def test_a_finalizer_keeps_a_deleted_object_until_it_is_taken_out(store: Store) -> None:
    store.put(config_map("kept", finalizers=["a/b"]))

    store.delete("", "configmaps", "default", "kept")
    marked = store.get("", "configmaps", "default", "kept")
    assert marked is not None and marked["metadata"]["deletionTimestamp"]
    del marked["metadata"]["finalizers"]
    store.put(marked)

    assert store.get("", "configmaps", "default", "kept") is None


def test_a_definition_that_goes_takes_its_objects_along(store: Store) -> None:
    store.put(isvc())

    store.delete("apiextensions.k8s.io", "customresourcedefinitions", "", "inferenceservices.serving.kserve.io")

    assert store.list(*ISVC) == []
    with pytest.raises(LookupError):
        store.put(isvc())


def test_an_event_of_either_group_is_the_same_event(store: Store) -> None:
    store.put(
        {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": "e", "namespace": "default"},
            "note": "it happened",
            "regarding": {"kind": "Pod", "name": "p"},
        }
    )

    event = store.list("", "events")[0]

    assert (event["apiVersion"], event["message"], event["involvedObject"]["name"]) == ("v1", "it happened", "p")


async def test_a_follower_sees_what_is_there_and_then_each_change(store: Store) -> None:
    store.put(isvc("a"))

    async with aclosing(store.follow(*ISVC)) as changes:
        first = await anext(changes)
        store.put(isvc("b"))
        store.put(isvc("b", status={"url": "u"}))
        store.delete(*ISVC, "default", "a")
        rest = [await anext(changes) for _ in range(3)]

    seen = [(type_, obj["metadata"]["name"]) for type_, obj in (first, *rest)]
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "a")]


async def test_a_follower_that_never_reads_is_dropped(store: Store) -> None:
    shelf = store.shelf("", "configmaps")
    with shelf.followed() as follower:
        for number in range(BACKLOG + 1):
            store.put(config_map("busy", labels={"n": str(number)}))

        assert await asyncio.wait_for(follower.read(), 1) == []
        assert follower.dropped


def test_an_older_state_can_be_listed_while_it_is_remembered(store: Store) -> None:
    store.put(isvc("a"))
    then = store.revision
    store.put(isvc("b"))
    store.delete(*ISVC, "default", "a")

    assert [entry.name for entry in store.shelf(*ISVC).ordered(then)] == ["a"]


def test_a_compacted_state_is_gone(store: Store) -> None:
    store.put(isvc("a"))
    then = store.revision
    store.put(isvc("b"))
    store.compact()

    with pytest.raises(TooOld):
        store.shelf(*ISVC).ordered(then)
    assert len(store.shelf(*ISVC).ordered()) == 2
