"""Draw docs/fleet.svg: the fleet screen of the demo, once its traffic is there."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from kmon_tui.cli.outside import opener
from kmon_tui.cli.start import DEMO, Start
from kmon_tui.domain.state import State
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import KubeSettings, Settings, ViewSettings
from kmon_tui.ui.app import KmonApp

SIZE = (132, 42)
PATIENCE_S = 90.0
SHOWN = "sklearn-iris"
SETTLED_S = 5.0
"""The heat map is drawn with the next tick."""
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "fleet.svg"


async def picture() -> str:
    """Run the demo without a terminal, wait until its numbers are there, and give what it shows as SVG."""
    settings = Settings(kube=KubeSettings(all_namespaces=True), view=ViewSettings(), demo=True)
    with opener(Start("tui", {}, {}), settings) as open_backend:
        monitor = Monitor(open_backend, settings, lambda: datetime.now(UTC), place=DEMO)
        app = KmonApp(monitor, settings.view)
        async with app.run_test(size=SIZE) as pilot:
            async with asyncio.timeout(PATIENCE_S):
                await monitor.store.wait_for(lambda state: state.fleet.synced or None)
                await pilot.pause()
                app.fleet.select_service(SHOWN)
                await monitor.store.wait_for(_complete)
            await pilot.pause(SETTLED_S)
            app.fleet.action_refresh()  # sorts now: rows else keep their places for ten seconds
            await pilot.pause()
            svg = app.export_screenshot(title="kmon-tui --demo")
    # Without the addresses of web fonts: a picture asks nobody for anything.
    return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)


def _complete(state: State) -> bool | None:
    return True if state.traffic is not None and any(key.name == SHOWN for key in state.traffic.buckets) else None


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE).write_text(asyncio.run(picture()), encoding="utf-8")
