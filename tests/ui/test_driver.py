"""A terminal that is gone holds up nobody who still writes to it."""

from __future__ import annotations

import os
import pty
import threading
from contextlib import suppress

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from kmon_tui.ui.driver import Lossy, LossyDriver
from kmon_tui.ui.quiet_app import QuietApp


def test_the_writing_thread_outlives_its_terminal() -> None:
    near, far = pty.openpty()
    os.close(near)
    terminal = os.fdopen(far, "w", buffering=1)
    writer = WriterThread(Lossy(terminal))  # type: ignore[arg-type]  # all that is called of it
    writer.start()

    def write_more_than_its_queue_holds() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write("a line\n")
        writer.stop()

    writing = threading.Thread(target=write_more_than_its_queue_holds, daemon=True)
    writing.start()
    writing.join(5.0)

    assert not writing.is_alive()
    with suppress(OSError):  # what it still holds has nowhere to go
        terminal.close()


def test_the_app_writes_through_it() -> None:
    assert issubclass(QuietApp().get_driver_class(), LossyDriver)
