"""Whose pod it is when its labels say one language model and its owner another: KServe's own sample has such labels."""

from __future__ import annotations

import msgspec
import pytest

from kmon_tui.domain.service import Kind
from kmon_tui.live.pods import owner_of, pod_of
from kmon_tui.live.shapes import PodObject


def row_of(label: str, owner: str, kind: str = "ReplicaSet", **labels: str) -> str:
    """Give the row of a pod, as the API server writes pods."""
    meta = {
        "name": "p",
        "namespace": "n",
        "labels": {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/name": label, **labels},
        "ownerReferences": [{"kind": kind, "name": owner, "controller": True}] if owner else [],
    }
    pod = pod_of(msgspec.convert({"metadata": meta}, PodObject))
    assert pod is not None
    key = owner_of(pod)
    assert key.kind is Kind.LLM
    return key.name


@pytest.mark.parametrize(
    ("owner", "kind"),
    [
        ("qwen-amd-kserve-74978f474f", "ReplicaSet"),
        ("qwen-amd-kserve-prefill-5d7b94cf8f", "ReplicaSet"),
        ("qwen-amd-kserve-router-scheduler-56f686dc9b", "ReplicaSet"),
        ("qwen-amd-kserve-mn", "StatefulSet"),
        ("qwen-amd-kserve-mn-0", "StatefulSet"),
        ("qwen-amd-kserve-mn-prefill-11", "StatefulSet"),
    ],
)
def test_the_owner_wins_over_the_label(owner: str, kind: str) -> None:
    assert row_of("qwen-nvidia", owner, kind) == "qwen-amd"


@pytest.mark.parametrize(
    ("label", "owner"),
    [
        ("a", ""),
        ("a", "something-else-7f9"),
        ("a", "a-kserve-74978f474f"),
        ("a-kserve", "a-kserve-kserve-74978f474f"),
        ("a-kserve-prefill", "a-kserve-prefill-kserve-74978f474f"),
        # Where a name is too long KServe puts a sum in place of its end: that names nobody.
        ("a" * 60, "a" * 24 + "0123456789abcdef0123456789abcdef" + "-kserve-74978f474f"),
    ],
)
def test_the_label_stays_where_the_owner_says_the_same_or_nothing(label: str, owner: str) -> None:
    assert row_of(label, owner) == label
