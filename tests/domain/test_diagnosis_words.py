"""What a cluster says when something fails, in the words of many versions and vendors, tells the cause and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kmon_tui.domain.diagnosis import diagnose, gpu, images, placement, refusals
from kmon_tui.domain.diagnosis.boxes import boxes_of
from kmon_tui.domain.diagnosis.workloads import pods_of
from kmon_tui.domain.tree import ObjectTree

_FILE = Path(__file__).parent.parent / "data" / "cluster-words.yaml"
_WORDS: dict[str, dict[str, list[str]]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
_POD = {
    "kind": "Pod",
    "metadata": {"name": "llm-0", "namespace": "ml"},
    "status": {"containerStatuses": [{"name": "kserve-container"}]},
}


def said(kind: str) -> list[tuple[str, str]]:
    return [(cause, words) for cause, lines in _WORDS[kind].items() for words in lines]


@pytest.mark.parametrize(("cause", "words"), said("image"))
def test_the_words_of_a_failed_pull(cause: str, words: str) -> None:
    assert images.explain("reg.example.com/a/b:1", words, "ImagePullBackOff").cause == cause


@pytest.mark.parametrize(("cause", "words"), said("placement"))
def test_the_words_of_a_scheduler(cause: str, words: str) -> None:
    assert placement.explain(words).cause == cause


@pytest.mark.parametrize(("cause", "words"), said("refusal"))
def test_the_words_of_an_api_server_that_refuses(cause: str, words: str) -> None:
    denial = refusals.explain(words, "ml")

    assert (denial.cause if denial is not None else "neither") == cause


@pytest.mark.parametrize(("cause", "words"), said("gpu"))
def test_the_words_of_a_server_whose_gpu_is_at_fault_or_is_not(cause: str, words: str) -> None:
    pod = pods_of({}, [_POD], {})[0]
    found = gpu.finding(pod, boxes_of(_POD)[0], words)

    assert (found.cause if found is not None else "neither") == cause


@pytest.mark.parametrize(("cause", "words"), said("kserve"))
def test_the_words_of_kserves_controller_that_has_written_no_status(cause: str, words: str) -> None:
    service = {
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "ml", "creationTimestamp": "2026-11-28T11:40:00Z"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://b/m"}}},
    }
    event = {
        "kind": "Event",
        "involvedObject": {"kind": "InferenceService", "name": "iris", "namespace": "ml"},
        "type": "Warning",
        "reason": "InternalError",
        "message": words,
        "lastTimestamp": "2026-11-28T11:59:00Z",
    }

    found = diagnose(ObjectTree(service, (), (event,), synced=True), datetime(2026, 11, 28, 12, tzinfo=UTC))

    assert found.cause == cause, found.verdict
    assert "controller running" not in found.verdict
