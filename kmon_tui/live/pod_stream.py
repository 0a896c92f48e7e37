"""One connection to a port of a pod: an asyncio transport whose bytes travel as two SPDY streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.live.unread import Unread

MOST_UNREAD = 8 * 1024 * 1024
"""Bytes that may wait for a reader that has stopped; past them the whole session waits a second for it."""
_MOST_DISCARDED = 1024 * 1024
_LINGER_S = 10.0
_ERROR_S = 0.25
"""How long the end of the data waits for words on the error stream: kubelets send the end first, then the reason."""
_LONGEST_ERROR = 4096


_NOT_CONNECTED = ("refused", "failed to connect", "dial tcp", "not running", "is closed", "not found", "no such")
"""Words of kubelets and runtimes for a port that was not reached: nobody in the pod has read a byte."""


class NotConnected(Unreachable):
    """The pod's side never had a connection to the port: it may be tried elsewhere, whatever was sent."""


class Unanswered(NotConnected):
    """The pod's node has not answered the opening: over another link it may."""


class Sender(Protocol):
    """What a stream needs of its session."""

    def send_data(self, stream: int, data: bytes | bytearray | memoryview, fin: bool = False) -> None:
        """Queue bytes; the session pauses its writers when too much waits."""

    def send_reset(self, *streams: int) -> None:
        """Queue RST_STREAM for each."""

    def forget(self, stream: PodStream) -> None:
        """Hand nothing on to this stream any more."""

    def spoilt(self, stream: PodStream, *, surely: bool) -> None:
        """Hear that what this stream sent may have, or has ``surely``, nobody to read it."""

    def too_much_unread(self, stream: PodStream) -> None:
        """Stop reading until this stream has room, or a second has passed."""

    def queued(self) -> int:
        """How many bytes wait to be sent."""


