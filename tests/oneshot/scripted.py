"""A backend that says what a test wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness, Replicas, TrafficShare
from kmon_tui.settings import Settings

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IRIS = InferenceService(
    Key(Kind.ISVC, "default", "sklearn-iris"),
    readiness=Readiness.READY,
    ready=True,
    since=NOW - timedelta(hours=2),
    mode=Mode.KNATIVE,
    runtime="kserve-sklearnserver",
    format="sklearn 1",
    url="http://sklearn-iris.default.example.com",
    replicas=Replicas(2, 2),
    traffic=(
        TrafficShare("sklearn-iris-predictor-00001", 90, "prev"),
        TrafficShare("sklearn-iris-predictor-00002", 10, latest=True),
    ),
    created=NOW - timedelta(days=12),
)
BROKEN = InferenceService(
    Key(Kind.ISVC, "risk", "fraud"),
    readiness=Readiness.FAILED,
    ready=False,
    reason="ModelLoadFailed",
    message="403 \x1b[31mAccessDenied\x1b[0m\ns3://risk/fraud",
    mode=Mode.STANDARD,
    replicas=Replicas(None, 2),
)
GEMMA = InferenceService(Key(Kind.LLM, "llm", "gemma"), created=NOW - timedelta(minutes=5))
KINDS = (Kind.ISVC, Kind.LLM)
FLEET = Fleet((IRIS, GEMMA, BROKEN), synced=True, health=Health(Status.LIVE), kinds=KINDS)


def backend_of(values: Sequence[Fleet | BackendError]) -> OpenBackend:
    """Open a backend whose watch gives these values and then stays silent; an error is raised."""

    class Scripted:
        async def watch(self) -> AsyncGenerator[Fleet, None]:
            for value in values:
                if isinstance(value, BackendError):
                    raise value
                yield value
            await asyncio.Event().wait()

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncGenerator[Backend, None]:
        yield Backend(Place(context="prod", namespace=settings.kube.namespace), Scripted(), None)

    return opened
