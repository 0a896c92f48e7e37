"""Forwards share their watches, and each of them knows only of its own pods."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from kmon_tui.domain.forward import Phase
from kmon_tui.live.forwards import KubeForwards
from kmon_tui.live.shared_watch import Question
from kmon_tui.live.watch import Around
from kmon_tui.sandbox.faults import Fault
from tests.live.forwarding import cluster, held, model_pod, saying
from tests.live.watching import QUICK
from tests.sandbox.one_pod import until

MODELS = ("iris", "wine", "mnist", "bert", "gpt")


def watches() -> int:
    """Give how many watches of pods run now; a server only sees much later that one has gone."""
    return sum(task.get_name() == "shared watch of pods in default" for task in asyncio.all_tasks())


async def test_five_forwards_to_five_models_share_one_watch_of_pods() -> None:
    async with cluster() as where, AsyncExitStack() as stack:
        forwards = KubeForwards(where.client, "default", Around(pace=QUICK))
        for number, model in enumerate(MODELS):
            await where.add(model_pod(f"{model}-1", model), saying(bytes((97 + number,))))
        open_ones = [await stack.enter_async_context(held(where, f"isvc/{model}", among=forwards)) for model in MODELS]
        for number, one in enumerate(open_ones):
            await one.open()
            assert await one.ask() == bytes((97 + number,))
            assert one.now.pod == f"{MODELS[number]}-1"

        await until(lambda: watches() == 1)


async def test_the_watch_goes_with_the_last_forward_that_needs_it() -> None:
    async with cluster() as where:
        forwards = KubeForwards(where.client, "default", Around(pace=QUICK))
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("wine-1", "wine"), saying(b"b"))
        async with held(where, "isvc/iris", among=forwards) as iris:
            async with held(where, "isvc/wine", among=forwards) as wine:
                assert await wine.ask() == b"b"
            where.delete("iris-1")
            await where.add(model_pod("iris-2"), saying(b"c"))
            await iris.until(lambda f: f.pod == "iris-2")
            assert await iris.ask() == b"c"
            assert watches() == 1

        await until(lambda: watches() == 0)


async def test_a_right_that_is_missing_is_told_to_all_who_share_a_watch() -> None:
    async with cluster() as where:
        where.sandbox.api.faults.add(Fault("403", "list/pods"))
        forwards = KubeForwards(where.client, "default", Around(pace=QUICK))
        async with held(where, "isvc/iris", among=forwards) as iris, held(where, "isvc/wine", among=forwards) as wine:
            for one in (iris, wine):
                failing = await one.until(lambda f: f.phase is Phase.FAILING)
                assert "list pods" in failing.error


def test_one_model_is_asked_for_alone_and_several_as_a_set() -> None:
    question = Question("/api/v1", "pods", "default", label="model", value="a")

    assert question.resource({"a"}).selector == "model=a"
    assert question.resource({"b", "a"}).selector == "model in (a,b)"
    assert question.alike() == Question("/api/v1", "pods", "default", label="model", value="b").alike()


def test_one_object_is_asked_for_by_name_and_several_by_their_namespace() -> None:
    question = Question("/api/v1", "services", "default", value="a")

    assert question.resource({"a"}).fields == "metadata.name=a"
    assert question.resource({"a", "b"}).fields == ""
