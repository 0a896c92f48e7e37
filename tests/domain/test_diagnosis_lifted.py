"""A refusal holds as long as its reason does, and a sentence does not change with the kubelet's next word for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.diagnosis.images import explain
from kmon_tui.domain.verdict import Diagnosis
from tests.domain.diagnosis_cases import all_cases

_IMAGE = "ghcr.io/acme/x:1"
_WHY = f'failed to pull and unpack image "{_IMAGE}": failed to resolve reference "{_IMAGE}": failed to do request: '
_REASON = 'Head "https://ghcr.io/v2/acme/x/manifests/1": dial tcp: lookup ghcr.io on 10.0.0.10:53: no such host'


def with_quota(hard: Mapping[str, str], used: Mapping[str, str]) -> Diagnosis:
    """Diagnose a pod that wants another GPU, with the quota as it is now."""
    case = next(case for case in all_cases() if case.name == "quota-gpu")
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "gpu-quota", "namespace": "risk"},
        "status": {"hard": hard, "used": used},
    }
    others = [obj for obj in case.tree.objects if obj.get("kind") != "ResourceQuota"]
    return diagnose(replace(case.tree, objects=(*others, quota)), case.now)


@pytest.mark.parametrize(("hard", "used"), [("4", "4"), ("4000m", "4"), ("odd", "4"), ("", "4")])
def test_a_quota_without_room_refuses_still(hard: str, used: str) -> None:
    found = with_quota({"requests.nvidia.com/gpu": hard}, {"requests.nvidia.com/gpu": used})

    assert found.cause == "quota"


@pytest.mark.parametrize(("hard", "used"), [("8", "4"), ("4", "2"), ("4k", "4"), ("8000m", "4")])
def test_a_quota_that_was_raised_or_emptied_refuses_no_more(hard: str, used: str) -> None:
    found = with_quota({"requests.nvidia.com/gpu": hard}, {"requests.nvidia.com/gpu": used})

    assert (found.cause, "has room by now" in found.verdict) == ("stale-condition", True)


def test_a_pull_that_fails_is_told_alike_while_it_is_tried_and_between_two_tries() -> None:
    tried = explain(_IMAGE, f"{_WHY}{_REASON}", "ErrImagePull")
    between = explain(_IMAGE, f'Back-off pulling image "{_IMAGE}": ErrImagePull: {_WHY}{_REASON}', "ImagePullBackOff")

    assert tried == between
    assert tried.verdict.endswith(f"is not pulled: {_REASON}")
