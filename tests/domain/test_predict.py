"""Which protocol a model is asked in, with what, and what its errors mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kmon_tui.domain.predict import Speech, Via
from kmon_tui.domain.predict_answer import Spoken, complaint, failure
from kmon_tui.domain.predict_headers import BadHeader, header_of
from kmon_tui.domain.predict_numbers import share_below
from kmon_tui.domain.predict_samples import IRIS, MOST_VALUES, Tensor, described, pretty, sample, streams, wrong_json
from kmon_tui.domain.predict_speech import NoHttp, full_path, host_of, other_prefix, path_of, speech_of
from kmon_tui.domain.predict_stream import Piece, piece_of
from kmon_tui.domain.service import InferenceService, Key, Kind

DATA = Path(__file__).parents[1] / "data" / "predict"


def model(name: str = "sklearn-iris", kind: Kind = Kind.ISVC, **more: str) -> InferenceService:
    """Make a service of which only these facts are known."""
    return InferenceService(Key(kind, "default", name), **more)  # type: ignore[arg-type]  # of tests: texts alone


def recorded(name: str) -> Spoken:
    """Read what a real server answered."""
    head, _, body = (DATA / f"{name}.http").read_text().partition("\n\n")
    status, *lines = head.splitlines()
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
    media_type = headers.get("content-type", "").partition(";")[0]
    return Spoken(int(status.split()[1]), body, media_type, headers)


@pytest.mark.parametrize(
    ("isvc", "speech", "path"),
    [
        (model(), Speech.V1, "/v1/models/sklearn-iris:predict"),
        (model(protocol="v2"), Speech.V2, "/v2/models/sklearn-iris/infer"),
        (model(runtime="kserve-mlserver"), Speech.V2, "/v2/models/sklearn-iris/infer"),
        (model("gemma", format="huggingface"), Speech.OPENAI, "/openai/v1/chat/completions"),
        (model("gemma", runtime="team-vllm"), Speech.OPENAI, "/v1/chat/completions"),
        (model("qwen", Kind.LLM), Speech.OPENAI, "/v1/chat/completions"),
        (model("route", Kind.GRAPH), Speech.V1, "/"),
    ],
)
def test_the_protocol_follows_from_the_service(isvc: InferenceService, speech: Speech, path: str) -> None:
    assert (speech_of(isvc), path_of(isvc, speech_of(isvc))) == (speech, path)


@pytest.mark.parametrize("protocol", ["grpc-v2", "grpc-v1", "grpc"])
def test_a_model_that_speaks_grpc_alone_says_so(protocol: str) -> None:
    with pytest.raises(NoHttp, match="gRPC alone"):
        speech_of(model(protocol=protocol))


def test_an_openai_path_has_two_prefixes_and_others_have_none() -> None:
    paths = ["/openai/v1/chat/completions", "/v1/chat/completions", "/v1/models/iris:predict", "/"]

    assert [other_prefix(path) for path in paths] == ["/v1/chat/completions", "/openai/v1/chat/completions", None, None]


def test_user_info_of_a_url_is_no_part_of_the_host() -> None:
    assert host_of(model(url="http://me:secret@iris.example.com")) == "iris.example.com"


def test_a_gateway_sees_the_path_of_the_services_url_and_a_pod_does_not() -> None:
    isvc = model(url="http://gateway.example.com/serving/default/iris/")

    assert full_path(isvc, Via.INGRESS, "/v1/x") == "/serving/default/iris/v1/x"
    assert full_path(isvc, Via.FORWARD, "/v1/x") == "/v1/x"


@pytest.mark.parametrize("speech", [Speech.V1, Speech.V2])
def test_the_sample_of_an_iris_model_is_the_well_known_one(speech: Speech) -> None:
    body = json.loads(sample(model(), speech, "sklearn-iris"))

    rows = body["instances"] if speech is Speech.V1 else body["inputs"][0]["data"]
    assert rows == [list(row) for row in IRIS]


def test_a_sample_is_made_from_what_the_model_says_of_its_inputs() -> None:
    tensors = [Tensor("ids", "INT64", (-1, 3)), Tensor("text", "BYTES", (1,)), Tensor("on", "BOOL", (-1,))]

    inputs = json.loads(sample(model("bert"), Speech.V2, "bert", tensors))["inputs"]

    assert inputs == [
        {"name": "ids", "shape": [1, 3], "datatype": "INT64", "data": [0, 0, 0]},
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["text"]},
        {"name": "on", "shape": [1], "datatype": "BOOL", "data": [False]},
    ]


def test_a_picture_is_too_large_for_a_sample() -> None:
    picture = Tensor("image", "FP32", (1, 3, 224, 224))

    inputs = json.loads(sample(model("vision"), Speech.V2, "vision", [picture]))["inputs"]

    assert MOST_VALUES < 3 * 224 * 224
    assert inputs[0]["data"] == []


def test_the_name_of_an_input_cannot_command_the_terminal() -> None:
    body = sample(model("evil"), Speech.V2, "evil", [Tensor("\x1b[31m\u202eevil", "FP32", (1,))])

    assert "\u202e" not in body and "\x1b" not in body
    assert json.loads(body)["inputs"][0]["name"] == "\x1b[31m\u202eevil"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "the body is empty"),
        ('{"instances": [', "line 1, column 16: Expecting value"),
        ('{"a": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"instances": []}', ""),
    ],
)
def test_a_body_is_checked_before_it_is_sent(body: str, words: str) -> None:
    assert wrong_json(body) == words


@pytest.mark.parametrize(
    ("body", "speech", "words"),
    [
        ('{"instances": [[1], [2]]}', Speech.V1, "2 rows"),
        ('{"instances": [[1]]}', Speech.V1, "1 row"),
        ('{"inputs": [{}]}', Speech.V2, "1 input"),
        ('{"instances": []}', Speech.V2, "without inputs"),
        ('{"messages": [], "stream": true}', Speech.OPENAI, "streams"),
        ('{"messages": []}', Speech.OPENAI, "one answer"),
        ("[1]", Speech.V1, ""),
    ],
)
def test_a_valid_body_is_described(body: str, speech: Speech, words: str) -> None:
    assert described(body, speech) == words


def test_only_true_streams() -> None:
    assert streams('{"stream": true}')
    assert not streams('{"stream": "true"}')


def test_a_row_of_numbers_stays_a_row() -> None:
    assert pretty('{"predictions":[[1,2],[3,4]]}') == '{\n  "predictions": [\n    [1, 2],\n    [3, 4]\n  ]\n}'


def test_what_is_no_json_is_left_as_it_is() -> None:
    assert pretty("Traceback\n  x") == "Traceback\n  x"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kserve-sdk-v1-predict", "expected 4 features, got shape ()"),
        ("kserve-sdk-v1-predict-badjson", "Unrecognized request format: unexpected end of data: line 1 column 24"),
        ("kserve-sdk-v1-predict-crash", "ZeroDivisionError : division by zero"),
        ("kserve-sdk-v1-model-missing", "does not exist"),
        ("kserve-sdk-v2-infer-badjson", "body.12: JSON decode error (Expecting value)"),
        ("kserve-sdk-v2-infer-invalid", "body.InferenceRequest.inputs: Field required; body.bytes: Input should be"),
        ("sklearnserver-bad-shape", "X has 3 features, but SVC is expecting 4 features as input."),
        ("mlserver-v1", "Not Found"),
    ],
)
def test_errors_of_real_servers_are_read(name: str, words: str) -> None:
    spoken = recorded(name)

    error, _ = failure(spoken, Speech.V1, Via.FORWARD, "iris.example.com")

    assert spoken.status >= 400
    assert words in error


def test_of_a_traceback_the_last_line_is_told() -> None:
    assert complaint("Traceback (most recent call last):\n  File x\nValueError: no\n") == "ValueError: no"


def test_a_wrong_protocol_is_explained() -> None:
    _, hint = failure(recorded("kserve-sdk-openai-missing"), Speech.OPENAI, Via.FORWARD, "")

    assert "does not speak openai" in hint


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        (Spoken(404, "", headers={"server": "istio-envoy"}), "Istio's gateway knows no service with the Host iris.x"),
        (Spoken(404, "", headers={"server": "envoy"}), "the gateway knows no service with the Host iris.x"),
        (Spoken(503, "no healthy upstream", headers={"server": "istio-envoy"}), "reaches no pod of the service"),
        (
            Spoken(502, "dial tcp 127.0.0.1:8080: connect: connection refused\n", "text/plain"),
            "queue-proxy answers, the model behind it does not",
        ),
        (Spoken(503, "pending request queue full\n", "text/plain"), "queue-proxy's queue is full"),
        (Spoken(503, "activator overload\n", "text/plain"), "Knative's activator holds too many requests"),
        (Spoken(504, "activator request timeout\n", "text/plain"), "Knative's activator gave up: no pod took"),
        (Spoken(504, "request timeout", "text/plain"), "longer than the revision's timeoutSeconds"),
        (Spoken(301, "", headers={"location": "https://iris.x/v1?token=abc"}), "sent on to https://iris.x/v1"),
        (Spoken(403, "<html><title>Sign in</title>", "text/html"), "a page for people: Sign in"),
        (Spoken(500, ""), "HTTP 500 without a word"),
    ],
)
def test_what_proxies_say_is_explained(spoken: Spoken, words: str) -> None:
    error, hint = failure(spoken, Speech.V1, Via.INGRESS, "iris.x")

    assert words in error
    assert "token=abc" not in error + hint


def test_a_success_has_no_complaint() -> None:
    assert failure(Spoken(200, '{"error": "a field of the answer"}'), Speech.V1, Via.URL, "") == ("", "")


def test_a_recorded_stream_is_read_piece_by_piece() -> None:
    pieces = [piece_of(line) for line in recorded("openai-kserve-0.14-chat-stream").body.splitlines()]

    assert "".join(piece.text for piece in pieces if piece) == "Hello"
    assert [piece for piece in pieces if piece][-1] == Piece(over=True)


@pytest.mark.parametrize(
    ("line", "piece"),
    [
        (": ping", None),
        ("event: message", None),
        ("data: {", None),
        ('data: {"choices": []}', None),
        ('data: {"choices": [{"text": " world"}]}', Piece(" world")),
        ('data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}', Piece("hm")),
        ('data:{"error": {"message": "out of memory"}}', Piece(error="out of memory")),
    ],
)
def test_odd_lines_of_streams(line: str, piece: Piece | None) -> None:
    assert piece_of(line) == piece


def test_quantiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]

    assert [share_below(values, q) for q in (0.5, 0.9, 0.99)] == [50.0, 90.0, 99.0]
    assert share_below([7.0], 0.99) == 7.0
    assert share_below([], 0.5) is None


def test_a_header_that_is_none_is_refused_without_its_value() -> None:
    for line in ("X-Api-Key abc123", "X Key: abc123", "Content-Length: 123", "X-Key: abc123\x00"):
        with pytest.raises(BadHeader) as caught:
            header_of(line)
        assert "abc123" not in caught.value.message


def test_no_repr_shows_the_value_of_a_header() -> None:
    assert "secret" not in repr(header_of("Authorization: Bearer secret"))
