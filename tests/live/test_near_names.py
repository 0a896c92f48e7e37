"""What is said of a target that is not there: what may have been meant, and what may be looked at only."""

from __future__ import annotations

import pytest

from kmon_tui.domain.alike import like
from kmon_tui.domain.forward import Obstacle, Phase, parse_target
from kmon_tui.live.near_names import hint_for
from kmon_tui.sandbox.faults import Fault
from tests.live.forwarding import Cluster, cluster, held, model_pod, saying, service

BASES = ("/api/v1",)


async def hint(where: Cluster, target: str) -> str:
    """Give the hint for a service that is not there."""
    return await hint_for(where.client, parse_target(target), BASES, "services")


async def test_names_like_it_the_same_name_elsewhere_and_a_namespace_that_is_not_there_are_told() -> None:
    async with cluster() as where:
        where.store.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        where.store.put(service("front"))

        assert await hint(where, "default/svc/frnt:80") == "There is front."
        assert await hint(where, "shop/svc/front:80") == "It is in namespace default: write default/svc/front."
        assert await hint(where, "shpo/svc/back:80") == "There is no namespace shpo."
        assert (await hint(where, "shop/svc/back:80")).startswith("If it is in another namespace")


async def test_what_may_not_be_looked_at_costs_the_hint_only() -> None:
    async with cluster() as where:
        where.store.put(service("front"))
        where.sandbox.api.faults.add(Fault("403", "list/services"))
        where.sandbox.api.faults.add(Fault("403", "get/namespaces"))

        assert (await hint(where, "default/svc/frnt:80")).startswith("If it is in another namespace")


@pytest.mark.parametrize(
    ("name", "near"),
    [("irsi", ["iris"]), ("iris", ["big-iris-2"]), ("iris-extra", ["iris"]), ("bert", [])],
)
def test_spelled_alike_or_part_of_each_other_is_near(name: str, near: list[str]) -> None:
    others = {"big-iris-2", "wine"} if name == "iris" else {"iris", "wine"}

    assert like(name, others) == near


async def test_a_row_says_that_no_such_thing_exists_and_opens_when_it_comes() -> None:
    async with cluster() as where, held(where, "isvc/iris") as forward:
        now = await forward.until(lambda f: f.obstacle is Obstacle.ABSENT)
        assert (now.phase, now.error) == (Phase.WAITING, "there is no isvc/iris in namespace default")

        await where.add(model_pod("iris-1"), saying(b"a"))

        assert await forward.ask() == b"a"
        assert (await forward.open()).obstacle is None


async def test_a_pod_that_goes_later_is_missed_too_and_waited_for() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "pod/iris-1:8080") as forward:
            assert await forward.ask() == b"a"

            where.delete("iris-1")

            await forward.until(lambda f: f.obstacle is Obstacle.ABSENT)
            await where.add(model_pod("iris-1"), saying(b"b"))
            assert await forward.ask() == b"b"


def test_a_name_in_capitals_is_like_the_one_in_small_letters() -> None:
    assert like("IRIS", ["iris", "other"]) == ["iris"]
