"""The incremental reader of SPDY/3.1: takes bytes as the network cuts them, gives frames."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from kmon_tui.wire.spdy import (
    FIN,
    UNIDIRECTIONAL,
    VERSION,
    Data,
    Frame,
    GoAway,
    Headers,
    Kind,
    Ping,
    ProtocolError,
    RstStream,
    Settings,
    SynReply,
    SynStream,
    WindowUpdate,
)
from kmon_tui.wire.spdy_dictionary import DICTIONARY

MAX_CONTROL = 64 * 1024
"""Longest control frame that is believed; those of a port-forward have some 100 bytes."""
MAX_HEADERS = 256 * 1024
"""Longest header block after inflating: a few bytes of zlib can claim to be gigabytes."""
_HEAD = struct.Struct(">II")
_PAIR = struct.Struct(">II")
_U32 = struct.Struct(">I")
_STREAM = 0x7FFFFFFF


class Parser:
    """Bytes into frames, at whatever places they were cut. After a ProtocolError nothing more can be read."""

    def __init__(self, max_control: int = MAX_CONTROL, max_headers: int = MAX_HEADERS) -> None:
        self._max_control = max_control
        self._blocks = _HeaderBlocks(max_headers)
        self._held = bytearray()
        """The beginning of a frame whose rest has not come."""
        self._stream = 0
        self._left = 0
        """Bytes that are still to come of the DATA frame that has begun."""
        self._fin = False
        self._broken: ProtocolError | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Frame]:
        """Give all frames that this chunk completes; data are views into the chunk, not copies."""
        if self._broken is not None:
            raise self._broken
        try:
            return self._feed(memoryview(chunk))
        except ProtocolError as error:
            self._broken = error
            raise

    @property
    def inside_frame(self) -> bool:
        """True when the bytes so far end within a frame: a connection that closes now was cut."""
        return bool(self._held or self._left)

    def _feed(self, view: memoryview) -> list[Frame]:
        frames: list[Frame] = []
        at, end = 0, len(view)
        while at < end:
            if self._left:
                part = view[at : at + self._left]
                at += len(part)
                self._left -= len(part)
                frames.append(Data(self._stream, part, self._fin and not self._left))
                continue
            if self._held or end - at < 8:
                at = self._hold(view, at, 8)
                if len(self._held) < 8:
                    break
                first, second = _HEAD.unpack_from(self._held)
            else:
                first, second = _HEAD.unpack_from(view, at)
            length = second & 0xFFFFFF
            if not first >> 31:
                at += 0 if self._held else 8
                self._held.clear()
                self._begin_data(first, second >> 24, length, frames)
                continue
            self._check_control(first, length)
            at = self._hold(view, at, 8 + length)
            if len(self._held) < 8 + length:
                break
            frame = self._control(first & 0xFFFF, second >> 24, bytes(self._held[8:]))
            self._held.clear()
            if frame is not None:
                frames.append(frame)
        return frames

    def _hold(self, view: memoryview, at: int, size: int) -> int:
        """Take from the chunk what is missing to ``size`` held bytes; give the new place in the chunk."""
        part = view[at : at + max(0, size - len(self._held))]
        self._held += part
        return at + len(part)

    def _begin_data(self, stream: int, flags: int, length: int, frames: list[Frame]) -> None:
        if stream == 0:
            raise ProtocolError("DATA on stream 0")
        fin = bool(flags & FIN)
        self._stream, self._left, self._fin = stream, length, fin
        if not length:
            frames.append(Data(stream, b"", fin))

    def _check_control(self, first: int, length: int) -> None:
        version = first >> 16 & 0x7FFF
        if version != VERSION:
            raise ProtocolError(f"control frame of SPDY version {version}, not {VERSION}")
        if length > self._max_control:
            raise ProtocolError(f"control frame of {length} bytes, more than {self._max_control}")

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame | None:
        read = _READERS.get(kind)
        if read is None:
            return None  # SPDY/3.1, 2.2.1: an endpoint ignores control frames that it does not know
        return read(flags, payload, self._blocks)


class _HeaderBlocks:
    """The zlib stream that all header blocks of one direction share."""

    def __init__(self, max_size: int) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._max_size = max_size

    def read(self, packed: bytes) -> Mapping[str, str]:
        """Inflate one block; every block must be read, also one that nobody wants, or the next one is garbage."""
        if not packed:
            return MappingProxyType({})
        try:
            block = self._inflate.decompress(packed, self._max_size + 1)
        except zlib.error as error:
            raise ProtocolError(f"header block: {error}") from error
        if len(block) > self._max_size or self._inflate.unconsumed_tail:
            raise ProtocolError(f"header block of more than {self._max_size} bytes")
        if self._inflate.eof:
            raise ProtocolError("the zlib stream of the headers has ended")
        return _pairs(block)


def _pairs(block: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    count, at = _number(block, 0)
    for _ in range(count):
        name, at = _text(block, at)
        value, at = _text(block, at)
        if not name or name in headers:
            raise ProtocolError(f"header block: the name {name!r} is empty or comes twice")
        headers[name] = value
    if at != len(block):
        raise ProtocolError(f"header block: {len(block) - at} bytes too many")
    return MappingProxyType(headers)


def _number(block: bytes, at: int) -> tuple[int, int]:
    if at + 4 > len(block):
        raise ProtocolError("header block: ends too early")
    return _U32.unpack_from(block, at)[0], at + 4


def _text(block: bytes, at: int) -> tuple[str, int]:
    size, at = _number(block, at)
    if at + size > len(block):
        raise ProtocolError("header block: ends too early")
    return block[at : at + size].decode("latin-1"), at + size


def _need(name: str, payload: bytes, size: int, exact: bool = False) -> None:
    if len(payload) < size or (exact and len(payload) != size):
        raise ProtocolError(f"{name} of {len(payload)} bytes")


def _stream(name: str, payload: bytes) -> int:
    stream: int = _U32.unpack_from(payload)[0] & _STREAM
    if stream == 0:
        raise ProtocolError(f"{name} on stream 0")
    return stream


def _syn_stream(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("SYN_STREAM", payload, 10)
    headers = blocks.read(payload[10:])
    associated = _U32.unpack_from(payload, 4)[0] & _STREAM
    return SynStream(
        _stream("SYN_STREAM", payload),
        headers,
        bool(flags & FIN),
        bool(flags & UNIDIRECTIONAL),
        associated,
        payload[8] >> 5,
    )


def _syn_reply(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("SYN_REPLY", payload, 4)
    headers = blocks.read(payload[4:])
    return SynReply(_stream("SYN_REPLY", payload), headers, bool(flags & FIN))


def _headers(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("HEADERS", payload, 4)
    headers = blocks.read(payload[4:])
    return Headers(_stream("HEADERS", payload), headers, bool(flags & FIN))


def _rst_stream(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("RST_STREAM", payload, 8, exact=True)
    return RstStream(_stream("RST_STREAM", payload), _PAIR.unpack(payload)[1])


def _settings(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("SETTINGS", payload, 4)
    _need("SETTINGS", payload, 4 + 8 * _U32.unpack_from(payload)[0], exact=True)
    entries = tuple((key >> 24, key & 0xFFFFFF, value) for key, value in _PAIR.iter_unpack(payload[4:]))
    return Settings(entries, bool(flags & 1))


def _ping(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("PING", payload, 4, exact=True)
    return Ping(_U32.unpack(payload)[0])


def _goaway(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("GOAWAY", payload, 8, exact=True)
    last_stream, status = _PAIR.unpack(payload)
    return GoAway(last_stream & _STREAM, status)


def _window_update(flags: int, payload: bytes, blocks: _HeaderBlocks) -> Frame:
    _need("WINDOW_UPDATE", payload, 8, exact=True)
    stream, delta = _PAIR.unpack(payload)
    return WindowUpdate(stream & _STREAM, delta & _STREAM)


_READERS: Mapping[int, Callable[[int, bytes, _HeaderBlocks], Frame]] = MappingProxyType(
    {
        Kind.SYN_STREAM: _syn_stream,
        Kind.SYN_REPLY: _syn_reply,
        Kind.RST_STREAM: _rst_stream,
        Kind.SETTINGS: _settings,
        Kind.PING: _ping,
        Kind.GOAWAY: _goaway,
        Kind.HEADERS: _headers,
        Kind.WINDOW_UPDATE: _window_update,
    }
)
