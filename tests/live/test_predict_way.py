"""Which pod and which port of a service its callers meet first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.service import InferenceService, Key, Kind, TrafficShare
from kmon_tui.live.predict_way import choose
from kmon_tui.live.target_shapes import TargetPod
from tests.live.prometheus_pods import pod

LABELS = {"serving.kserve.io/inferenceservice": "iris", "component": "predictor"}
IRIS = InferenceService(Key(Kind.ISVC, "default", "iris"))


def serving(name: str, *containers: dict[str, Any], **labels: str) -> TargetPod:
    """Make a ready pod of these containers."""
    content = pod("default", name, LABELS | {key.replace("__", "/"): value for key, value in labels.items()})
    content["spec"]["containers"] = list(containers)
    return msgspec.convert(content, TargetPod, strict=False)


@pytest.mark.parametrize(
    ("containers", "port"),
    [
        (({"name": "kserve-container"}, {"name": "queue-proxy"}), 8012),
        (({"name": "kserve-container"}, {"name": "agent"}), 9081),
        (({"name": "kserve-container", "ports": [{"containerPort": 8123}]},), 8123),
        (({"name": "kserve-container"},), 8080),
    ],
)
def test_the_port_follows_from_the_containers(containers: tuple[dict[str, Any], ...], port: int) -> None:
    assert choose(IRIS, [serving("iris-1", *containers)]).place.port == port


def test_the_revision_with_most_traffic_is_asked() -> None:
    isvc = IRIS._replace(traffic=(TrafficShare("r1", 10), TrafficShare("r2", 90)))
    pods = [
        serving(name, {"name": "queue-proxy"}, **{"serving.knative.dev__revision": revision})
        for name, revision in (("a", "r1"), ("b", "r2"))
    ]

    assert choose(isvc, pods).place.pod == "b"


def test_callers_meet_the_transformer_first() -> None:
    isvc = IRIS._replace(components=("predictor", "transformer"))
    pods = [serving("a", {"name": "x"}), serving("b", {"name": "x"}, component="transformer")]

    assert choose(isvc, pods).place.pod == "b"


def test_a_language_model_with_certificates_is_asked_by_https() -> None:
    isvc = InferenceService(Key(Kind.LLM, "default", "qwen"))
    probe = {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTPS"}}

    door = choose(isvc, [serving("q", {"name": "main", "readinessProbe": probe})])

    assert (door.place.port, door.https) == (8000, True)


def test_without_pods_there_is_no_door() -> None:
    with pytest.raises(Unreachable, match="has no pod"):
        choose(IRIS, [])
