"""Reads the logs of all containers of one service: pods that come join, restarts are told, cuts are healed."""

from __future__ import annotations

import asyncio
from math import inf
from typing import NamedTuple
from urllib.parse import urlencode

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound
from kmon_tui.domain.health import Health
from kmon_tui.domain.logs import LogLine, LogRequest
from kmon_tui.domain.peek import rows, text
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Object
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.log_lines import Lines
from kmon_tui.live.log_runs import Run, runs_of, waiting
from kmon_tui.live.tree_branch import Branch, Soil
from kmon_tui.live.tree_owned import pods_selector
from kmon_tui.live.tree_parts import Part, pods_part
from kmon_tui.live.watch import Around

MOST_STREAMS = 60
"""So many containers at once, those of the newest pods first."""
QUEUE = 256
"""So many pieces wait to be taken before reading waits."""
GRACE_S = 5.0
"""How long a run may go on to be read after the next one has begun, or its pod has gone."""
CATCH_UP_S = 3.0
"""What comes within so long was written before it was asked for."""
Place = tuple[str, str, str]


class Limits(NamedTuple):
    """How many lines a view takes: more are counted and thrown away, for nobody can read them."""

    lines_per_s: float = 25_000.0
    burst: float = 100_000.0


class Source:
    """All lines of one request, as batches in ``take()``; its public fields say how it goes."""

    def __init__(
        self,
        client: KubeClient,
        request: LogRequest,
        around: Around,
        limits: Limits | None,
        mode: Mode = Mode.UNKNOWN,
        uid: str = "",
    ) -> None:
        """``uid``: of the service, by which pods are found that have lost their labels."""
        self.dropped = 0
        self.opened = False
        """Whether any log could be read."""
        self.is_cut = False
        """Whether a container had written more than was asked for."""
        self.refusal: BackendError | None = None
        """The first reason why a log could not be read."""
        self.news = asyncio.Event()
        """Set when there is something to take, or the fields have changed."""
        self._client, self._request, self._limits = client, request, limits
        self._around = around
        self._queue: asyncio.Queue[list[LogLine]] = asyncio.Queue(QUEUE)
        self._soil = Soil(client, request.key.namespace, around, self._saw_pods)
        self._pods = Branch(self._soil, pods_part(request.key, mode), "/api/v1")
        self._owner = "" if mode in (Mode.KNATIVE, Mode.MODELMESH) else uid
        """Whose pods are looked for by their owner, once, if no label leads to any."""
        self._pods_changed = asyncio.Event()
        self._runs: dict[Place, Run] = {}
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._streams: dict[tuple[str, str], None] = {}
        self._told: dict[str, None] = {}
        self._failing: dict[Place, str] = {}
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        self._unopened: set[Place] = set()
        """Of those that were there when the reading began: nothing is known yet of their logs."""
        self._allowance, self._allowed_s = limits.burst if limits else 0.0, 0.0

    # -- what a view shows

    @property
    def streams(self) -> tuple[tuple[str, str], ...]:
        """(pod, container) that are being read."""
        return tuple(self._streams)

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps lines from coming, one sentence each."""
        found = [*self._told, *self._failing.values()]
        if (blind := self._pods.blind) is not None:
            found.append(blind.text)
        pods = self._pods.basket.objects
        found += [said for pod in pods for said in waiting(pod, self._request)]
        if (many := len(self._asked())) > MOST_STREAMS:
            found.append(f"{MOST_STREAMS} of {many} containers are read, those of the newest pods")
        return tuple(found)

    @property
    def settled(self) -> bool:
        """Whether it is known which pods there are."""
        return self._pods.settled and (self.has_pods or not self._owner)

    @property
    def opening(self) -> int:
        """How many logs that were there when the reading began have not answered yet."""
        return len(self._unopened)

    @property
    def health(self) -> Health:
        """Of the way to the pods."""
        return self._pods.health

    @property
    def has_pods(self) -> bool:
        """Whether there is any pod."""
        return bool(self._pods.basket.things)

    @property
    def pods(self) -> int | None:
        """How many pods there are of those asked for, once that is known."""
        if not self.settled or (not self.has_pods and self._pods.blind is not None):
            return None
        wanted = self._request.pods
        return sum(not wanted or name in wanted for _, name in self._pods.basket.things)

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of all containers of the pods."""
        pods = self._pods.basket.objects
        fields = ("initContainers", "containers", "ephemeralContainers")
        names = [text(one, "name") for pod in pods for field in fields for one in rows(pod, "spec", field)]
        return tuple(dict.fromkeys(names))

    @property
    def ended(self) -> bool:
        """Whether everything was read and nothing is followed."""
        if self._request.follow or not self._begun or self._tasks or not self._queue.empty():
            return False
        return len(self._runs) >= len(self._asked())

    def begin(self) -> asyncio.Task[None]:
        """Read from now on, until the task is cancelled."""
        self._task = asyncio.create_task(self._run(), name=f"logs of {self._request.key}")
        self._task.add_done_callback(lambda _: self.news.set())
        return self._task

    async def fresh(self) -> None:
        """Wait until there is something new. Raises what ended the reading, which only a bug does."""
        await self.news.wait()
        self.news.clear()
        if self._task is not None and self._task.done():
            self._task.result()

    def take(self) -> list[list[LogLine]]:
        """Give all that came since the last time, by stream."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    # -- reading

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pods.follow(), name="pods whose logs are read")
            while True:
                self._pods_changed.clear()
                if self._pods.settled and not self.has_pods and self._owner:
                    await self._look_for_owned(tasks)
                if self.settled:
                    self._reconcile(tasks)
                    self._begun = True
                    self.news.set()
                await self._pods_changed.wait()

    async def _look_for_owned(self, tasks: asyncio.TaskGroup) -> None:
        owner, self._owner = self._owner, ""
        if selector := await pods_selector(self._client, self._request.key.namespace, owner):
            self._pods = Branch(self._soil, Part("Pod", "", ("v1",), "pods", selector), "/api/v1")
            tasks.create_task(self._pods.follow(), name="pods without labels whose logs are read")

    def _saw_pods(self) -> None:
        self._pods_changed.set()
        self.news.set()

    def _asked(self) -> list[Run]:
        """Give what there is to read: the models first, then what stands beside them, of the newest pods first."""
        pods = sorted(self._pods.basket.objects, key=_age, reverse=True)
        return sorted((run for pod in pods for run in runs_of(pod, self._request)), key=_place_in_line)

    def _reconcile(self, tasks: asyncio.TaskGroup) -> None:
        """Read what runs and is not read yet; say what has gone."""
        asked = {run.place: run for run in self._asked()}
        there = {name for _, name in self._pods.basket.things}
        gone = [run for place, run in self._runs.items() if place[0] not in there and place not in asked]
        for pod in dict.fromkeys(run.pod for run in gone):
            runs = [self._runs.pop(run.place) for run in gone if run.pod == pod]
            tasks.create_task(self._say_gone(runs), name=f"end of {pod}")
        for place, run in asked.items():
            known = self._runs.get(place)
            if known is not None and (known.id == run.id or not self._request.follow):
                self._runs[place] = run
            elif known is not None or len(self._tasks) < MOST_STREAMS:
                self._runs[place] = run
                self._start(tasks, run, known)

    def _start(self, tasks: asyncio.TaskGroup, run: Run, known: Run | None) -> None:
        before = self._tasks.get(run.place)
        early = not self._begun
        if early:
            self._unopened.add(run.place)
        task = tasks.create_task(self._read(run, known, before, early), name=f"log of {run.pod} {run.container}")
        self._tasks[run.place] = task

        def done(_: asyncio.Task[None]) -> None:
            if self._tasks.get(run.place) is task:
                del self._tasks[run.place]
            self._saw_pods()

        task.add_done_callback(done)

    async def _say_gone(self, runs: list[Run]) -> None:
        """Read what is left of a pod that is gone, then say so, once."""
        reading = [task for run in runs if (task := self._tasks.get(run.place)) is not None]
        if reading:
            await asyncio.wait(reading, timeout=GRACE_S)
        for task in reading:
            task.cancel()
        if self._request.follow:
            await self._put([LogLine("the pod is gone", runs[0].pod, "", None, mark=True)])

    async def _read(self, run: Run, known: Run | None, before: asyncio.Task[None] | None, early: bool) -> None:
        """Read one run of a container to its end, through cuts; ``early``: it was there when the reading began."""
        if before is not None:
            await asyncio.wait((before,), timeout=GRACE_S)
            before.cancel()
        if known is not None:
            how = f"restarted ({run.before})" if run.before else "restarted"
            await self._put([LogLine(how, run.pod, run.container, run.started, mark=True)])
        elif not early and self._request.follow:
            await self._put([LogLine("joined", run.pod, run.container, run.started, mark=True)])
        lines = Lines(run.pod, run.container)
        backoff, clock = self._around.pace.backoff, asyncio.get_running_loop().time
        first = known is None and early
        while True:
            began_s = clock()
            if await self._read_once(run, lines, first=first) or not self._goes_on(run):
                return
            backoff = backoff.failed(clock() - began_s)
            await asyncio.sleep(backoff.wait_s(self._around.chance()))
            if not self._goes_on(run):
                return
            lines.resume()

    def _goes_on(self, run: Run) -> bool:
        """Whether this run is worth another try: it runs still, as far as is known."""
        newest = self._runs.get(run.place)
        return self._request.follow and newest is not None and newest.id == run.id and newest.running

    async def _read_once(self, run: Run, lines: Lines, *, first: bool) -> bool:
        """Read until the stream ends; True: there is no point in another try."""
        path = f"/api/v1/namespaces/{self._request.key.namespace}/pods/{run.pod}/log?{self._query(run, lines, first)}"
        stream, clock, come = (run.pod, run.container), asyncio.get_running_loop().time, 0
        try:
            async with self._client.pieces(path, Ask("get", "pods/log", self._request.key.namespace), None) as piece:
                self._streams[stream] = None
                self._unopened.discard(run.place)
                self.opened = True
                self._failing.pop(run.place, None)
                self.news.set()
                opened_s = clock()
                while got := await piece():
                    if first and clock() - opened_s < CATCH_UP_S:
                        come += got.count(b"\n")
                        self.is_cut = self.is_cut or come >= (self._request.tail or inf)
                    if not self._is_allowed(got):
                        self.dropped += lines.count(got)
                        self.news.set()
                    elif found := lines.feed(got):
                        await self._put(found)
        except Forbidden as error:
            self.refusal = self.refusal or error
            self._told[error.message] = None
            return True
        except BackendError as error:
            if isinstance(error, NotFound) and not self._is_there(run):
                return True
            # A 404 of a pod that is there: its node cannot be found or asked (kube-apiserver's pod log strategy).
            said = f"{run.container} of {run.pod}: {error.said or error.message}"
            self.refusal = self.refusal or (BadAnswer(said, "Is its node there and ready?") if error.said else error)
            self._failing[run.place] = said
        finally:
            self._streams.pop(stream, None)
            self._unopened.discard(run.place)
            self.news.set()
        if found := lines.end():
            await self._put(found)
        return False

    def _is_there(self, run: Run) -> bool:
        """Whether the pod is there, as far as the watch has told."""
        return any(name == run.pod for _, name in self._pods.basket.things)

    def _query(self, run: Run, lines: Lines, first: bool) -> str:
        request = self._request
        query: dict[str, str | int] = {"container": run.container, "timestamps": "true"}
        if request.follow and run.running:
            query["follow"] = "true"
        if request.previous:
            query["previous"] = "true"
        if lines.last is not None:
            query["sinceTime"] = lines.last.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif first:
            if request.tail is not None:
                query["tailLines"] = request.tail
            if request.since_s is not None:
                query["sinceSeconds"] = max(1, request.since_s)
        return urlencode(query)

    def _is_allowed(self, piece: bytes) -> bool:
        """Whether there is room for a piece; always, for who takes every line."""
        limits = self._limits
        if limits is None:
            return True
        now_s = asyncio.get_running_loop().time()
        self._allowance = min(limits.burst, self._allowance + (now_s - self._allowed_s) * limits.lines_per_s)
        self._allowed_s = now_s
        if self._allowance <= 0:
            return False
        self._allowance -= piece.count(b"\n") + len(piece) / 1024
        return True

    async def _put(self, lines: list[LogLine]) -> None:
        await self._queue.put(lines)
        self.news.set()


def _place_in_line(run: Run) -> int:
    return 2 if run.container == "storage-initializer" else 1 if run.container in ("queue-proxy", "istio-proxy") else 0


def _age(pod: Object) -> str:
    return text(pod, "metadata", "creationTimestamp")


def sorted_by_time(batches: list[list[LogLine]]) -> list[LogLine]:
    """Put what came together in the order in which it was written; marks stay behind the line before them."""
    if len(batches) == 1:
        return batches[0]
    keyed: list[tuple[float, int, LogLine]] = []
    for batch in batches:
        at_s = 0.0
        for line in batch:
            at_s = line.time.timestamp() if line.time is not None else at_s or inf
            keyed.append((at_s, len(keyed), line))
    keyed.sort(key=lambda one: one[:2])
    return [line for _, _, line in keyed]
