"""A terminal that is closed while nobody reads what was written to it ends the program, and at once."""

from __future__ import annotations

import sys
import time

from tests.e2e import processes
from tests.e2e.terminal import Terminal

PROGRAM = """
import asyncio, signal
from textual.widgets import Static
from kmon_tui.ui.quiet_app import QuietApp

class Talkative(QuietApp):
    count = 0
    def compose(self):
        yield Static("begun", id="text")
    def on_mount(self):
        self.set_interval(0.005, self.talk)
    def talk(self):
        self.count += 1
        self.query_one("#text", Static).update("\\n".join(f"{self.count}" * 20 for _ in range(20)))

async def main():
    app = Talkative()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app.exit)
    await app.run_async()

asyncio.run(main())
"""


def test_a_terminal_closed_while_output_is_pending_ends_the_program() -> None:
    with Terminal((sys.executable, "-c", PROGRAM), columns=120, rows=40) as terminal:
        terminal.wait_for_first_paint()
        time.sleep(2.0)  # nobody reads: the terminal's buffer and the driver's queue are full

        terminal.hang_up()

        processes.wait_until(lambda: not terminal.is_running, 4.0, "ended")
