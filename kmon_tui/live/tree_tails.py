"""The last lines of containers in trouble: asked for once, and again only when one has restarted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from kmon_tui.domain.errors import BackendError, Forbidden
from kmon_tui.domain.peek import at, name_of, number, rows, text
from kmon_tui.domain.tree import Blind, LogTail, Object, Why
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient

LINES = 40
MORE_LINES = 200
"""Of a log whose end says that the reason stands further up: vLLM's front end writes a long traceback after that."""
_FURTHER_UP = b"See root cause above"
MOST = 4
"""So many containers at most, of the newest pods first."""
LINE_LENGTH = 2000
_READ = 2**18
"""Of longer tails the end is kept."""
_SILENCE_S = 5.0


class Instance(NamedTuple):
    """One run of one container."""

    pod: str
    uid: str
    container: str
    restarts: int
    previous: bool


class Tails:
    """The tails of one service."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._known: dict[Instance, LogTail | None] = {}
        self._forbidden: Forbidden | None = None

    @property
    def blind(self) -> Blind | None:
        """Why logs cannot be read; None when they can."""
        return None if self._forbidden is None else Blind("pods/log", Why.FORBIDDEN, self._forbidden.message)

    def missing(self, pods: Iterable[Object]) -> list[Instance]:
        """Give what is to be asked for; what is no longer in trouble is forgotten."""
        wanted = in_trouble(pods)
        self._known = {one: tail for one, tail in self._known.items() if one in wanted}
        return [] if self._forbidden is not None else [one for one in wanted if one not in self._known]

    def found(self) -> tuple[LogTail, ...]:
        """Give what was read."""
        return tuple(tail for tail in self._known.values() if tail is not None)

    async def ask(self, instance: Instance) -> None:
        """Read the tail of one container. A container that has no log, or not any more, has an empty one."""
        try:
            body, most = await self._read(instance, LINES), LINES
            if _FURTHER_UP in body:
                body, most = await self._read(instance, MORE_LINES), MORE_LINES
        except Forbidden as error:
            self._forbidden = error
        except BackendError:
            self._known[instance] = None  # gone, rotated away, its node does not answer: there are no lines
        else:
            lines = tuple(line[:LINE_LENGTH] for line in body.decode("utf-8", "replace").splitlines()[-most:])
            self._known[instance] = LogTail(instance.pod, instance.container, lines, instance.previous)

    async def _read(self, instance: Instance, lines: int) -> bytes:
        query: dict[str, str | int] = {"container": instance.container, "tailLines": lines}
        if instance.previous:
            query["previous"] = "true"
        path = f"/api/v1/namespaces/{self._namespace}/pods/{instance.pod}/log?{urlencode(query)}"
        body = bytearray()
        async with self._client.pieces(path, Ask("get", "pods/log", self._namespace), _SILENCE_S) as next_piece:
            while piece := await next_piece():
                body += piece
                del body[:-_READ]
        return bytes(body)


def in_trouble(pods: Iterable[Object]) -> list[Instance]:
    """Give the containers whose last words are worth reading, those of the newest pods first."""
    newest = sorted(pods, key=lambda pod: text(pod, "metadata", "creationTimestamp"), reverse=True)
    return [one for pod in newest for one in _of_pod(pod)][:MOST]


def _of_pod(pod: Object) -> Iterator[Instance]:
    inits, mains = rows(pod, "status", "initContainerStatuses"), rows(pod, "status", "containerStatuses")
    for status in (*inits, *sorted(mains, key=lambda one: text(one, "name") == "queue-proxy")):
        previous = _previous(status, init=status in inits)
        if previous is not None:
            restarts = number(status, "restartCount") or 0
            yield Instance(name_of(pod), text(pod, "metadata", "uid"), text(status, "name"), restarts, previous)


def _previous(status: Mapping[str, object], *, init: bool) -> bool | None:
    """Say whether the run before this one is worth reading, or this one; None: it is not in trouble."""
    ended, last = at(status, "state", "terminated"), at(status, "lastState", "terminated")
    if isinstance(ended, Mapping):
        return None if number(ended, "exitCode") == 0 else False
    if at(status, "ready") is True:
        # Killed an hour ago and well since: its last words are still an answer.
        return True if isinstance(last, Mapping) and number(last, "exitCode") else None
    if isinstance(last, Mapping):
        return isinstance(at(status, "state", "running"), Mapping)
    running = isinstance(at(status, "state", "running"), Mapping)
    return False if running and not init else None
