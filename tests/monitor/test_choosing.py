"""Another Prometheus is chosen while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kmon_tui.backend import Backend, Metrics
from kmon_tui.domain.choice import Choice
from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.errors import BackendError, SettingsError
from kmon_tui.domain.health import Status
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import PrometheusSettings, Secret, Settings
from kmon_tui.settings.chosen import chosen
from kmon_tui.settings.remembered import PrometheusMemory, Remembered
from tests.monitor.worlds import Outside, fleet, now, report

OURS = PrometheusSettings(
    url="https://metrics:9090",
    found_by="--prometheus",
    matchers=('cluster="a"',),
    headers=(("X-Scope-OrgID", Secret("team")),),
    bearer_token_file=Path("/token"),
)


class Two(Outside):
    """An outside with one more Prometheus."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.other = Outside(poll_scripts=[[report("http://other")]])
        self.asked: list[PrometheusSettings] = []
        self.others_open = 0

    def metrics_at(self, settings: PrometheusSettings) -> AbstractAsyncContextManager[Metrics]:
        self.asked.append(settings)
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Metrics]:
        self.others_open += 1
        try:
            yield self.other
        finally:
            self.others_open -= 1

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Backend]:
        async with super().open(settings) as backend:
            yield replace(backend, metrics_at=self.metrics_at)


@asynccontextmanager
async def running(
    outside: Outside, settings: PrometheusSettings = OURS, memory: PrometheusMemory | None = None
) -> AsyncIterator[Monitor]:
    monitor = Monitor(outside.open, Settings(prometheus=settings), now, chance=lambda: 0.0, memory=memory)
    task = asyncio.create_task(monitor.run())
    try:
        await monitor.store.wait_for(lambda state: state.fleet.synced or None)
        yield monitor
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def url_of(state: State) -> str | None:
    return state.traffic.prometheus.url if state.traffic is not None else None


@pytest.mark.looptime
async def test_the_numbers_are_those_of_the_chosen_one_and_no_longer_the_old_ones() -> None:
    outside = Two([[fleet("iris")]], poll_scripts=[[report("http://first")]])
    async with running(outside) as monitor:
        await monitor.store.wait_for(url_of)
        monitor.send(ChoosePrometheus("http://other:9090"))
        between = (url_of(monitor.state), monitor.state.health[PROMETHEUS].status, monitor.state.fleet.synced)
        after = await monitor.store.wait_for(url_of)

        assert between == (None, Status.STARTING, True)
        assert (after, outside.polling.closed, outside.others_open) == ("http://other", 1, 1)
        assert [(a.done, a.text) for a in monitor.state.activity] == [(True, "asking http://other:9090")]

    assert (outside.others_open, outside.open_now) == (0, 0)


@pytest.mark.looptime
async def test_one_can_be_chosen_again_and_again_and_the_last_one_stays_when_the_cluster_is_opened_anew() -> None:
    outside = Two([[fleet("iris")]], poll_scripts=[[]])
    async with running(outside) as monitor:
        monitor.send(ChoosePrometheus("http://b:1"))
        await asyncio.sleep(1)
        monitor.send(ChoosePrometheus("http://c:1"))
        await asyncio.sleep(1)

        assert ([s.url for s in outside.asked], outside.others_open) == (["http://b:1", "http://c:1"], 1)


@pytest.mark.looptime
async def test_what_was_chosen_is_remembered_for_its_context_without_its_password(tmp_path: Path) -> None:
    memory = PrometheusMemory(tmp_path / "prometheus.yaml")
    async with running(Two([[fleet("iris")]], poll_scripts=[[]]), memory=memory) as monitor:
        context = monitor.state.place.context
        monitor.send(ChoosePrometheus("http://me:hunter2@other:9090"))
        monitor.send(ChoosePrometheus(matchers=('cluster="eu"',)))

        assert memory.read(context) == Remembered("http://other:9090", ('cluster="eu"',))
        assert "hunter2" not in memory.path.read_text()
        assert [a.text.partition(";")[2] for a in monitor.state.activity] == [f" remembered for {context}"] * 2

        monitor.send(ChoosePrometheus(forget=True))
        assert memory.read(context) is None
        assert monitor.state.activity[-1].text.startswith("forgotten")


