"""One watch tells which autoscalers fail: a row that says Ready has something to be looked into, and loses it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.domain.fleet import Fleet
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.watching import QUICK, sample, watching

EMPTY = SandboxOptions(world="empty")
CANNOT = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}
CAN = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": ""}
KEDA = {"serving.kserve.io/autoscalerClass": "keda", "serving.kserve.io/deploymentMode": "Standard"}


def scaler(service: str, *conditions: dict[str, str], name: str = "", made_by: str = "") -> dict[str, Any]:
    """Make a HorizontalPodAutoscaler as KServe or KEDA does."""
    labels = {"serving.kserve.io/inferenceservice": service} if service else {}
    labels |= {"app.kubernetes.io/managed-by": made_by} if made_by else {}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name or f"{service}-predictor", "namespace": "default", "labels": labels},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": f"{service}-predictor"}},
        "status": {"conditions": list(conditions)},
    }


def by_keda(name: str) -> dict[str, Any]:
    """Make a service that KEDA scales."""
    made = sample(name=name)
    made["metadata"]["annotations"] = {**made["metadata"].get("annotations", {}), **KEDA}
    return made


def complaint(fleet: Fleet, name: str = "iris") -> str:
    return next((row.complaint for row in fleet.services if row.key.name == name), "")


def complaining(name: str = "iris") -> Callable[[Fleet], bool]:
    return lambda fleet: bool(complaint(fleet, name))


def asked(sandbox: Sandbox) -> list[str]:
    return [record.verb for record in sandbox.api.log if "horizontalpodautoscalers" in record.path]


async def test_a_failing_autoscaler_is_told_and_forgotten_when_it_works() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample(name="iris"))
        store.put(scaler("iris", CAN))
        async with watching(sandbox) as seen:
            well = await seen.until(lambda fleet: fleet.scaled)
            store.put(scaler("iris", CANNOT))
            broken = await seen.until(complaining())
            store.put(scaler("iris", CAN))
            await seen.until(lambda fleet: not complaint(fleet))

    assert complaint(well) == ""
    assert complaint(broken) == "HorizontalPodAutoscaler iris-predictor: FailedGetResourceMetric"
    assert asked(sandbox) == ["list", "watch"]


async def test_one_that_may_not_scale_anyhow_is_no_complaint() -> None:
    """KServe makes one of one pod for every service: without a metrics server each says that it cannot compute."""
    idle = scaler("iris", CANNOT)
    idle["spec"] |= {"minReplicas": 1, "maxReplicas": 1}
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample(name="iris"))
        store.put(sample(name="other"))
        store.put(idle)
        store.put(scaler("other", CANNOT))
        async with watching(sandbox) as seen:
            fleet = await seen.until(complaining("other"))

    assert complaint(fleet) == ""


async def test_an_autoscaler_that_goes_complains_no_longer() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample(name="iris"))
        store.put(scaler("iris", CANNOT))
        async with watching(sandbox) as seen:
            await seen.until(complaining())
            store.delete("autoscaling", "horizontalpodautoscalers", "default", "iris-predictor")
            await seen.until(lambda fleet: not complaint(fleet))


async def test_a_scaler_of_something_that_sleeps_does_not_complain() -> None:
    asleep = {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled", "message": ""}
    async with Sandbox(EMPTY) as sandbox:
        for name, condition in (("iris", asleep), ("other", CANNOT)):
            sandbox.api.store.put(sample(name=name))
            sandbox.api.store.put(scaler(name, condition))
        async with watching(sandbox) as seen:
            fleet = await seen.until(complaining("other"))

    assert complaint(fleet) == ""


async def test_autoscalers_of_others_are_not_asked_for() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="iris"))
        sandbox.api.store.put(scaler("", CANNOT, name="iris-predictor"))
        async with watching(sandbox) as seen:
            fleet = await seen.until(lambda fleet: fleet.scaled)

    assert complaint(fleet) == ""


async def test_what_an_autoscaler_measures_is_no_news() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample(name="iris"))
        store.put(scaler("iris", CAN))
        async with watching(sandbox) as seen:
            await seen.until(lambda fleet: fleet.scaled)
            count = len(seen.fleets)
            for replicas in range(5):
                store.put({**scaler("iris", CAN), "status": {"conditions": [CAN], "currentReplicas": replicas}})
            await asyncio.sleep(0.3)

    assert len(seen.fleets) == count


async def test_without_the_right_only_that_part_is_missing() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="iris"))
        sandbox.api.access.forbid(Rule(resource="horizontalpodautoscalers"))
        async with watching(sandbox) as seen:
            fleet = await seen.until(lambda fleet: fleet.scaled)

    assert [row.key.name for row in fleet.services] == ["iris"]
    assert any("horizontalpodautoscalers" in note for note in fleet.notes)
    assert asked(sandbox) == ["list"]


async def test_where_keda_made_no_autoscaler_there_is_something_to_look_into() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(by_keda("iris"))
        store.put(by_keda("other"))
        store.put(sample(name="plain"))
        store.put(scaler("other", CAN, name="keda-hpa-other-predictor", made_by="keda-operator"))
        async with watching(sandbox) as seen:
            fleet = await seen.until(complaining())
            store.put(scaler("iris", CAN, name="keda-hpa-iris-predictor", made_by="keda-operator"))
            await seen.until(lambda fleet: not complaint(fleet))

    assert complaint(fleet, "other") == complaint(fleet, "plain") == ""


@pytest.mark.parametrize("when", ["at the start", "later"])
async def test_with_language_models_their_pods_and_autoscalers_are_watched_in_turns(when: str) -> None:
    pace = replace(QUICK, turn_s=1.0, brief_s=1.0)
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample(name="iris"))
        store.put(scaler("iris", CAN))
        if when == "at the start":
            store.put(sample("llmisvc-ready"))
        async with watching(sandbox, pace=pace) as seen:
            await seen.until(lambda fleet: fleet.scaled)
            store.put(sample("llmisvc-ready"))
            await seen.until(lambda fleet: NOTE in fleet.notes)
            store.put(scaler("iris", CANNOT))
            fleet = await seen.until(complaining())

    assert fleet.notes_at_first == ()
    assert asked(sandbox).count("list") == 1


NOTE = "replicas of llminferenceservices and autoscalers are watched in turns, up to 1 s late: 5 watches at most"
