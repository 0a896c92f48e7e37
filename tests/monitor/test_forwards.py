"""What becomes of the commands about forwards, against a scripted outside, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kmon_tui.backend import Backend
from kmon_tui.domain.command import (
    CloseForward,
    OpenForward,
    RemoveForward,
    SaveForward,
    StartForward,
    SwitchContext,
)
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.forward import Forward, ForwardKey, ForwardSpec, Phase, parse_target
from kmon_tui.domain.state import State
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import Settings
from kmon_tui.settings.forwards import ForwardsFile
from tests.monitor.worlds import Outside, fleet, now

pytestmark = pytest.mark.looptime

IRIS = ForwardSpec("iris", parse_target("default/isvc/iris"))
KEY = ForwardKey("first", "iris")


class Tunnelled(Outside):
    """An outside whose forwards listen on port 8081, or on the one that is wished, unless that is taken."""

    def __init__(self) -> None:
        super().__init__([[fleet("iris")]])
        self.taken: set[int] = set()
        self.held: list[ForwardSpec] = []

    async def hold(self, spec: ForwardSpec, *, alone: bool = False) -> AsyncGenerator[Forward, None]:
        port = spec.local_port or 8081
        if port in self.taken:
            raise Unreachable(f"local port {port} is held by pid 7 (node)", "8082 is free.")
        self.taken.add(port)
        self.held.append(spec)
        try:
            yield Forward(spec, phase=Phase.OPENING, local_port=port)
            yield Forward(spec, phase=Phase.OPEN, local_port=port)
            await asyncio.Event().wait()
        finally:
            self.taken.discard(port)

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Backend]:
        async with super().open(settings) as backend:
            yield replace(backend, tunnels=self)


@asynccontextmanager
async def running(outside: Outside, file: ForwardsFile | None = None) -> AsyncIterator[Monitor]:
    monitor = Monitor(outside.open, Settings(), now, chance=lambda: 0.0, forwards_file=file)
    task = asyncio.create_task(monitor.run())
    try:
        await until(monitor, lambda s: s.fleet.synced)
        yield monitor
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(monitor: Monitor, true: object) -> State:
    assert callable(true)
    return await monitor.store.wait_for(lambda state: state if true(state) else None)


def phases(state: State) -> list[tuple[str, Phase]]:
    return [(one.spec.name, one.phase) for one in state.forwards]


async def test_a_forward_that_is_opened_stands_in_the_state() -> None:
    async with running(Tunnelled()) as monitor:
        monitor.send(OpenForward(IRIS))

        state = await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])

        assert state.forwards[0].address == "127.0.0.1:8081"
        assert state.forwards[0].context == "first"


async def test_two_starts_give_one_forward() -> None:
    outside = Tunnelled()
    async with running(outside) as monitor:
        monitor.send(OpenForward(IRIS))
        monitor.send(OpenForward(IRIS))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])
        monitor.send(OpenForward(replace(IRIS, local_port=8081)))
        await asyncio.sleep(1.0)

        assert len(outside.held) == len(monitor.state.forwards) == 1


async def test_a_forward_is_stopped_and_started_again_and_keeps_its_row() -> None:
    outside = Tunnelled()
    async with running(outside) as monitor:
        monitor.send(OpenForward(IRIS))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])

        monitor.send(CloseForward(KEY))
        state = await until(monitor, lambda s: phases(s) == [("iris", Phase.STOPPED)])
        assert not state.forwards[0].listening
        assert outside.taken == set()

        monitor.send(StartForward(KEY))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])


async def test_a_port_that_is_taken_is_said_on_the_row() -> None:
    outside = Tunnelled()
    outside.taken.add(8081)
    async with running(outside) as monitor:
        monitor.send(OpenForward(IRIS))

        state = await until(monitor, lambda s: s.forwards and s.forwards[0].error)

        assert phases(state) == [("iris", Phase.STOPPED)]
        assert "pid 7 (node)" in state.forwards[0].error


async def test_saved_forwards_come_back_and_only_those_with_autostart_start(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "forwards.yaml")
    file.put("first", replace(IRIS, autostart=True))
    file.put("first", ForwardSpec("other", parse_target("default/isvc/other"), 9000))
    async with running(Tunnelled(), file) as monitor:
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN), ("other", Phase.STOPPED)])


async def test_a_forward_is_saved_with_the_port_that_it_has_and_forgotten_when_removed(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "forwards.yaml")
    async with running(Tunnelled(), file) as monitor:
        monitor.send(OpenForward(IRIS))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])

        monitor.send(SaveForward(KEY, autostart=True))
        await until(monitor, lambda s: s.forwards[0].saved)
        assert file.read("first")[0] == (replace(IRIS, local_port=8081, autostart=True),)

        monitor.send(RemoveForward(KEY))
        await until(monitor, lambda s: not s.forwards)
        assert file.read("first") == ((), "")


async def test_a_saved_forward_that_fails_is_not_deleted(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "forwards.yaml")
    file.put("first", replace(IRIS, autostart=True))
    outside = Tunnelled()
    outside.taken.add(8081)
    async with running(outside, file) as monitor:
        await until(monitor, lambda s: s.forwards and s.forwards[0].error)

        assert file.read("first")[0] == (replace(IRIS, autostart=True),)


async def test_forwards_go_on_while_another_context_is_looked_at() -> None:
    outside = Tunnelled()
    async with running(outside) as monitor:
        monitor.send(OpenForward(IRIS))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])

        monitor.send(SwitchContext("second"))
        state = await until(monitor, lambda s: s.place.context == "second" and s.fleet.synced)

        assert phases(state) == [("iris", Phase.OPEN)]
        assert outside.taken == {8081}


async def test_everything_is_let_go_in_the_end() -> None:
    outside = Tunnelled()
    async with running(outside) as monitor:
        monitor.send(OpenForward(IRIS))
        await until(monitor, lambda s: phases(s) == [("iris", Phase.OPEN)])

    assert outside.taken == set()
    assert outside.open_now == 0


async def test_a_forward_that_is_not_there_is_said() -> None:
    async with running(Tunnelled()) as monitor:
        monitor.send(StartForward(ForwardKey("first", "nobody")))

        assert monitor.state.activity[-1].done is False
        assert "nobody" in monitor.state.activity[-1].text
