"""SPDY/3.1 frames, as Kubernetes speaks them under port-forward, exec and attach: bytes in, frames out.

Kubernetes never implemented the flow control of SPDY/3.1: DATA may be sent without a window, and
WINDOW_UPDATE and SETTINGS are ignored by kubelets (moby/spdystream). What is here reads them all the same.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from kmon_tui.wire.spdy_dictionary import DICTIONARY

VERSION = 3
FIN = 0x01
UNIDIRECTIONAL = 0x02
MAX_LENGTH = 0xFFFFFF
"""Longest payload that the 24 bits of a frame's length can say."""
_HEAD = struct.Struct(">II")
_PAIR = struct.Struct(">II")
_U32 = struct.Struct(">I")


class ProtocolError(Exception):
    """The peer sent bytes that are no SPDY/3.1, or more than was allowed; the connection cannot go on."""


class Kind(IntEnum):
    """The types of control frames."""

    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class Status(IntEnum):
    """Why a stream was reset."""

    PROTOCOL_ERROR = 1
    INVALID_STREAM = 2
    REFUSED_STREAM = 3
    UNSUPPORTED_VERSION = 4
    CANCEL = 5
    INTERNAL_ERROR = 6
    FLOW_CONTROL_ERROR = 7


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream. The parser hands a long frame on in parts, as they come; only the last one carries ``fin``."""

    stream: int
    payload: bytes | memoryview
    fin: bool = False


@dataclass(frozen=True, slots=True)
class SynStream:
    """A new stream; clients use odd numbers. ``fin``: its opener will send nothing on it."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    """The other side takes the stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    """The stream ends now, in both directions."""

    stream: int
    status: int = Status.CANCEL


@dataclass(frozen=True, slots=True)
class Settings:
    """(flags, id, value) of each setting."""

    entries: tuple[tuple[int, int, int], ...] = ()
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """Comes back as it is; a client's numbers are odd."""

    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """The peer takes no new streams; those up to ``last_stream`` go on."""

    last_stream: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class Headers:
    """More headers of a stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """Room for ``delta`` more bytes; stream 0 means the connection."""

    stream: int
    delta: int


Frame: TypeAlias = Data | SynStream | SynReply | RstStream | Settings | Ping | GoAway | Headers | WindowUpdate


def data_head(stream: int, length: int, fin: bool = False) -> bytes:
    """Give the 8 bytes that come before ``length`` bytes of data."""
    return _HEAD.pack(stream, (FIN << 24 if fin else 0) | length)


class Encoder:
    """Frames into bytes. Header blocks share one zlib stream, so frames must be sent in the order of encoding."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)

    def encode(self, frame: Frame) -> bytes:
        """Give the whole frame as bytes; ValueError when the payload is longer than a frame can be."""
        match frame:
            case Data(stream, payload, fin):
                if len(payload) > MAX_LENGTH:
                    raise ValueError(f"{len(payload)} bytes do not fit into one frame")
                return data_head(stream, len(payload), fin) + bytes(payload)
            case SynStream():
                flags = (FIN if frame.fin else 0) | (UNIDIRECTIONAL if frame.unidirectional else 0)
                start = struct.pack(">IIBB", frame.stream, frame.associated, frame.priority << 5, 0)
                return _control(Kind.SYN_STREAM, start + self._block(frame.headers), flags)
            case SynReply(stream, headers, fin):
                return _control(Kind.SYN_REPLY, _U32.pack(stream) + self._block(headers), FIN if fin else 0)
            case Headers(stream, headers, fin):
                return _control(Kind.HEADERS, _U32.pack(stream) + self._block(headers), FIN if fin else 0)
            case RstStream(stream, status):
                return _control(Kind.RST_STREAM, _PAIR.pack(stream, status))
            case Settings(entries, clear):
                body = b"".join(_PAIR.pack(flags << 24 | key, value) for flags, key, value in entries)
                return _control(Kind.SETTINGS, _U32.pack(len(entries)) + body, int(clear))
            case Ping(number):
                return _control(Kind.PING, _U32.pack(number))
            case GoAway(last_stream, status):
                return _control(Kind.GOAWAY, _PAIR.pack(last_stream, status))
            case WindowUpdate(stream, delta):
                return _control(Kind.WINDOW_UPDATE, _PAIR.pack(stream, delta))

    def _block(self, headers: Mapping[str, str]) -> bytes:
        parts = [_U32.pack(len(headers))]
        for name, value in headers.items():
            for text in (name.lower().encode("latin-1"), value.encode("latin-1")):
                parts += (_U32.pack(len(text)), text)
        return self._deflate.compress(b"".join(parts)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _control(kind: Kind, payload: bytes, flags: int = 0) -> bytes:
    if len(payload) > MAX_LENGTH:
        raise ValueError(f"{len(payload)} bytes do not fit into one frame")
    return _HEAD.pack(0x80000000 | VERSION << 16 | kind, flags << 24 | len(payload)) + payload
