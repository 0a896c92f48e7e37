"""The part of a long message that tells what is wrong stays when there is little room."""

from __future__ import annotations

import pytest

from kmon_tui.render.reasons import in_short, telling, without_own_names

FORBIDDEN = (
    "ModelLoadFailed: Storage initialization failed: Failed to fetch model. GET gs://acme-models-private/defects/v9: "
    "403 Forbidden. storage-initializer@kserve.iam does not have storage.objects.list access to the bucket."
)
NO_NODE = (
    "Unschedulable: 0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"
    ", 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found."
)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (FORBIDDEN, "403 Forbidden"),
        (NO_NODE, "2 Insufficient nvidia.com/gpu"),
        (
            'RevisionFailed: Revision "iris-predictor-00003" failed with message: Container failed with: '
            "ModuleNotFoundError: No module named sklearn.tree._linear",
            "No module named sklearn.tree._linear",
        ),
        (
            'ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/acme/a:v1": '
            'failed to resolve reference "docker.io/acme/a:v1": docker.io/acme/a:v1: not found',
            "not found",
        ),
    ],
)
def test_what_is_wrong_is_read_at_80_columns(message: str, told: str) -> None:
    assert told in in_short(message, 75)


@pytest.mark.parametrize("width", [0, 1, 2, 5, 20, 75, 300])
@pytest.mark.parametrize("message", [FORBIDDEN, NO_NODE, "", "x" * 500, "模型" * 100])
def test_a_short_reason_is_never_too_wide(message: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(in_short(message, width)) <= width


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (
            "kserve-container of iris-predictor-d8j4-w5fgc needs more memory than its limit of 2Gi",
            "kserve-container needs more memory than its limit of 2Gi",
        ),
        (
            "iris-predictor-4cf87-nd2v4 waits for a node: no node has nvidia.com/gpu free",
            "its pod waits for a node: no node has nvidia.com/gpu free",
        ),
        (
            "the storage-initializer of iris-predictor-00003-deployment-7c9d8-xk2lp cannot read gs://models/iris-v2",
            "the storage-initializer cannot read gs://models/iris-v2",
        ),
        (
            "the autoscaler iris-predictor cannot read its metric: no answer",
            "its autoscaler cannot read its metric: no answer",
        ),
        (
            "revision iris-predictor-00002 failed: its pods were not ready",
            "revision 00002 failed: its pods were not ready",
        ),
        ("revision 00003 of iris is not ready", "revision 00003 of iris is not ready"),
    ],
)
def test_a_verdict_below_its_own_row_names_no_pods(verdict: str, told: str) -> None:
    assert without_own_names(verdict, "iris", 40) == told
    assert without_own_names(verdict, "iris", 200) == verdict


def test_a_message_that_fits_is_told_whole() -> None:
    assert in_short("OOMKilled: out of memory, killed 6 times", 75) == "OOMKilled: out of memory, killed 6 times"


def test_words_that_say_nothing_are_dropped_and_no_others() -> None:
    assert telling("Boom: the disk is full") == "Boom: the disk is full"
    assert telling("A: Failed to fetch model. No model found in s3://a.") == "A: No model found in s3://a."


def test_who_holds_what_is_missing_goes_before_what_is_missing() -> None:
    verdict = (
        "its pod waits for a node: no node has 4 nvidia.com/gpu free (held by llm/llama-chat (1), search/rerank (1))"
    )

    assert in_short(verdict, 74) == "its pod waits for a node: no node has 4 nvidia.com/gpu free"
    assert in_short(verdict, 200) == verdict


def test_an_address_that_stands_twice_in_a_row_is_told_once() -> None:
    twice = "the storage-initializer may not read gs://acme/defects/v9: GET gs://acme/defects/v9: 403 Forbidden"

    assert telling(twice) == "the storage-initializer may not read gs://acme/defects/v9: 403 Forbidden"
