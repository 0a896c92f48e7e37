"""Who may not see everything sees what is allowed, and is told what is missing."""

from __future__ import annotations

from kmon_tui.domain.health import Status
from kmon_tui.domain.service import Readiness, Replicas
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.watching import names, pod, sample, watching

EMPTY = SandboxOptions(world="empty")
NO_RIGHT = Rule(verb="list", resource="inferenceservices", namespace="")


def fill(sandbox: Sandbox) -> None:
    sandbox.api.store.put(sample(name="mine"))
    sandbox.api.store.put(sample(name="other", namespace="elsewhere"))
    sandbox.api.store.put(sample("llmisvc-ready"))
    sandbox.api.store.put(pod("mine", "mine-1"))


async def test_without_the_right_to_all_namespaces_the_own_one_is_shown() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        everything = Rule(namespace="default")
        token = sandbox.api.access.add_user("dev", [everything])

        async with watching(sandbox.write_kubeconfig("dev", token)) as seen:
            fleet = await seen.synced()

    assert fleet.namespace == "default"
    assert names(fleet) == ["mine", "qwen"]
    assert fleet.notes == ("may not see all namespaces: only default is shown",)
    assert fleet.health.status is Status.LIVE
    assert fleet.services[0].replicas == Replicas(1, 1)


async def test_the_way_to_the_own_namespace_costs_few_questions() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        token = sandbox.api.access.add_user("dev", [Rule(namespace="default")])

        async with watching(sandbox.write_kubeconfig("dev", token)) as seen:
            await seen.synced()

    assert sum(record.status == 403 for record in sandbox.api.log) == 1
    assert len(sandbox.api.log) <= 13


async def test_without_the_right_to_pods_replicas_are_not_known() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        sandbox.api.access.forbid(Rule(resource="pods"))

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert fleet.services[1].readiness is Readiness.READY
    assert all(row.replicas == Replicas(None, None) for row in fleet.services)
    assert fleet.notes == ("may not list pods in all namespaces: replicas are not known",)


async def test_a_forbidden_kind_costs_that_kind_only() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        sandbox.api.access.forbid(Rule(resource="llminferenceservices"))

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert names(fleet) == ["mine", "other"]
    assert fleet.notes == ("may not list llminferenceservices in all namespaces: they are not shown",)


async def test_a_refusal_that_comes_before_the_first_list_is_no_failure() -> None:
    """In one namespace all kinds are asked for at once, and any answer may come first."""
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        sandbox.api.access.forbid(Rule(resource="llminferenceservices"))
        sandbox.api.faults.add("list/inferenceservices:delay=0.4")
        sandbox.api.faults.add("list/inferencegraphs:delay=0.4")

        async with watching(sandbox, namespace="default") as seen:
            fleet = await seen.synced()

    assert names(fleet) == ["mine"]
    assert [fleet.health.error for fleet in seen.fleets if fleet.health.status is Status.FAILING] == []


async def test_without_any_right_it_fails_and_says_what_is_missing() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        token = sandbox.api.access.add_user("nobody", [])

        async with watching(sandbox.write_kubeconfig("nobody", token)) as seen:
            fleet = await seen.failing()

    assert fleet.health.kind == "Forbidden"
    assert fleet.health.error == "may not list inferenceservices in namespace default"
    assert fleet.health.hint


async def test_who_may_list_but_not_watch_sees_the_list_and_is_told() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        sandbox.api.access.forbid(Rule(verb="watch", group="serving.kserve.io"))

        async with watching(sandbox) as seen:
            fleet = await seen.until(lambda fleet: fleet.synced and fleet.health.status is Status.FAILING)

    assert names(fleet) == ["mine", "other", "qwen"]
    assert "may not watch inferenceservices in all namespaces: what is shown may be old" in fleet.notes


async def test_a_refusal_is_not_asked_for_again() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)
        sandbox.api.access.forbid(Rule(resource="pods"))
        async with watching(sandbox) as seen:
            await seen.synced()
            sandbox.api.store.put(sample(name="later"))
            await seen.until(lambda fleet: "later" in names(fleet))

    asked = [r for r in sandbox.api.log if r.resource == "pods" and "inferenceservice" in r.query["labelSelector"]]
    assert len(asked) <= 2  # one for each label: the refusal is of pods, whatever their labels


async def test_one_namespace_is_asked_for_alone() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)

        async with watching(sandbox, namespace="elsewhere") as seen:
            fleet = await seen.synced()

    assert (fleet.namespace, names(fleet)) == ("elsewhere", ["other"])
    assert all("/namespaces/elsewhere/" in r.path for r in sandbox.api.log if r.verb)


async def test_impersonation_is_sent() -> None:
    async with Sandbox(EMPTY) as sandbox:
        fill(sandbox)

        async with watching(sandbox, as_user="jane", as_groups=("ops", "system:masters")) as seen:
            fleet = await seen.until(lambda fleet: bool(fleet.health.error) or fleet.synced)

    assert {record.user for record in sandbox.api.log} == {"jane"}
    assert fleet.synced, "only the second group has the rights"
