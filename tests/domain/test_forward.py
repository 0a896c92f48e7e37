"""Targets of forwards as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.forward import (
    MOST_LINES,
    Aim,
    Forward,
    ForwardSpec,
    Target,
    free_name,
    parse_ports,
    parse_target,
)

READ = {
    "isvc/iris": Target(Aim.ISVC, "iris"),
    "iris": Target(Aim.ISVC, "iris"),
    "demo/isvc/iris:8080": Target(Aim.ISVC, "iris", "demo", "8080"),
    "isvc/iris@transformer": Target(Aim.ISVC, "iris", component="transformer"),
    "isvc/iris@iris-predictor-00002:8012": Target(Aim.ISVC, "iris", port="8012", revision="iris-predictor-00002"),
    "llminferenceservice.serving.kserve.io/llama": Target(Aim.LLM, "llama"),
    "svc/prometheus-server:http": Target(Aim.SERVICE, "prometheus-server", port="http"),
    "pod/iris-pod:9091": Target(Aim.POD, "iris-pod", port="9091"),
}


@pytest.mark.parametrize("text", READ)
def test_a_target_is_read(text: str) -> None:
    assert parse_target(text) == READ[text]


@pytest.mark.parametrize("target", READ.values(), ids=str)
def test_a_target_is_written_so_that_it_reads_the_same(target: Target) -> None:
    assert parse_target(str(target)) == target


@pytest.mark.parametrize(
    "text",
    ["", "isvc/", "isvc/Iris", "node/n1", "a/b/c/d", "svc/x:0", "svc/x:70000", "svc/x:", "pod/p@predictor", "isvc/x@"],
)
def test_what_is_no_target_is_said_with_what_would_be(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_target(text)

    assert "isvc/NAME" in caught.value.hint


def test_a_namespace_is_filled_in_only_where_none_was_said() -> None:
    assert parse_target("isvc/iris").within("models").namespace == "models"
    assert parse_target("own/isvc/iris").within("models").namespace == "own"


@pytest.mark.parametrize(
    ("text", "ports"),
    [("8080", (8080, "")), (":0", (0, "")), ("0", (0, "")), ("8081:80", (8081, "80")), (":http", (0, "http"))],
)
def test_ports_are_read_as_kubectl_reads_them(text: str, ports: tuple[int, str]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["", ":", "http", "70000", "-1", "8080:70000"])
def test_what_are_no_ports_is_said(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_ports(text)


def test_a_log_forgets_its_oldest_lines() -> None:
    forward = Forward(ForwardSpec("iris", parse_target("iris")))
    for number in range(MOST_LINES + 5):
        forward = forward.with_line(datetime(2026, 11, 22, tzinfo=UTC), f"line {number}")

    assert len(forward.log) == MOST_LINES
    assert forward.log[-1].text == f"line {MOST_LINES + 4}"


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name("iris", set()) == "iris"
    assert free_name("iris", {"iris", "iris-2"}) == "iris-3"


def test_the_url_of_a_pod_that_speaks_tls_says_so() -> None:
    forward = Forward(ForwardSpec("qwen", parse_target("llm/qwen")), local_port=8443, https=True)

    assert forward.url == "https://127.0.0.1:8443"
