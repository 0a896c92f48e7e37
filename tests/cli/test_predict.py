"""`kmon-tui predict` as a script calls it: data on standard output, words on standard error, exit codes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.e2e.sandbox import Place, run, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


def predict(place: Place, *words: str, home: Path | None = None) -> CompletedProcess[str]:
    env = {"XDG_DATA_HOME": str(home)} if home is not None else None
    return run("predict", *words, "--kubeconfig", str(place.kubeconfig), "-A", env=env)


def document(done: CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_the_demo_answers_the_well_known_rows() -> None:
    done = run("predict", "sklearn-iris", "--demo", "-o", "json")

    assert done.returncode == 0, done.stderr
    found = document(done)
    assert found["response"] == {"predictions": [1, 1]}
    assert {"status", "latency_ms", "protocol", "url", "via"} <= found.keys()
    assert (found["status"], found["protocol"], found["via"]) == (200, "v1", "forward")


def test_the_body_alone_is_on_standard_output(sandbox: Place) -> None:
    done = predict(sandbox, "sklearn-iris", "-d", '{"instances": [[5.1, 3.5, 1.4, 0.2]]}')

    assert json.loads(done.stdout) == {"predictions": [0]}
    assert "200 OK" in done.stderr


def test_a_graph_is_asked_at_its_root(sandbox: Place) -> None:
    done = predict(sandbox, "inferencegraph/fraud-router", "-o", "json")

    assert done.returncode == 0, done.stderr
    assert document(done)["url"].endswith(":8080/")


def test_a_body_comes_from_a_file(sandbox: Place, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"instances": [[5.1, 3.5, 1.4, 0.2]]}')

    assert document(predict(sandbox, "sklearn-iris", "-f", str(body), "-o", "json"))["response"] == {"predictions": [0]}


def test_v2_is_spoken_when_it_is_wished(sandbox: Place) -> None:
    found = document(predict(sandbox, "sklearn-iris", "--protocol", "v2", "-o", "json"))

    assert found["protocol"] == "v2"
    assert found["response"]["outputs"][0]["data"] == [1, 1]


def test_a_language_model_streams(sandbox: Place) -> None:
    found = document(predict(sandbox, "llama-chat", "-o", "json"))

    assert found["response"].startswith("You asked:")
    assert found["tokens"]["count"] > 1


def test_an_answer_that_is_no_success_ends_with_1(sandbox: Place) -> None:
    done = predict(sandbox, "sklearn-iris", "-d", '{"instances": [[1]]}', "-o", "json")

    assert done.returncode == 1
    assert document(done)["status"] == 500
    assert "expecting 4 features" in document(done)["error"]
    assert "response" not in document(done)


def test_a_service_without_a_pod_ends_with_1_and_says_why(sandbox: Place) -> None:
    done = predict(sandbox, "thumbnails", "-o", "json")

    assert done.returncode == 1
    assert document(done)["status"] is None
    assert "stopped" in document(done)["error"]


def test_many_requests_are_summed_up(sandbox: Place) -> None:
    done = predict(sandbox, "sklearn-iris", "--repeat", "20", "-c", "4", "-o", "json")

    assert done.returncode == 0, done.stderr
    found = document(done)
    assert (found["ok"], found["failed"], found["statuses"]) == (20, 0, {"200": 20})
    assert found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]


def test_a_request_that_wakes_a_service_says_so_before_it_is_sent(sandbox: Place) -> None:
    heard: list[str | None] = []

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gateway = f"http://127.0.0.1:{server.server_port}"
        done = predict(sandbox, "ocr", "--via", "ingress", "--ingress", gateway, "-d", "{}")
        server.shutdown()

    assert done.returncode == 0, done.stderr
    assert heard == ["ocr.vision.example.com"]
    assert "ocr is scaled to zero: this request wakes it, and may take up to 120 s" in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nosuch",), 1, "there is no service nosuch"),
        (("sklearn-iris", "-d", '{"instances":'), 2, "the body is no JSON"),
        (("sklearn-iris", "-d", "{}", "-f", "x"), 2, "-d and -f both give a body"),
        (("sklearn-iris", "-f", "/nonexistent"), 2, "No such file"),
        (("sklearn-iris", "--protocol", "v3"), 2, "there is no protocol 'v3'"),
        (("sklearn-iris", "--repeat", "0"), 2, "is no number from 1 to"),
        (("sklearn-iris", "--timeout", "soon"), 2, "must be a duration"),
        (("sklearn-iris", "-o", "xml"), 2, "there is no output format"),
        (("sklearn-iris", "-H", "X Key: abc123"), 2, "a header is written as"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(sandbox: Place, words: tuple[str, ...], code: int, said: str) -> None:
    done = predict(sandbox, *words)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "abc123" not in done.stderr
    assert done.stdout == ""


def test_a_oneshot_keeps_neither_history_nor_token(sandbox: Place, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc123\n")

    done = predict(sandbox, "sklearn-iris", "--bearer-token-file", str(token), "-o", "json", home=tmp_path / "data")

    assert done.returncode == 0, done.stderr
    assert "abc123" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()
