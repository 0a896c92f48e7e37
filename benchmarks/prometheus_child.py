"""Child program: a Prometheus whose answers are computed, not stored, so that it is never what is measured.

It answers the questions of kmon_tui/live/dialects.py for services of benchmarks/objects.py under the names of the
scrape job, one pod each, whose counters have grown evenly since 1970. Ends when its stdin does.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Iterator

from aiohttp import web

from benchmarks import objects
from benchmarks.far_away import relay

BOUNDS_MS = ("5", "10", "25", "50", "75", "100", "250", "500", "750", "1000", "2500", "5000", "7500", "10000", "+Inf")
COUNTER = "kserve_request_count"
BUCKETS = "kserve_request_duration_milliseconds"


def target_labels(number: int) -> str:
    """Give what tells a pod of this service from others, as JSON members."""
    namespace, name = objects.place_of(number)
    pod = f"{name}-predictor-00001-deployment-5d8f7c9b6d-abcde"
    return f'"job":"kserve-metrics","instance":"{namespace}:{name}:9091","pod":"{pod}"'


def owner_labels(number: int) -> str:
    """Give whose pod it is, as JSON members."""
    namespace, name = objects.place_of(number)
    revision = f"{name}-predictor-00001"
    return f'"namespace":"{namespace}","service_name":"{name}","component":"predictor","revision":"{revision}"'


def requests(number: int, at_s: float) -> float:
    """Give how many requests this service has had at a time."""
    return float(int((1 + number % 50) * (at_s % 10_000_000)))


class Answers:
    """The canned answers for a number of services."""

    def __init__(self, services: int) -> None:
        self._counters = [
            (
                number,
                f'{{"__name__":"{COUNTER}",{target_labels(number)},{owner_labels(number)},"response_code_class":"2xx"}}',
            )
            for number in range(services)
        ]
        self._targets = [f"{{{target_labels(number)}}}" for number in range(services)]
        self._number = {objects.place_of(number)[1]: number for number in range(services)}

    def series(self, query: str, times: list[float]) -> Iterator[tuple[str, list[str]]]:
        """Give the labels and the values of what a query asks for, each at these times."""
        if query.startswith("count by (__name__"):
            yield f'{{"__name__":"{COUNTER}"}}', [str(len(self._counters))] * len(times)
            yield '{"kmon_part":"clock"}', [f"{time.time():.3f}"]
        elif len(times) > 1 and times[1] - times[0] == 1 and "timestamp(" in query:
            # How often one series is scraped.
            yield self._targets[0], [f"{at_s // 15 * 15:.3f}" for at_s in times]
        elif BUCKETS in query:
            yield from self._buckets(query, times)
        elif "timestamp(" in query:
            for labels in self._targets:
                yield labels, [f"{at_s - 3:.3f}" for at_s in times]
        elif COUNTER in query:
            for number, labels in self._counters:
                yield labels, [f"{requests(number, at_s):.0f}" for at_s in times]

    def _buckets(self, query: str, times: list[float]) -> Iterator[tuple[str, list[str]]]:
        window = re.search(r"\[(\d+)s\]", query)
        for name in sorted(set(re.findall(r"(?:^|[^\w-])(model-\d{5})", query))):
            number = self._number[name]
            for place, bound in enumerate(BOUNDS_MS, start=1):
                share = place / len(BOUNDS_MS)
                told = '"kmon_part":"kserve-alias"' if window else f'"__name__":"{BUCKETS}"'
                labels = f'{{{told},{target_labels(number)},"le":"{bound}"}}'
                if window:
                    values = [str(share * (1 + number % 50) * int(window.group(1)))] * len(times)
                else:
                    values = [str(int(share * requests(number, at_s))) for at_s in times]
                yield labels, values
            if not window:
                labels = f'{{"__name__":"{COUNTER}",{target_labels(number)},"response_code_class":"2xx"}}'
                yield labels, [str(requests(number, at_s)) for at_s in times]

    async def query(self, request: web.Request) -> web.Response:
        """Answer an instant query."""
        asked = {**request.query, **(await request.post())}
        at_s = float(str(asked.get("time", time.time())))
        rows = [
            f'{{"metric":{labels},"value":[{at_s:.3f},"{values[0]}"]}}'
            for labels, values in self.series(str(asked["query"]), [at_s])
        ]
        return _success(f'{{"resultType":"vector","result":[{",".join(rows)}]}}')

    async def query_range(self, request: web.Request) -> web.Response:
        """Answer a range query."""
        asked = {**request.query, **(await request.post())}
        start_s, end_s, step_s = (float(str(asked[name])) for name in ("start", "end", "step"))
        times = [start_s + i * step_s for i in range(int((end_s - start_s) / step_s) + 1)]
        rows = []
        for labels, values in self.series(str(asked["query"]), times):
            points = ",".join(f'[{at_s:.0f},"{value}"]' for at_s, value in zip(times, values, strict=True))
            rows.append(f'{{"metric":{labels},"values":[{points}]}}')
        return _success(f'{{"resultType":"matrix","result":[{",".join(rows)}]}}')


async def buildinfo(_request: web.Request) -> web.Response:
    """Say which version this pretends to be."""
    return _success('{"version":"2.53.0","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}')


async def nothing(_request: web.Request) -> web.Response:
    """Answer the rest of the API."""
    return _success("{}")


def _success(result: str) -> web.Response:
    return web.Response(text=f'{{"status":"success","data":{result}}}', content_type="application/json")


async def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--round-trip-s", type=float, default=0.0)
    options = parser.parse_args()
    answers = Answers(options.services)
    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/api/v1/query", answers.query)
    app.router.add_route("*", "/api/v1/query_range", answers.query_range)
    app.router.add_get("/api/v1/status/buildinfo", buildinfo)
    app.router.add_route("*", "/{path:.*}", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with relay(runner.addresses[0][1], options.round_trip_s) as port:
        print(f"PROMETHEUS_URL=http://127.0.0.1:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