@pytest.mark.looptime
async def test_what_cannot_be_written_is_said_and_asked_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = PrometheusMemory(tmp_path / "file" / "prometheus.yaml")
    outside = Two([[fleet("iris")]], poll_scripts=[[]])
    async with running(outside, memory=memory) as monitor:
        monitor.send(ChoosePrometheus("http://other:9090"))
        await asyncio.sleep(1)

        assert [s.url for s in outside.asked] == ["http://other:9090"]
        assert "not remembered: cannot write" in monitor.state.activity[-1].text


@pytest.mark.looptime
@pytest.mark.parametrize("wish", [ChoosePrometheus("http://"), ChoosePrometheus(matchers=("cluster",))])
async def test_what_cannot_be_read_changes_nothing_and_is_said(wish: ChoosePrometheus) -> None:
    outside = Two([[fleet("iris")]], poll_scripts=[[report("http://first")]])
    async with running(outside) as monitor:
        await monitor.store.wait_for(url_of)
        monitor.send(wish)
        await asyncio.sleep(1)

        assert url_of(monitor.state) == "http://first"
        assert [(a.done, bool(a.text), bool(a.hint)) for a in monitor.state.activity] == [(False, True, True)]


@pytest.mark.looptime
async def test_what_was_found_instead_can_be_chosen_when_it_was_not_clear_which_is_meant() -> None:
    several = BackendError("there are several Prometheus in the cluster: a, b", "Choose one.")
    several.choices = (Choice("http://a.x.svc:9090", "the prometheus chart"),)
    async with running(Two([[fleet("iris")]], poll_scripts=[[several]]), PrometheusSettings()) as monitor:
        health = await monitor.store.wait_for(lambda s: h if (h := s.health.get(PROMETHEUS)) and h.error else None)

    assert (health.choices, health.kind) == (several.choices, "BackendError")


def test_token_and_headers_go_to_the_same_server_only() -> None:
    same = chosen(OURS, ChoosePrometheus("https://metrics:9090/tenant"))
    other = chosen(OURS, ChoosePrometheus("https://elsewhere:9090"))
    bare = chosen(OURS, ChoosePrometheus("http://metrics:9090"))

    assert (same.headers, same.bearer_token_file) == (OURS.headers, OURS.bearer_token_file)
    assert other == PrometheusSettings(url="https://elsewhere:9090", found_by=":prom")
    assert not bare.headers, "without TLS it is another server"


def test_one_of_the_same_cluster_is_asked_as_the_first_one_would_have_been() -> None:
    found = replace(OURS, url=None, found_by="")

    offered = chosen(found, ChoosePrometheus("http://b.x.svc:9090"), offered=("http://b.x.svc:9090",))
    typed = chosen(found, ChoosePrometheus("http://b.x.svc:9090"))

    assert (offered.headers, typed.headers) == (OURS.headers, ())


def test_a_password_of_the_url_is_used_and_never_shown() -> None:
    wish = ChoosePrometheus("http://me:hunter2@metrics:9090")

    settings = chosen(PrometheusSettings(), wish)

    assert (settings.url, settings.username) == ("http://metrics:9090", "me")
    assert settings.password is not None and settings.password.reveal() == "hunter2"
    assert "hunter2" not in f"{wish!r} {settings!r}"


def test_matchers_stay_for_the_same_server_and_are_replaced_by_what_is_chosen() -> None:
    one = chosen(OURS, ChoosePrometheus(matchers=("{cluster=b}",)))
    none = chosen(OURS, ChoosePrometheus(matchers=()))
    other = chosen(OURS, ChoosePrometheus("http://elsewhere"))

    assert (one.url, one.matchers) == (OURS.url, ('cluster="b"',))
    assert (none.matchers, other.matchers) == ((), ())


def test_a_second_label_is_added_to_the_first() -> None:
    both = chosen(OURS, ChoosePrometheus(matchers=('replica="0"',)))

    assert both.matchers == ('cluster="a"', 'replica="0"')


def test_nonsense_is_refused() -> None:
    with pytest.raises(SettingsError, match="URL"):
        chosen(OURS, ChoosePrometheus("ftp://x"))
