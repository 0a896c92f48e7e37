"""The ten most common faults on the screen: the row turns, one key says why, the fix is applied, the row turns back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from kmon_tui.domain.service import Key, Kind, Readiness
from kmon_tui.sandbox.world_faults import AFTER, BEFORE, BROKEN
from kmon_tui.sandbox.world_play import Player
from kmon_tui.ui.service_screen import ServiceScreen
from tests.app.running import Running, running

COMMON = (
    *("storage-403", "storage-missing", "image-pull", "crash", "oom", "gpu", "unready", "config-missing"),
    *("no-runtime", "quota"),
)


@pytest.mark.timeout(300)
async def test_each_breaks_says_why_and_is_well_again_once_it_is_mended(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        players = {fault: Player(run.sandbox.api.store) for fault in COMMON}
        for fault, player in players.items():
            player.apply(fault, BEFORE)
        for fault in COMMON:
            await run.until(partial(is_ready, run, fault), f"{fault} is ready")
        await run.pilot.pause(1.1)  # Kubernetes' times are whole seconds
        for fault, player in players.items():
            player.apply(fault, BROKEN)
        told = {fault: await why(run, fault) for fault in COMMON}
        for fault, player in players.items():
            player.apply(fault, AFTER)
        for fault in COMMON:
            await run.until(partial(is_ready, run, fault), f"{fault} is mended")
            await run.until(partial(has_no_reason, run, fault), f"no reason of {fault}")

    assert {fault: words for fault, words in told.items() if "because" not in words} == {}
    assert len(set(told.values())) == len(COMMON)


def key_of(fault: str) -> Key:
    """Give the service that a fault is played on."""
    return Key(Kind.ISVC, "faults", fault)


def is_ready(run: Running, fault: str) -> bool:
    """Say whether the list says so."""
    services = run.monitor.state.fleet.services
    return any(one.key == key_of(fault) and one.readiness is Readiness.READY for one in services)


def has_no_reason(run: Running, fault: str) -> bool:
    """Say whether it is told no longer why it fails."""
    return key_of(fault) not in run.monitor.state.reasons


async def why(run: Running, fault: str) -> str:
    """Wait until it is in trouble, ask why with one key, and give what the screen says; the verdict comes first."""
    await run.until(lambda: not has_no_reason(run, fault), f"{fault} breaks")
    await run.until(lambda: run.app.fleet.select_service(fault), f"{fault} in the list")
    await run.pilot.press("w")
    await run.until(lambda: isinstance(run.app.screen, ServiceScreen), "the service")

    def verdict() -> str:
        opened = run.monitor.state.opened
        diagnosis = opened.diagnosis if opened is not None and opened.key == key_of(fault) else None
        if diagnosis is None or diagnosis.healthy:
            return ""
        words = " ".join(diagnosis.verdict.split())
        return run.text if words[:40] in run.text else ""

    said: str = await run.until(verdict, f"the verdict on {fault}")
    await run.pilot.press("q")
    await run.until(lambda: run.app.screen is run.app.fleet, "the list")
    return said
