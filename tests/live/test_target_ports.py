"""Which pods a target means and which of their ports, for every mode and odd service."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kmon_tui.domain.errors import BackendError, NotFound
from kmon_tui.domain.forward import parse_target
from kmon_tui.live.shapes import Served
from kmon_tui.live.target_ports import (
    absent,
    place_of_pod,
    places_of_model,
    places_of_service,
    selector_of_service,
    service_port,
)
from kmon_tui.live.target_shapes import TargetPod, TargetService


def pod(
    name: str = "p", containers: dict[str, list[Any]] | None = None, *, ready: bool = True, **labels: str
) -> TargetPod:
    """Make a pod; ports of containers are numbers, or (name, number)."""
    made = [
        {
            "name": container,
            "ports": [
                {"containerPort": port} if isinstance(port, int) else {"name": port[0], "containerPort": port[1]}
                for port in ports
            ],
        }
        for container, ports in (containers or {"kserve-container": []}).items()
    ]
    conditions = [{"type": "Ready", "status": str(ready)}]
    named = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    obj = {
        "metadata": {"name": name, "namespace": "default", "labels": named},
        "spec": {"containers": made},
        "status": {"phase": "Running", "conditions": conditions},
    }
    return msgspec.convert(obj, TargetPod)


def service(spec: dict[str, Any], name: str = "front", **labels: str) -> TargetService:
    return msgspec.convert({"metadata": {"name": name, "labels": labels}, "spec": spec}, TargetService)


@pytest.mark.parametrize(
    ("target", "containers", "port"),
    [
        ("isvc/m", {"kserve-container": [("user-port", 8080)], "queue-proxy": [("queue-port", 8012)]}, 8012),
        ("isvc/m", {"kserve-container": [], "agent": [("agent-port", 9081)]}, 9081),
        ("isvc/m", {"kserve-container": []}, 8080),
        ("isvc/m", {"kserve-container": [("h2c", 9000)]}, 9000),
        ("isvc/m", {"kserve-container": [8085], "transformer-container": [8080]}, 8080),
        ("isvc/m:9091", {"kserve-container": [], "queue-proxy": []}, 9091),
        ("isvc/m:http-usermetric", {"kserve-container": [], "queue-proxy": [("http-usermetric", 9091)]}, 9091),
        ("llm/m", {"main": [8001]}, 8000),
        ("graph/m", {"router": [("user-port", 8080)], "queue-proxy": []}, 8012),
    ],
)
def test_the_port_of_a_model_is_that_of_its_mode(target: str, containers: dict[str, list[Any]], port: int) -> None:
    (place,) = places_of_model(parse_target(target), [pod(containers=containers)], None)

    assert place.port == port


def test_a_model_that_its_kubelet_asks_by_https_speaks_tls() -> None:
    probe = {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTPS"}}
    obj = {
        "metadata": {"name": "q", "namespace": "default"},
        "spec": {"containers": [{"name": "main", "readinessProbe": probe}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    secure = msgspec.convert(obj, TargetPod)

    assert places_of_model(parse_target("llm/m"), [secure], None)[0].https
    assert not places_of_model(parse_target("llm/m:9000"), [secure], None)[0].https


def test_callers_meet_the_transformer_first_unless_another_component_is_picked() -> None:
    pods = [pod("predictor", component="predictor"), pod("transformer", component="transformer")]

    assert [one.pod for one in places_of_model(parse_target("isvc/m"), pods, None)] == ["transformer"]
    assert [one.pod for one in places_of_model(parse_target("isvc/m@predictor"), pods, None)] == ["predictor"]


def test_a_transformer_that_is_scaled_to_zero_is_waited_for() -> None:
    served = msgspec.json.decode(msgspec.json.encode({"spec": {"predictor": {}, "transformer": {}}}), type=Served)

    assert places_of_model(parse_target("isvc/m"), [pod("predictor", component="predictor")], served) == ()


def test_the_revision_with_the_most_traffic_is_preferred_and_another_can_be_picked() -> None:
    pods = [pod(f"m-0000{n}", serving_knative_dev__revision=f"m-predictor-0000{n}") for n in (1, 2)]
    traffic = [{"revisionName": f"m-predictor-0000{n}", "percent": percent} for n, percent in ((1, 10), (2, 90))]
    served = msgspec.json.decode(
        msgspec.json.encode({"spec": {}, "status": {"components": {"predictor": {"traffic": traffic}}}}), type=Served
    )

    assert [one.pod for one in places_of_model(parse_target("isvc/m"), pods, served)] == ["m-00002", "m-00001"]
    picked = places_of_model(parse_target("isvc/m@m-predictor-00001"), pods, served)
    assert [one.pod for one in picked] == ["m-00001"]


def test_workers_of_a_model_on_several_nodes_are_not_callers_business() -> None:
    pods = [pod("head", app="isvc.m-predictor"), pod("worker", app="isvc.m-predictor-worker")]

    assert [one.pod for one in places_of_model(parse_target("isvc/m"), pods, None)] == ["head"]


def test_pods_that_are_not_ready_or_are_deleted_get_nothing() -> None:
    going = msgspec.convert(
        {
            "metadata": {"name": "going", "deletionTimestamp": "2026-11-22T12:00:00Z"},
            "spec": {"containers": [{"name": "kserve-container"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        },
        TargetPod,
    )

    assert places_of_model(parse_target("isvc/m"), [pod(ready=False), going], None) == ()


def test_modelmesh_says_what_to_use_instead() -> None:
    served = msgspec.json.decode(msgspec.json.encode({"status": {"deploymentMode": "ModelMesh"}}), type=Served)

    assert "svc/modelmesh-serving:8008" in absent(parse_target("isvc/m"), [], served).hint


@pytest.mark.parametrize(
    ("port", "target", "number"),
    [
        ("80", 8080, 8080),
        ("http", 8080, 8080),
        ("80", "web", 9000),
        ("80", "8081", 8081),
        ("", 0, 80),
    ],
)
def test_ports_of_services_lead_to_their_target_ports(port: str, target: int | str, number: int) -> None:
    made = service({"ports": [{"name": "http", "port": 80, "targetPort": target}]})
    pods = [pod(containers={"a": [("web", 9000)]})]

    assert [one.port for one in places_of_service(service_port(made, port), pods)] == [number]


def test_a_headless_service_leads_to_its_target_port_too() -> None:
    made = service({"clusterIP": "None", "ports": [{"port": 80, "targetPort": 8080}]})

    assert [one.port for one in places_of_service(service_port(made, "80"), [pod()])] == [8080]


def test_a_port_that_a_service_has_not_is_told_with_those_that_it_has() -> None:
    made = service({"ports": [{"name": "http", "port": 80}, {"port": 443}]})

    for wanted in ("9090", ""):
        with pytest.raises(BackendError) as caught:
            service_port(made, wanted)
        assert "80 (http), 443" in caught.value.hint


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (service({"type": "ExternalName", "externalName": "gw.istio"}, "iris-predictor"), "isvc/iris"),
        (
            service({"ports": []}, "iris-predictor-00001", **{"serving.knative.dev/revision": "iris-predictor-00001"}),
            "svc/iris-predictor-00001-private:80",
        ),
        (service({"ports": []}, "external-db"), "pod/NAME:PORT"),
    ],
)
def test_a_service_without_pods_of_its_own_says_what_to_use_instead(made: TargetService, words: str) -> None:
    with pytest.raises(BackendError) as caught:
        selector_of_service(made)

    assert words in caught.value.hint


def test_a_pod_need_not_be_ready_to_be_reached() -> None:
    assert place_of_pod(parse_target("pod/p:9091"), pod(ready=False)).port == 9091


def test_a_pod_with_one_port_needs_none_to_be_named() -> None:
    assert place_of_pod(parse_target("pod/p"), pod(containers={"a": [5000]})).port == 5000
    with pytest.raises(BackendError, match="does not say which"):
        place_of_pod(parse_target("pod/p"), pod(containers={"a": [5000, 5001]}))


def test_a_revision_that_is_not_there_is_told_from_one_that_is_not_ready() -> None:
    pods = [pod(ready=False, serving_knative_dev__revision="m-00001")]

    assert isinstance(absent(parse_target("isvc/m@m-00002"), pods, None), NotFound)
    assert not isinstance(absent(parse_target("isvc/m@m-00001"), pods, None), NotFound)
    assert not isinstance(absent(parse_target("isvc/m@m-00002"), [], None), NotFound)


def test_a_port_name_that_no_ready_pod_has_is_said_with_those_it_has() -> None:
    error = absent(parse_target("isvc/m:nope"), [pod(containers={"kserve-container": [("h2c", 9000)]})], None)

    assert isinstance(error, NotFound)
    assert error.message == "no pod of isvc/m has a port named nope"
    assert error.hint == "They declare 9000 (h2c)."
