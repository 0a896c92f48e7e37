"""What containers wrote, as views of the newest lines for a screen, or as every line for a pipe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from kmon_tui.backend import Stream
from kmon_tui.domain.errors import Absent, BackendError
from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Key, Kind, Mode
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.discovery import GROUP, PLURALS, VERSIONS
from kmon_tui.live.ending import ended
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import raise_if_failing
from kmon_tui.live.log_ring import Ring
from kmon_tui.live.log_source import Limits, Source, sorted_by_time
from kmon_tui.live.objects import facts_of
from kmon_tui.live.quiet_gc import Unpaused
from kmon_tui.live.shapes import Served
from kmon_tui.live.watch import Around

GAP_S = 0.1
"""At least so long between two views."""
QUIET_S, LONGEST_S = 0.25, 1.5
"""What is there at the start is put in order once all logs are open and nothing comes for so long, or after so long."""
OPENING_S = 5.0
"""So long the first log is waited for, and all of them: requests wait for one another, and five go in a second."""


async def follow(
    client: KubeClient, request: LogRequest, around: Around | None = None, limits: Limits | None = None
) -> Stream[LogView]:
    """Stream the newest lines; see ``backend.Logs``."""
    ring = Ring()
    async with _reading(client, request, around, limits or Limits()) as source:
        batches = await _settled(source)
        while True:
            if batches:
                ring.add(sorted_by_time(batches))
            yield LogView(
                request,
                ring.chunks,
                ring.first,
                ring.total,
                source.dropped,
                source.streams,
                source.problems,
                source.ended,
                source.pods,
                source.is_cut,
            )
            await asyncio.sleep(GAP_S)
            await source.fresh()
            batches = source.take()


async def read(client: KubeClient, request: LogRequest, around: Around | None = None) -> Stream[tuple[LogLine, ...]]:
    """Stream all lines; see ``backend.Logs``."""
    async with _reading(client, request, around, None) as source:
        batches = await _settled(source)
        said: set[str] = set()
        while True:
            if not source.settled or not source.has_pods:
                raise_if_failing(source.health)
            if source.ended and not source.opened and source.refusal is not None:
                raise source.refusal
            lines = sorted_by_time(batches) if batches else []
            fresh = [problem for problem in source.problems if problem not in said]
            said.update(fresh)
            lines += [LogLine(problem, mark=True) for problem in fresh]
            if lines:
                yield tuple(lines)
            if source.ended:
                if not source.has_pods:
                    raise Absent(f"{request.key} has no pods", "One that is scaled to zero or stopped has none.")
                _raise_if_nameless(request, source.containers)
                if request.previous and not source.opened and not source.problems:
                    raise Absent(f"no container of {request.key} has restarted", "Ask without --previous.")
                if not source.opened and source.problems:
                    raise Absent(f"no log of {request.key} could be read", "With -f they are waited for.")
                return
            await source.fresh()
            batches = source.take()


def _raise_if_nameless(request: LogRequest, names: tuple[str, ...]) -> None:
    """Raise Absent when no container is called as it was asked for."""
    if request.containers and names and not set(request.containers) & set(names):
        asked = ", ".join(request.containers)
        raise Absent(f"no container of {request.key} is called {asked}", f"There are {', '.join(names)}.")


@asynccontextmanager
async def _reading(
    client: KubeClient, request: LogRequest, around: Around | None, limits: Limits | None
) -> AsyncGenerator[Source]:
    given = around or Around()
    mode, uid = await _told_by(client, request.key)
    source = Source(client, request, Around(given.chance, given.pace, Unpaused()), limits, mode, uid)
    task = source.begin()
    try:
        yield source
    finally:
        await ended(task)


async def _told_by(client: KubeClient, key: Key) -> tuple[Mode, str]:
    """Say how a service is run, if that can be known soon: in ModelMesh its model is in pods of others' names.

    And its uid, which those tell that have lost their labels.
    """
    if key.kind is not Kind.ISVC:
        return Mode.UNKNOWN, ""
    path = f"{GROUP}/{VERSIONS[key.kind][0]}/namespaces/{key.namespace}/{PLURALS[key.kind]}/{key.name}"
    try:
        async with asyncio.timeout(LONGEST_S):
            body = await client.get(path, Ask("get", PLURALS[key.kind], key.namespace))
        facts = facts_of(Codec(Served).thing(body), key.kind)
    except (BackendError, NotReadable, TimeoutError):
        return Mode.UNKNOWN, ""  # its pods are looked for by its own label
    return (Mode.UNKNOWN, "") if facts is None else (facts.mode, facts.uid)


async def _settled(source: Source) -> list[list[LogLine]]:
    """Give what is there at the start, once it is there."""
    clock = asyncio.get_running_loop().time
    began_s = opened_s = clock()
    batches, opening = source.take(), 0
    while not source.ended:
        patience_s = OPENING_S if source.opening and not source.opened else LONGEST_S
        if clock() >= min(opened_s + patience_s, began_s + OPENING_S):
            break
        try:
            async with asyncio.timeout(QUIET_S):
                await source.fresh()
        except TimeoutError:
            if source.settled and not source.opening:
                break
        if source.opening != opening:
            opened_s, opening = clock(), source.opening
        batches += source.take()
    return batches
