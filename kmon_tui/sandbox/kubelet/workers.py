"""The five workers of the library that every container runtime serves port-forwards with, and how they get stuck."""

from __future__ import annotations

from kmon_tui.wire.spdy import Data, Frame, Ping, RstStream, SynStream

_WORKERS = 5


class Workers:
    """Frames go to the worker of their stream, pings round them; one that holds unread bytes takes nothing more."""

    def __init__(self) -> None:
        self._stuck: set[int] = set()
        self._unread: set[int] = set()
        """Streams that are served no more, and that the client has not ended."""
        self._pings = 0

    def serves_no_more(self, stream: int, *, ended: bool, unread: bool) -> None:
        """Hear that nobody reads a stream any more; what came of it, and what still comes, holds its worker."""
        if unread:
            self._stuck.add(stream % _WORKERS)
        if not ended:
            self._unread.add(stream)

    def take(self, frame: Frame) -> bool:
        """Tell whether the frame gets to somebody who looks at it."""
        match frame:
            case Ping():
                at = self._pings % _WORKERS
                self._pings += 1
            case Data(stream) | SynStream(stream) | RstStream(stream):
                at = stream % _WORKERS
            case _:
                return True
        if at in self._stuck:
            return False
        if isinstance(frame, RstStream) or (isinstance(frame, Data) and frame.fin and not frame.payload):
            self._unread.discard(frame.stream)
        elif isinstance(frame, Data) and frame.stream in self._unread:
            self._stuck.add(at)
            return False
        return True
