"""An App that keeps a bug for its caller instead of printing it: Textual's own traceback shows local variables."""

from __future__ import annotations

from textual.app import App
from textual.worker import WorkerFailed


class QuietApp(App[None]):
    """Ends on an unhandled exception as every App does, and leaves it in ``crash``."""

    crash: BaseException | None = None

    def _handle_exception(self, error: Exception) -> None:
        if self.crash is None:
            self.crash = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Called by _handle_exception for errors that have no rendering of their own.
        self.bell()
        self._close_messages_no_wait()
