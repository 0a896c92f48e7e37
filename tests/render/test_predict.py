"""Words and lines about requests to models: nothing that a model says commands the terminal, no secret is shown."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from kmon_tui.domain.predict import Header, Prediction, PredictRequest, Speech, Via
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.predict import MOST_LINES, answer_lines
from kmon_tui.render.predict_curl import before_curl, curl
from kmon_tui.render.predict_words import answer_text, milliseconds, outcome_words, size_words

KEY = Key(Kind.ISVC, "default", "iris")
IRIS = InferenceService(KEY, url="http://iris.default.example.com")
REQUEST = PredictRequest(KEY, Speech.V1, "/v1/models/iris:predict", '{"a": "it\'s"}', "iris.default.example.com")


def answer(**more: object) -> Prediction:
    """Make a complete answer."""
    usual: dict[str, object] = {"status": 200, "reason": "OK", "latency_ms": 38.2, "complete": True}
    return Prediction(Speech.V1, "http://x", Via.FORWARD, **(usual | more))  # type: ignore[arg-type]  # of tests


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "\x9b2J", "a\x00b", "\u202eevil", "bell\x07"])
def test_no_answer_commands_the_terminal(hostile: str) -> None:
    texts = [text_of(line) for line in answer_lines(answer(body=hostile, error=hostile, hint=hostile), 40)]
    texts += [answer_text(hostile), *outcome_words(answer(reason=hostile, error=hostile, hint=hostile, pod=hostile))]

    assert all(text.isprintable() for text in texts)


def test_lines_stay_lines_in_an_answer() -> None:
    assert answer_text("a\r\n\tb\nc") == "a\n    b\nc"


@pytest.mark.parametrize("width", [8, 20, 38])
def test_no_line_of_an_answer_is_too_wide(width: int) -> None:
    wide = answer(body="x" * 100 + "模型" * 30 + "\n" + " " * 50)

    assert max(width_of(line) for line in answer_lines(wide, width)) <= width


def test_an_endless_answer_is_cut() -> None:
    lines = answer_lines(answer(body="x\n" * 50_000), 40)

    assert len(lines) == MOST_LINES + 1
    assert "not shown" in text_of(lines[-1])


@pytest.mark.parametrize(("value", "text"), [(None, "?"), (0.42, "0.4 ms"), (38.2, "38 ms"), (12_400.0, "12.4 s")])
def test_latencies(value: float | None, text: str) -> None:
    assert milliseconds(value) == text


def test_sizes() -> None:
    assert [size_words(size) for size in (0, 23, 1200)] == ["0 B", "23 B", "1.2kB"]


def test_curl_says_what_is_sent_and_survives_a_shell() -> None:
    words = shlex.split(curl(IRIS, replace(REQUEST, via=Via.URL)))

    assert words[:3] == ["curl", "-sS", "http://iris.default.example.com/v1/models/iris:predict"]
    assert "Content-Type: application/json" in words
    assert words[-2:] == ["-d", REQUEST.body]


def test_curl_to_a_gateway_names_the_service_in_the_host() -> None:
    words = shlex.split(curl(IRIS, replace(REQUEST, via=Via.INGRESS), "http://10.0.0.7/"))

    assert words[2] == "http://10.0.0.7/v1/models/iris:predict"
    assert "Host: iris.default.example.com" in words


def test_curl_through_a_forward_says_what_has_to_run_beside_it() -> None:
    assert "http://127.0.0.1:8080/v1/models/iris:predict" in curl(IRIS, REQUEST)
    assert before_curl(IRIS, REQUEST) == "kmon-tui forward isvc/iris 8080 -n default"
    assert before_curl(IRIS, replace(REQUEST, via=Via.URL)) == ""


def test_curl_speaks_tls_to_a_pod_that_does() -> None:
    words = shlex.split(curl(IRIS, REQUEST, "https://qwen-1:8000"))

    assert words[:4] == ["curl", "-sS", "-k", "https://127.0.0.1:8080/v1/models/iris:predict"]


def test_a_secret_becomes_a_variable_in_curl() -> None:
    own = (Header("Authorization", "Bearer abc123"), Header("X-Api-Key", "abc123"))

    command = curl(IRIS, replace(REQUEST, headers=own))

    assert "abc123" not in command
    assert '-H "Authorization: Bearer $TOKEN"' in command
    assert '-H "X-Api-Key: $X_API_KEY"' in command
