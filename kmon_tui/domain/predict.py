"""A request to a model and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kmon_tui.domain.service import Key
from kmon_tui.domain.via import Via as Via


class Speech(StrEnum):
    """The protocols that models speak over HTTP."""

    V1 = "v1"
    V2 = "v2"
    OPENAI = "openai"


@dataclass(frozen=True, slots=True)
class Header:
    """One header of a person's own; its value may be a secret, so no repr shows it."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """One request, complete but for the pod that it will reach."""

    key: Key
    speech: Speech
    path: str
    """With the leading slash, as ``/v1/models/iris:predict``."""
    body: str = field(repr=False, default="")
    host: str = ""
    """The Host header; empty: whatever the way has."""
    via: Via = Via.FORWARD
    headers: tuple[Header, ...] = ()
    timeout_s: float = 60.0
    """Longest silence: before the first byte of the answer, and between two."""
    label: str = ""
    """Name of the saved body that was sent, for the history; empty when it is none."""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body.encode())


@dataclass(frozen=True, slots=True)
class Split:
    """Where the time went, in ms; None: not known."""

    connect_ms: float | None = None
    """Until there was a connection, with TLS and, for a forward, its tunnel."""
    send_ms: float | None = None
    wait_ms: float | None = None
    """From the last byte sent until the headers of the answer."""
    read_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The pace of a streamed answer."""

    count: int
    """Pieces of text that came; servers send a token in each, as a rule."""
    first_ms: float
    """From the start of the request to the first piece."""
    between_ms: float | None = None
    """Mean time between two pieces; None with fewer than two."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What came of one request, complete or as far as it has come."""

    speech: Speech
    url: str
    """What was asked, without user info."""
    via: Via
    status: int | None = None
    """HTTP status; None: no answer came."""
    reason: str = ""
    latency_ms: float | None = None
    split: Split = Split()
    body: str = field(repr=False, default="")
    """The answer as text; of a stream the lines as they came. Untrusted."""
    text: str = field(repr=False, default="")
    """What the model said in a stream so far. Untrusted."""
    size: int = 0
    """Bytes of the answer's body."""
    media_type: str = ""
    server: str = ""
    """The ``server`` header: tells a proxy's answer from a model's."""
    pod: str = ""
    """``NAME:PORT`` of the pod that a forward reached."""
    error: str = ""
    """What is wrong, in one sentence; empty for a 2xx."""
    hint: str = ""
    tokens: Tokens | None = None
    complete: bool = False

    @property
    def ok(self) -> bool:
        """Whether the model answered with 2xx and said nothing of an error."""
        return self.status is not None and 200 <= self.status < 300 and not self.error


@dataclass(frozen=True, slots=True)
class Repetition:
    """What came of one request, sent many times."""

    speech: Speech
    url: str
    via: Via
    times: int
    concurrency: int
    done: int = 0
    ok: int = 0
    took_s: float = 0.0
    p50_ms: float | None = None
    """Quantiles of the answered requests, whatever their status."""
    p90_ms: float | None = None
    p99_ms: float | None = None
    statuses: tuple[tuple[str, int], ...] = ()
    """How often each status came, as (``200``, 48); ``no answer`` for none."""
    errors: tuple[tuple[str, int], ...] = ()
    """The most frequent errors, with how often."""

    @property
    def failed(self) -> int:
        """How many were not answered with 2xx."""
        return self.done - self.ok

    @property
    def requests_per_s(self) -> float | None:
        """The rate that was reached; None before the first answer."""
        return self.done / self.took_s if self.done and self.took_s > 0 else None


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of a service's history: bodies are not in it, for they are people's data."""

    at: datetime
    speech: Speech
    via: Via
    status: int | None
    latency_ms: float | None
    sent_bytes: int
    answer_bytes: int
    error: str = ""
    label: str = ""
    """Name of the saved body that was sent."""


@dataclass(frozen=True, slots=True)
class SavedBody:
    """A body that was saved by its name."""

    name: str
    speech: Speech
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the first request: how to ask the model, and with what."""

    request: PredictRequest
    """With a sample as its body."""
    notes: tuple[str, ...] = ()
    """What is to be said about the sample."""
    problem: str = ""
    """Why the model could not be asked about itself; empty when it was, or need not be."""
    address: str = ""
    """Scheme, host and port where requests go, for others to go there too; empty: not known."""
    history: tuple[Sent, ...] = ()
    """The newest first."""
    saved: tuple[SavedBody, ...] = ()


def sent_of(at: datetime, request: PredictRequest, prediction: Prediction) -> Sent:
    """Give the line that a history keeps of a request and its end."""
    return Sent(
        at,
        request.speech,
        request.via,
        prediction.status,
        prediction.latency_ms,
        request.size,
        prediction.size,
        prediction.error,
        request.label,
    )