class PodStream(asyncio.Transport):
    """A transport as of a TCP connection. Failures come as BackendError in the protocol's ``connection_lost``.

    The pod's side may refuse at any moment after the opening: SPDY says yes before the port was dialled.
    """

    def __init__(
        self, sender: Sender, error_id: int, data_id: int, protocol: asyncio.Protocol, port: int, pod: str
    ) -> None:
        """``pod`` is NAMESPACE/NAME."""
        super().__init__({"peername": (pod, port), "pod": pod.rpartition("/")[2]})
        self.error_id, self.data_id = error_id, data_id
        self.name = f"port {port} of pod {pod}"
        self.received = 0
        self.sent = 0
        self.forgotten: Callable[[PodStream], object] | None = None
        """Hears that nothing more comes or goes, after a close() too, which lingers."""
        self._sender = sender
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._held = Unread(MOST_UNREAD)
        self._reading = True
        self._closing = False
        self._lost = False
        self._failed = False
        """The pod's side is gone, though what it sent has not all been read."""
        self._writing_paused = False
        self._wrote_end = False
        self._read_end = False
        """The pod sent its end, and the protocol has been told."""
        self._ending: Callable[[], None] | None = None
        """What to tell the protocol once it has taken all that is held."""
        self._data_over = False
        self._data_reset = False
        self._error_over = False
        self._error_reset = False
        """The pod's side let go of both streams, whatever it had not read of them."""
        self._error_text = b""
        self._timer: asyncio.TimerHandle | None = None
        self._discarded = 0

    # What the owner of the connection calls: the methods of asyncio.Transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the pod; after the end of the connection they vanish, as on a TCP transport."""
        if self._lost or self._failed or not data:
            return
        if self._wrote_end:
            raise RuntimeError("write after write_eof")
        self.sent += len(data)
        self._sender.send_data(self.data_id, data)

    def can_write_eof(self) -> bool:
        """SPDY streams can be half-closed."""
        return True

    def write_eof(self) -> None:
        """Half-close: the pod's process reads the end and may still answer."""
        if self._wrote_end or self._lost or self._failed:
            return
        self._wrote_end = True
        self._sender.send_data(self.data_id, b"", fin=True)
        if self._read_end:
            self.close()

    def is_closing(self) -> bool:
        """True from close() or the loss on."""
        return self._closing or self._lost

    def close(self) -> None:
        """Send what is queued and the end; what the pod still sends is thrown away."""
        if self._closing or self._lost:
            return
        self._closing = True
        self.write_eof()
        self._held.clear()
        if self._data_over:
            self._forget()
        else:
            self._set_timer(_LINGER_S, self._stop_lingering)
        self._lose(None)

    def abort(self) -> None:
        """End now, in both directions."""
        if self._lost and not self._closing:
            return
        self._stop_lingering()
        self._lose(None)

    def pause_reading(self) -> None:
        """Hold back what comes, up to MOST_UNREAD bytes."""
        self._reading = False

    def resume_reading(self) -> None:
        """Hand on what was held back, and what comes."""
        if self._reading or self._lost:
            return
        self._reading = True
        self._loop.call_soon(self._hand_on)

    def is_reading(self) -> bool:
        """True unless reading is paused."""
        return self._reading and not self.is_closing()

    def get_write_buffer_size(self) -> int:
        """Bytes of all connections of the session that wait to be sent."""
        return self._sender.queued()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand everything on to another protocol from now on."""
        if not isinstance(protocol, asyncio.Protocol):
            raise TypeError("a streaming protocol is needed")
        self._protocol = protocol

    def get_protocol(self) -> asyncio.Protocol:
        """The protocol in use."""
        return self._protocol

    # What the session calls as frames come.

    def pause_writing(self) -> None:
        """Too much waits to be sent."""
        if not (self._lost or self._writing_paused):
            self._writing_paused = True
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """There is room again."""
        if self._writing_paused and not self._lost:
            self._writing_paused = False
            self._protocol.resume_writing()

    def take_data(self, payload: bytes | memoryview, fin: bool) -> None:
        """Bytes came from the pod's port."""
        if self._closing:
            self._discard(len(payload))
        elif len(payload):
            self.received += len(payload)
            if self._reading and not self._held:
                self._protocol.data_received(payload)  # type: ignore[arg-type]  # every consumer takes buffers
            else:
                self._held.put(payload)
                if self._held.too_much:
                    self._sender.too_much_unread(self)
        if fin:
            self._data_over = True
            self._maybe_end()

    def take_error(self, payload: bytes | memoryview, fin: bool) -> None:
        """Words came on the error stream: why the connection failed."""
        self._error_text = (self._error_text + bytes(payload))[:_LONGEST_ERROR]
        self._error_over = self._error_over or fin
        self._maybe_end()

    def take_reset(self, stream: int) -> None:
        """The other side reset one of the two streams."""
        if stream == self.error_id:
            self._error_over = self._error_reset = True
            self._maybe_end()
            return
        self._data_over = self._data_reset = True
        self._maybe_end()

    def fail(self, error: BackendError) -> None:
        """End with this reason, after what is held has been read."""
        self._forget()
        self._cancel_timer()
        self._failed = True
        self.resume_writing()  # whoever waits for room must get on to reading what is held
        self._end(lambda: self._lose(error))

    def cut(self, error: BackendError) -> None:
        """End with this reason at once, in both directions; nothing is waited for."""
        self._held.clear()
        self._stop_lingering()
        self._lose(error)

    async def room(self) -> None:
        """Return once less than MOST_UNREAD bytes are unread."""
        await self._held.room()

    # Helpers.

    def _forget(self) -> None:
        self._sender.forget(self)
        if self.forgotten is not None:
            self.forgotten(self)

    def _hand_on(self) -> None:
        while self._held and self._reading and not self._lost:
            self._protocol.data_received(self._held.pop())  # type: ignore[arg-type]  # as above
        if self._ending is not None and not self._held:
            ending, self._ending = self._ending, None
            ending()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > _MOST_DISCARDED:
            self._stop_lingering()

    def _maybe_end(self) -> None:
        """Conclude once both streams have ended; the error stream is waited for only a moment."""
        if self._closing:
            if self._data_over:
                self._cancel_timer()
                self._forget()
        elif not (self._data_over or self._error_text):
            return
        elif self._error_over:
            self._conclude()
        elif self._timer is None:
            self._set_timer(_ERROR_S, self._conclude)

    def _conclude(self) -> None:
        self._cancel_timer()
        text = self._error_text.decode(errors="replace").strip()
        if text or self._data_reset:
            data, error = (self.data_id, self._data_over), (self.error_id, self._error_over)
            self._sender.send_reset(*(stream for stream, over in (data, error) if not over))
            reason = self._reason(text)
            if self.sent and not (self._data_reset or self._error_reset):
                self._sender.spoilt(self, surely=isinstance(reason, NotConnected))
            self.fail(reason)
        elif self._data_over and not self._read_end:
            self._read_end = True
            self._end(self._tell_end)

    def _reason(self, text: str) -> BackendError:
        if not self.received and any(words in text.lower() for words in _NOT_CONNECTED):
            hint = "Nothing listens on that port in the pod." if "refused" in text.lower() else ""
            return NotConnected(text, hint)
        return Unreachable(text or f"{self.name} was reset by the pod's side")

    def _end(self, ending: Callable[[], None]) -> None:
        if self._held and not self._lost:
            self._ending = ending
        else:
            ending()

    def _tell_end(self) -> None:
        if self._lost:
            return
        stays = self._protocol.eof_received()
        if self._wrote_end or not stays:
            self.close()

    def _stop_lingering(self) -> None:
        self._cancel_timer()
        self._wrote_end = True
        self._sender.send_reset(self.data_id, self.error_id)
        self._forget()

    def _lose(self, error: BackendError | None) -> None:
        if not self._lost:
            self._lost = True
            self._held.clear()
            self._loop.call_soon(self._protocol.connection_lost, error)

    def _set_timer(self, delay_s: float, then: Callable[[], Any]) -> None:
        self._cancel_timer()
        self._timer = self._loop.call_later(delay_s, then)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
