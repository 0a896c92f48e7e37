"""One cause that hits many services is one finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kmon_tui.domain.diagnosis import diagnose, together
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from tests.domain.diagnosis_cases import all_cases

_NOON = datetime(2026, 8, 21, 12, tzinfo=UTC)


def _key(name: str, namespace: str = "risk") -> Key:
    return Key(Kind.ISVC, namespace, name)


def _fault(cause: str, shared: str = "", minutes_ago: int | None = 5) -> Diagnosis:
    since = None if minutes_ago is None else _NOON - timedelta(minutes=minutes_ago)
    return Diagnosis(cause, f"it is {cause}", Ref("Pod", "p", "risk"), since, shared=shared)


def test_two_hundred_services_behind_one_registry_are_one_group() -> None:
    services = {_key(f"m{number:03}"): _fault("image-auth", "registry ghcr.io", number) for number in range(200)}

    groups = together(services)

    assert [len(group.keys) for group in groups] == [200]
    assert groups[0].since == _NOON - timedelta(minutes=199)
    assert "200 services" in groups[0].verdict and "registry ghcr.io" in groups[0].verdict


def test_the_same_cause_through_different_things_is_two_groups() -> None:
    groups = together(
        {_key("a"): _fault("secret-missing", "Secret a/x"), _key("b"): _fault("secret-missing", "Secret b/x")}
    )

    assert [group.shared for group in groups] == ["Secret a/x", "Secret b/x"]


def test_different_causes_through_the_same_thing_are_two_groups() -> None:
    groups = together({_key("a"): _fault("node-down", "Node n"), _key("b"): _fault("pod-network", "Node n")})

    assert len(groups) == 2


def test_two_crash_loops_share_nothing() -> None:
    groups = together({_key("a"): _fault("crash-loop"), _key("b"): _fault("crash-loop")})

    assert [group.keys for group in groups] == [(_key("a"),), (_key("b"),)]
    assert groups[0].verdict == "it is crash-loop"


def test_healthy_services_are_in_no_group() -> None:
    assert together({_key("a"): Diagnosis(HEALTHY, "ready"), _key("b"): _fault("quota", "ResourceQuota r/q")})[
        0
    ].keys == (_key("b"),)
    assert together({}) == ()


def test_the_largest_group_comes_first_and_order_does_not_matter() -> None:
    services = {
        _key("z"): _fault("crash-loop"),
        _key("b"): _fault("quota", "q", None),
        _key("a"): _fault("quota", "q", 3),
    }
    backwards = dict(reversed(services.items()))

    assert together(services) == together(backwards)
    assert [group.keys for group in together(services)] == [(_key("a"), _key("b")), (_key("z"),)]
    assert together(services)[0].first.since == _NOON - timedelta(minutes=3)


def test_services_of_the_corpus_that_share_a_registry_are_found() -> None:
    cases = [
        case for case in all_cases() if case.name in ("image-rate-limit", "image-hub-denied", "image-private-registry")
    ]
    services = {_key(case.name): diagnose(case.tree, case.now) for case in cases}
    services |= {_key(f"{case.name}-twin"): diagnose(case.tree, case.now) for case in cases}

    groups = together(services)

    assert sorted((group.shared, len(group.keys)) for group in groups) == [
        ("registry docker.io", 2),
        ("registry docker.io/jdoe", 2),
        ("registry registry.corp.example.com", 2),
    ]
