"""prometheus-api-client in one thread of its own: one query at a time, each with a limit, foreign errors translated.

Who waits for longer than that is told; the question stays with the server until it is answered, and nothing is asked
beside it.

Nothing heavy is imported before the thread's first job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import msgspec

from kmon_tui.domain.errors import BackendError, BadAnswer, Unreachable
from kmon_tui.live.heap import give_back_large_blocks
from kmon_tui.live.patience import CONNECT_S, PATIENCE_S, Manners, Pending, Turn
from kmon_tui.live.prometheus_address import parse_address
from kmon_tui.live.prometheus_answers import Row, TooLong, Track, never_arrived, too_slow, translate
from kmon_tui.settings import PrometheusSettings

if TYPE_CHECKING:
    from prometheus_api_client import PrometheusConnect

T = TypeVar("T")
AdapterFactory: TypeAlias = Callable[[], Any]
"""Makes a ``requests.adapters.BaseAdapter``: another way to the server than TCP. Called in the thread.

If the adapter has a method ``abort``, another thread calls it to cut off what is on its way.
"""

MOST_WARNED = 300
"""Characters of a warning that are kept."""
QUERY_TIMEOUT = "4s"
"""After it Prometheus itself gives up on a query."""
LOOK_S = 0.1
"""Those who wait look so often whether the answer is overdue."""


AHEAD_STEPS = 3
"""VictoriaMetrics puts older values in place of those of the last half minute, unless a range ends after now
(``adjustLastPoints``)."""
UNLIMITED = 1_000_000


class Spent(BackendError):
    """Nothing more may be asked now."""


class Api:
    """Questions to one Prometheus. Lives in the thread; every question raises BackendError and nothing else."""

    def __init__(
        self, url: str, connect: PrometheusConnect, session: Any, abort: Callable[[], None] | None = None
    ) -> None:
        from urllib3.exceptions import HTTPError

        self._url = url
        self._connect = connect
        self._session = session
        self._abort = abort
        # OSError is the base of requests' own exceptions, too.
        self._foreign = (OSError, HTTPError, msgspec.DecodeError, TooLong)
        self.left = UNLIMITED
        """Instant queries that may still be asked."""
        self.questions = 0
        """All questions since then."""
        self.turn = Turn()
        """Of the job that asks."""
        self._ending = False

    def begin(self) -> None:
        """Count and time anew, as at the beginning of a tick."""
        self.questions = 0
        self._session.took_s, self._session.exact = 0.0, True
        self._session.warned.clear()

    @property
    def took_s(self) -> float:
        """Time that the server took for all questions since ``begin``; see ``LineTime``."""
        return float(self._session.took_s)

    @property
    def exact(self) -> bool:
        """Whether that was not measured by our own clock, which may have had a bad moment."""
        return bool(self._session.exact)

    @property
    def is_victoria(self) -> bool:
        """Whether VictoriaMetrics answers; it is asked otherwise, for the same answers."""
        return bool(self._session.is_victoria)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the answers since then warned of: numbers may be too low."""
        return tuple(text[:MOST_WARNED] for text in list(self._session.warned)[:3])

    def query(self, expression: str, at_s: float | None = None) -> list[Row]:
        """Evaluate now (by the server's clock), or at ``at_s``."""
        if self.left <= 0:
            raise Spent("all questions of this tick are asked")
        self.left -= 1
        params = {"timeout": QUERY_TIMEOUT} | ({"time": f"{at_s:.3f}"} if at_s is not None else {})
        return cast("list[Row]", self._ask(lambda: self._connect.custom_query(expression, params=params)))

    def query_range(self, expression: str, start_s: int, end_s: int, step_s: int) -> list[Track]:
        """Evaluate at every step from ``start_s`` to ``end_s``, both included."""
        late_s = end_s + AHEAD_STEPS * step_s if self.is_victoria else end_s
        start, end = (datetime.fromtimestamp(s, UTC) for s in (start_s, late_s))
        params = {"timeout": QUERY_TIMEOUT}
        tracks = cast(
            "list[Track]",
            self._ask(lambda: self._connect.custom_query_range(expression, start, end, str(step_s), params=params)),
        )
        if late_s > end_s:
            for track in tracks:
                track.until_s = end_s
            return [track for track in tracks if track.values or track.histograms]
        # A proxy may answer with series that hold nothing, or another program with what is no range.
        return [track for track in tracks if not track.is_empty]

    def read(self, path: str) -> Any:
        """Read ``data`` of another part of the API, as ``status/buildinfo``."""
        answer = self._ask(
            lambda: self._session.request(
                "GET", f"{self._url}/api/v1/{path}", timeout=(CONNECT_S, PATIENCE_S), verify=self._session.verify
            ).json()
        )
        return answer.get("data")

    def end(self) -> None:
        """Ask nothing more, and cut off the question that is on its way; called from another thread."""
        self._ending = True
        if self._abort is not None:
            self._abort()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, question: Callable[[], T]) -> T:
        self._go_on()
        self.questions += 1
        try:
            answer = question()
        except self._foreign as error:
            if never_arrived(error):
                self.left += 1
            raise translate(error, self._url) from error
        self._go_on()
        return answer

    def _go_on(self) -> None:
        if self._ending:
            raise Unreachable("the way to Prometheus is closed")
        if self.turn.over:
            raise too_slow(self._url)


