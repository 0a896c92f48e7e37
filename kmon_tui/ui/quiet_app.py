"""An App that keeps a bug for its caller instead of printing it: Textual's own traceback shows local variables."""

from __future__ import annotations

from textual.app import App
from textual.driver import Driver
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.worker import WorkerFailed


class WholeCells(ScrollBarRender):
    """Draws the thumb of a scroll bar in whole cells: colour alone, which ASCII terminals show, too."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8


ScrollBar.renderer = WholeCells


class QuietApp(App[None]):
    """Ends on an unhandled exception as every App does, and leaves it in ``crash``."""

    crash: BaseException | None = None

    def get_driver_class(self) -> type[Driver]:
        """Give the usual driver, made to bear that its terminal is closed."""
        usual = super().get_driver_class()
        if usual.__name__ != "LinuxDriver":
            return usual
        from kmon_tui.ui.driver import LossyDriver

        return LossyDriver

    def _handle_exception(self, error: Exception) -> None:
        if self.crash is None:
            self.crash = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Called by _handle_exception for errors that have no rendering of their own.
        self.bell()
        self._close_messages_no_wait()
