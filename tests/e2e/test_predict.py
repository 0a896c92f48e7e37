"""`kmon-tui predict` asks a real kserve model server, through the sandbox's kubelet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.sandbox import run
from tests.e2e.test_kserve_server import NAME, Served, served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
__all__ = ["served"]


def predict(served: Served, *words: str) -> tuple[int, Any]:
    place = ("-n", "default", "--kubeconfig", str(served.place.kubeconfig))
    done = run("predict", NAME, "-o", "json", *place, *words)
    return done.returncode, json.loads(done.stdout)


def test_a_real_model_answers_in_v1(served: Served) -> None:
    code, found = predict(served, "-d", '{"instances": [[1, 2], [3, 4]]}')

    assert (code, found["status"], found["response"]) == (0, 200, {"predictions": [3, 7]})
    assert found["pod"] == f"{NAME}-pod:{served.port}"


def test_what_a_real_model_raises_is_told_in_its_words(served: Served) -> None:
    code, found = predict(served, "-d", '{"instances": ["no", "numbers"]}')

    assert (code, found["status"]) == (1, 500)
    assert "TypeError : unsupported operand" in found["error"]


def test_a_protocol_that_the_server_does_not_have_is_explained(served: Served) -> None:
    code, found = predict(served, "--protocol", "openai")

    assert (code, found["status"]) == (1, 404)
    assert "does not speak openai" in found["hint"]


def test_a_real_server_refuses_a_body_of_another_protocol(served: Served) -> None:
    code, found = predict(served, "--protocol", "v2", "-d", '{"instances": [[1]]}')

    assert (code, found["status"]) == (1, 422)
    assert "inputs: Field required" in found["error"]


def test_two_hundred_requests_at_a_real_server(served: Served) -> None:
    code, found = predict(served, "-d", '{"instances": [[1, 2]]}', "--repeat", "200", "-c", "8")

    assert (code, found["ok"], found["statuses"]) == (0, 200, {"200": 200})
