"""Pods are told in the words of ``kubectl get pods``; what the scheduler says is told as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.pod_facts import pod_facts, pods_of

SAMPLES = Path(__file__).parents[1] / "data/kserve-objects/pods-failing.yaml"
FAILING = {pod["metadata"]["name"]: pod for pod in yaml.safe_load(SAMPLES.read_text(encoding="utf-8"))["items"]}


def pod(status: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: str) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "p", **metadata}, "spec": spec or {}, "status": status}


def status(name: str = "main", *, ready: bool = False, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": 0, "state": state}


@pytest.mark.parametrize(
    ("start", "word", "last", "restarts"),
    [
        ("bad-uri", "Init:CrashLoopBackOff", "Error 1", 4),
        ("typo-image", "ImagePullBackOff", "", 0),
        ("oom", "CrashLoopBackOff", "OOMKilled 137", 3),
        ("big-gpu", "Unschedulable", "", 0),
    ],
)
def test_pods_that_fail_say_how(start: str, word: str, last: str, restarts: int) -> None:
    facts = pod_facts(next(one for name, one in FAILING.items() if name.startswith(start)))

    assert (facts.word, facts.last, facts.restarts) == (word, last, restarts)


def test_a_pod_that_serves_has_all_its_containers_ready() -> None:
    both = [status("a", ready=True, running={}), status("b", ready=True, running={})]

    facts = pod_facts(pod({"phase": "Running", "containerStatuses": both}))

    assert facts.serves
    assert (facts.ready, facts.total, facts.word) == (2, 2, "Running")


def test_a_running_pod_that_is_not_ready_does_not_serve() -> None:
    facts = pod_facts(pod({"phase": "Running", "containerStatuses": [status(running={"startedAt": "x"})]}))

    assert not facts.serves
    assert facts.containers[0].state == "running"


def test_init_containers_that_are_done_do_not_count() -> None:
    done = status("init", terminated={"exitCode": 0, "reason": "Completed"})
    own = {"phase": "Running", "initContainerStatuses": [done], "containerStatuses": [status(ready=True, running={})]}

    assert pod_facts(pod(own)).serves


def test_an_init_container_at_work_says_its_place() -> None:
    own = {
        "phase": "Pending",
        "initContainerStatuses": [status("a", terminated={"exitCode": 0}), status("b", running={})],
    }

    assert pod_facts(pod(own)).word == "Init:1/2"


def test_a_sidecar_that_runs_before_the_others_counts_as_one_of_them() -> None:
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}], "containers": [{"name": "main"}]}
    own = {
        "phase": "Running",
        "initContainerStatuses": [status("proxy", ready=True, running={})],
        "containerStatuses": [status(ready=True, running={})],
    }

    assert (pod_facts(pod(own, spec)).ready, pod_facts(pod(own, spec)).total) == (2, 2)


def test_a_pod_that_is_deleted_terminates_whatever_else_it_says() -> None:
    assert pod_facts(pod({"phase": "Running"}, deletionTimestamp="2026-11-22T12:00:00Z")).word == "Terminating"


def test_an_evicted_pod_says_so() -> None:
    facts = pod_facts(pod({"phase": "Failed", "reason": "Evicted", "message": "low on resource: memory"}))

    assert (facts.word, facts.message) == ("Evicted", "low on resource: memory")


def test_pods_in_trouble_come_first() -> None:
    good = pod({"phase": "Running", "containerStatuses": [status(ready=True, running={})]}, name="good")
    bad = pod({"phase": "Running", "containerStatuses": [status(waiting={"reason": "CrashLoopBackOff"})]}, name="bad")

    assert [one.name for one in pods_of((good, bad))] == ["bad", "good"]


@pytest.mark.parametrize("odd", [{}, {"kind": "Pod"}, {"kind": "Pod", "status": None, "spec": []}, {"metadata": "x"}])
def test_odd_pods_are_unknown_and_break_nothing(odd: dict[str, Any]) -> None:
    assert pod_facts(odd).word == "Unknown"
