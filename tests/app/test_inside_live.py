"""The whole program on a sandbox: a service breaks, the screen says why; it is mended, and the screen says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from kmon_tui.domain.service import Key, Kind, Readiness
from kmon_tui.live import open_backend
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.render.lines import text_of
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Settings, ViewSettings
from kmon_tui.settings.saved_logs import SavedLogs
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.log_list import LogList
from kmon_tui.ui.log_screen import LogScreen
from kmon_tui.ui.service_screen import ServiceScreen
from tests.sandbox.world_tools import GROUP, isvc, pods_of, stored

QUIET = SandboxOptions(world="quiet", tls=False, history_s=60, speed=20)
MINE = Key(Kind.ISVC, "default", "mine")


class Running:
    """The program and the cluster that it watches."""

    def __init__(self, sandbox: Sandbox, monitor: Monitor, app: KmonApp, pilot: Pilot[None]) -> None:
        self.sandbox, self.monitor, self.app, self.pilot = sandbox, monitor, app, pilot

    async def until(self, look: Callable[[], Any], what: str, within_s: float = 40.0) -> Any:
        """Wait for a condition."""
        deadline = time.monotonic() + within_s
        while not (found := look()):
            assert time.monotonic() < deadline, f"{what} never came; the screen:\n{self.text}"
            await self.pilot.pause(0.05)
        return found

    def apply(self, uri: str) -> None:
        """Apply the service with this storageUri, as kubectl would."""
        known = stored(self.sandbox.api.store, "mine")
        new = isvc("mine", uri, mode="Standard")
        if known is not None:
            new = {**known, "spec": new["spec"]}
        self.sandbox.api.store.put(new)

    def readiness(self) -> Readiness | None:
        """Give what the fleet says of the service."""
        return next((one.readiness for one in self.monitor.state.fleet.services if one.key == MINE), None)

    @property
    def text(self) -> str:
        """Everything that the screen on top says."""
        screen = self.app.screen
        if isinstance(screen, LogScreen):
            return "\n".join(text_of(line) for line in screen.query_one(LogList).visible_lines)
        if isinstance(screen, ServiceScreen) and screen.view is not None:
            return " ".join(screen.view.text.split())
        return str(type(screen))


@asynccontextmanager
async def running(tmp_path: Path, *, forbid: str = "") -> AsyncIterator[Running]:
    """Run the program against a cluster in which one service is ready."""
    async with Sandbox(QUIET) as sandbox:
        if forbid:
            sandbox.api.access.forbid(Rule(resource=forbid))
        settings = Settings(kube=KubeSettings(kubeconfig=str(sandbox.kubeconfig), all_namespaces=True))
        monitor = Monitor(open_backend, settings, lambda: datetime.now(UTC), saved_logs=SavedLogs(tmp_path / "logs"))
        app = KmonApp(monitor, ViewSettings())
        async with app.run_test(size=(100, 40)) as pilot:
            found = Running(sandbox, monitor, app, pilot)
            found.apply("gs://models/iris")
            await found.until(lambda: found.readiness() is Readiness.READY, "the service is ready")
            yield found


async def test_the_logs_of_a_service_come_and_are_saved(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        name = pods_of(run.sandbox.api.store, "mine")[0]["metadata"]["name"]
        await run.pilot.press("l")
        await run.until(lambda: isinstance(run.app.screen, LogScreen), "the logs")
        run.sandbox.api.pods.logs.write("default", name, "kserve-container", "a line \x1b[31mof mine\x1b[0m")
        await run.until(lambda: "a line of mine" in run.text, "the line")
        await run.pilot.press("S")
        files = await run.until(lambda: list((tmp_path / "logs").glob("default-mine-*.log")), "the file")
        await run.until(lambda: any(str(files[0]) in one.message for one in run.app._notifications), "its path")

        saved = files[0].read_text(encoding="utf-8")
        assert f" {name} kserve-container a line of mine\n" in saved
        assert "\x1b" not in saved
        assert files[0].stat().st_mode & 0o077 == 0


async def test_a_right_that_is_missing_costs_its_tab_alone(tmp_path: Path) -> None:
    async with running(tmp_path, forbid="events") as run:
        await run.pilot.press("enter", "6")
        await run.until(lambda: "may not" in run.text and "events" in run.text, "the missing right")
        await run.pilot.press("4")

        await run.until(lambda: "Running" in run.text, "the pods")


async def test_a_service_that_is_deleted_while_it_is_open_stays_on_the_screen(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.pilot.press("y")
        await run.until(lambda: "storageUri: gs://models/iris" in run.text, "the YAML")
        run.sandbox.api.store.delete(GROUP, "inferenceservices", "default", "mine")
        await run.until(lambda: run.readiness() is None, "it is gone")
        await asyncio.sleep(0.3)

        assert "storageUri: gs://models/iris" in run.text


async def test_what_is_watched_is_let_go_when_the_screen_is_left(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.pilot.press("enter")
        await run.until(lambda: run.monitor.state.opened is not None, "it is opened")
        await run.pilot.press("q")

        await run.until(lambda: run.monitor.state.opened is None, "it is let go")
