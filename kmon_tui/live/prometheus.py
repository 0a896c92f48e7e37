"""prometheus-api-client in one thread of its own: one query at a time, each with a limit, foreign errors translated.

Nothing heavy is imported before the thread's first job.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import msgspec

from kmon_tui.domain.errors import BackendError, TimedOut, Unreachable
from kmon_tui.live.heap import give_back_large_blocks
from kmon_tui.live.prometheus_address import parse_address
from kmon_tui.live.prometheus_answers import Row, TooLong, Track, too_slow, translate, was_asked
from kmon_tui.settings import PrometheusSettings

if TYPE_CHECKING:
    from prometheus_api_client import PrometheusConnect

T = TypeVar("T")
AdapterFactory: TypeAlias = Callable[[], Any]
"""Makes a ``requests.adapters.BaseAdapter``: another way to the server than TCP. Called in the thread.

If the adapter has a method ``abort``, another thread calls it to cut off what is on its way.
"""

CONNECT_S, SILENCE_S = 2.0, 5.0
SETTLE_S, LONGEST_SETTLE_S = 10.0, 60.0
"""A question that got no answer in time may still be at work over there: nothing is asked for so long, longer each
time that it happens again, so that a slow server never has two of ours."""
MOST_WARNED = 300
"""Characters of a warning that are kept."""
QUERY_TIMEOUT = "4s"
"""After it Prometheus itself gives up on a query."""


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
        self.took_s = 0.0
        """Time that all questions took since ``begin``."""
        self.asked = 0
        """Instant queries since ``begin``."""
        self.questions = 0
        """All questions since then."""
        self._ending = False
        self._settled_s = 0.0
        """When the next question may be asked, by the monotonic clock."""
        self._settle_s = SETTLE_S

    def begin(self) -> None:
        """Count and time anew, as at the beginning of a tick."""
        self.took_s, self.asked, self.questions = 0.0, 0, 0
        self._session.warned.clear()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the answers since then warned of: numbers may be too low."""
        return tuple(text[:MOST_WARNED] for text in list(self._session.warned)[:3])

    def query(self, expression: str, at_s: float | None = None) -> list[Row]:
        """Evaluate now (by the server's clock), or at ``at_s``."""
        self.asked += 1
        params = {"timeout": QUERY_TIMEOUT} | ({"time": f"{at_s:.3f}"} if at_s is not None else {})
        return cast("list[Row]", self._ask(lambda: self._connect.custom_query(expression, params=params)))

    def query_range(self, expression: str, start_s: int, end_s: int, step_s: int) -> list[Track]:
        """Evaluate at every step from ``start_s`` to ``end_s``, both included."""
        start, end = (datetime.fromtimestamp(s, UTC) for s in (start_s, end_s))
        params = {"timeout": QUERY_TIMEOUT}
        return cast(
            "list[Track]",
            self._ask(lambda: self._connect.custom_query_range(expression, start, end, str(step_s), params=params)),
        )

    def read(self, path: str) -> Any:
        """Read ``data`` of another part of the API, as ``status/buildinfo``."""
        answer = self._ask(
            lambda: self._session.request(
                "GET", f"{self._url}/api/v1/{path}", timeout=(CONNECT_S, SILENCE_S), verify=self._session.verify
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
        if self._ending:
            raise Unreachable("the way to Prometheus is closed")
        began = time.monotonic()
        if began < self._settled_s:
            raise too_slow(self._url, self._settled_s - began)
        self.questions += 1
        try:
            answer = question()
        except self._foreign as error:
            raise self._failure(error) from error
        finally:
            self.took_s += time.monotonic() - began
        self._settle_s = SETTLE_S
        return answer

    def _failure(self, error: Exception) -> BackendError:
        failure = translate(error, self._url)
        if isinstance(failure, TimedOut) and was_asked(error):
            self._settled_s = time.monotonic() + self._settle_s
            failure.retry_after_s = self._settle_s
            self._settle_s = min(LONGEST_SETTLE_S, 2 * self._settle_s)
        return failure


class PrometheusClient:
    """Runs jobs on the Api of one Prometheus, one after the other, off the event loop."""

    def __init__(self, settings: PrometheusSettings, adapter: AdapterFactory | None = None) -> None:
        """Check the settings; nothing is sent yet. Raises SettingsError."""
        self.address = parse_address(settings)
        self._settings = settings
        self._adapter = adapter
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prometheus")
        self._api: Api | None = None

    async def run(self, job: Callable[[Api], T]) -> T:
        """Run a job in the thread. When the caller is cancelled the job ends at its next question."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, job)

    def _run(self, job: Callable[[Api], T]) -> T:
        if self._api is None:
            self._api = self._open()
        return job(self._api)

    def _open(self) -> Api:
        from urllib3.util.retry import Retry

        from kmon_tui.live.lean_requests import PrometheusConnect
        from kmon_tui.live.prometheus_session import Session
        from kmon_tui.live.prometheus_transport import Transport

        give_back_large_blocks()
        session = Session(self.address, self._settings)
        connect = PrometheusConnect(
            url=self.address.url, session=session, retry=Retry(total=0), timeout=(CONNECT_S, SILENCE_S)
        )
        adapter = self._adapter() if self._adapter is not None else Transport()
        session.mount(self.address.url, adapter)
        return Api(self.address.url, connect, session, getattr(adapter, "abort", None))

    async def aclose(self) -> None:
        """End the thread; the question that is on its way is cut off."""
        if self._api is not None:
            self._api.end()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        if self._api is not None:
            self._api.close()