class PrometheusClient:
    """Runs jobs on the Api of one Prometheus, one after the other, off the event loop."""

    def __init__(self, settings: PrometheusSettings, adapter: AdapterFactory | None = None) -> None:
        """Check the settings; nothing is sent yet. Raises SettingsError."""
        self.address = parse_address(settings)
        self._settings = settings
        self._adapter = adapter
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prometheus")
        self._api: Api | None = None
        self._pending = Pending()
        self._manners = Manners(self.address.url, self._pending)

    async def run(self, job: Callable[[Api], T]) -> T:
        """Run a job in the thread. When it is too slow, or the caller cancelled, the job ends at its next question."""
        if busy_s := self._manners.busy_s:
            await asyncio.sleep(busy_s)
        if late := self._manners.late():
            raise late
        turn = Turn()
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._run, job, turn)
        try:
            while not (await asyncio.wait((running,), timeout=LOOK_S))[0]:
                if late := self._manners.late():
                    raise late
        except BaseException:
            turn.over = True
            running.add_done_callback(_forget)
            raise
        return running.result()

    def _run(self, job: Callable[[Api], T], turn: Turn) -> T:
        if self._api is None:
            self._api = self._open()
        self._api.turn = turn
        try:
            found = job(self._api)
        except (KeyError, ValueError) as error:
            # An answer to what is asked has the labels that are asked for, and numbers for values.
            told = f"{self.address.url} answers with series that were not asked for ({error})"
            raise BadAnswer(told, "Is it Prometheus that listens there, and not only something like it?") from error
        if not turn.over:
            self._manners.answered()
        return found

    def _open(self) -> Api:
        from urllib3.util.retry import Retry

        from kmon_tui.live.lean_requests import PrometheusConnect
        from kmon_tui.live.prometheus_session import Session
        from kmon_tui.live.prometheus_transport import Transport

        give_back_large_blocks()
        adapter = self._adapter() if self._adapter is not None else Transport()
        self._pending.opening = getattr(adapter, "opening", self._pending.opening)
        session = Session(self.address, self._settings, self._pending)
        connect = PrometheusConnect(
            url=self.address.url, session=session, retry=Retry(total=0), timeout=(CONNECT_S, PATIENCE_S)
        )
        session.mount(self.address.url, adapter)
        return Api(self.address.url, connect, session, getattr(adapter, "abort", None))

    async def aclose(self) -> None:
        """End the thread; the question that is on its way is cut off."""
        self._manners.leave()
        if self._api is not None:
            self._api.end()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        if self._api is not None:
            self._api.close()


def _forget(running: asyncio.Future[Any]) -> None:
    """Let what became of a job that nobody waits for be nobody's."""
    if not running.cancelled():
        running.exception()
