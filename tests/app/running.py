"""The program on a sandbox in the same process: keys go in, what the screen says comes out."""

from __future__ import annotations

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
from tests.sandbox.world_tools import isvc, stored

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
