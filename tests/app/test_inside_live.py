"""The whole program on a sandbox: logs, a missing right, a deletion, and what is let go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kmon_tui.ui.log_screen import LogScreen
from tests.app.running import running
from tests.sandbox.world_tools import GROUP, pods_of


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
