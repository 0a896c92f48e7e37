"""The SPDY/3.1 frames: what a real kubelet sent, at every split, and what nobody should send."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.wire.spdy import (
    Data,
    Encoder,
    Frame,
    GoAway,
    Headers,
    Ping,
    ProtocolError,
    RstStream,
    Settings,
    SynReply,
    SynStream,
    WindowUpdate,
    data_head,
)
from kmon_tui.wire.spdy_dictionary import DICTIONARY
from kmon_tui.wire.spdy_parser import Parser

RECORDINGS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "portforward" / "portforward-spdy.json").read_text()
)
TITLES = [f"{recording['transport'][:9]}: {recording['why']}" for recording in RECORDINGS]
ONE_OF_EACH: list[Frame] = [
    SynStream(1, {"streamtype": "error", "port": "8080", "requestid": "0"}, fin=True, priority=5, associated=7),
    SynStream(3, {"streamtype": "data", "port": "8080", "requestid": "0"}, unidirectional=True),
    SynReply(1, {}),
    SynReply(3, {"a": "b"}, fin=True),
    Headers(3, {"more": "of it"}, fin=True),
    Settings(((1, 4, 100), (0, 7, 65536)), clear=True),
    Ping(1),
    WindowUpdate(3, 1000),
    Data(3, b"hello"),
    Data(3, b"", fin=True),
    RstStream(1, 5),
    GoAway(3, 0),
]


def frame_of(recorded: dict[str, Any]) -> Frame:
    """Make a frame value of one line of a recording."""
    fin = bool(recorded.get("flags", 0) & 1)
    match recorded["frame"]:
        case "SYN_STREAM":
            return SynStream(recorded["stream"], recorded["headers"], fin)
        case "SYN_REPLY":
            return SynReply(recorded["stream"], recorded["headers"], fin)
        case "RST_STREAM":
            return RstStream(recorded["stream"], recorded["status"])
        case "PING":
            return Ping(int(recorded["payload_hex"], 16))
        case "DATA":
            return Data(recorded["stream"], base64.b64decode(recorded["data_base64"]), fin)
    raise AssertionError(f"a frame that this test does not know: {recorded['frame']}")


def frames_of(recording: dict[str, Any], side: str) -> list[Frame]:
    """Give the frames of one side of a recording."""
    return [frame_of(recorded) for recorded in recording["frames"] if recorded["dir"] == side]


def joined(frames: list[Frame]) -> list[Frame]:
    """Put the parts of long DATA frames together again, as bytes."""
    whole: list[Frame] = []
    for frame in frames:
        if not isinstance(frame, Data):
            whole.append(frame)
        elif whole and isinstance(last := whole[-1], Data) and last.stream == frame.stream and not last.fin:
            whole[-1] = Data(frame.stream, bytes(last.payload) + bytes(frame.payload), frame.fin)
        else:
            whole.append(Data(frame.stream, bytes(frame.payload), frame.fin))
    return whole


def encoded(frames: list[Frame]) -> bytes:
    """Give the frames as one sender would put them on the wire."""
    encoder = Encoder()
    return b"".join(encoder.encode(frame) for frame in frames)


def in_pieces(wire: bytes, cuts: list[int]) -> list[Frame]:
    """Parse the bytes cut at these places."""
    parser = Parser()
    frames: list[Frame] = []
    for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        frames += parser.feed(wire[start:stop])
    assert not parser.inside_frame
    return joined(frames)


def test_the_dictionary_is_the_one_that_every_peer_has() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("recording", RECORDINGS, ids=TITLES)
def test_recorded_frames_come_back_byte_for_byte_whatever_the_cuts(recording: dict[str, Any], side: str) -> None:
    frames = frames_of(recording, side)
    wire = encoded(frames)

    for size in range(1, 40):
        assert in_pieces(wire, list(range(size, len(wire), size))) == joined(frames)


def test_frames_have_the_layout_of_the_draft() -> None:
    assert encoded([Ping(1)]) == bytes.fromhex("80030006 00000004 00000001")
    assert encoded([RstStream(3, 5)]) == bytes.fromhex("80030003 00000008 00000003 00000005")
    assert encoded([Data(3, b"hi", fin=True)]) == bytes.fromhex("00000003 01000002") + b"hi"
    opened = encoded([SynStream(1, {}, fin=True)])
    assert opened[:5] == bytes.fromhex("80030001 01")
    assert opened[8:18] == bytes.fromhex("00000001 00000000 0000")
    assert int.from_bytes(opened[5:8], "big") == len(opened) - 8


def test_a_header_block_starts_with_the_dictionary_as_go_writes_it() -> None:
    block = encoded([SynReply(1, {})])[12:]

    assert block[0] == 0x78  # deflate, window of 32 KiB
    assert block[1] & 0x20  # FDICT: the dictionary's Adler-32 follows
    assert block[2:6] == bytes.fromhex("e3c6a7c2")
    assert block.endswith(bytes.fromhex("0000ffff"))


@given(st.lists(st.sampled_from(ONE_OF_EACH), max_size=30), st.data())
def test_any_frames_survive_any_cuts(frames: list[Frame], data: st.DataObject) -> None:
    wire = encoded(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=20)))

    assert in_pieces(wire, cuts) == joined(frames)


@given(st.binary(max_size=300))
def test_any_bytes_give_frames_or_a_protocol_error(noise: bytes) -> None:
    whole, by_byte = Parser(), Parser()

    try:
        frames = joined(whole.feed(noise))
    except ProtocolError as error:
        with pytest.raises(ProtocolError, match="^" + str(error).split("'")[0].split("(")[0]):
            for i in range(len(noise)):
                by_byte.feed(noise[i : i + 1])
    else:
        assert joined([frame for i in range(len(noise)) for frame in by_byte.feed(noise[i : i + 1])]) == frames


def test_data_are_handed_on_before_their_frame_is_whole() -> None:
    parser = Parser()

    first = parser.feed(data_head(3, 16_000_000, fin=True) + b"abc")
    second = parser.feed(b"de")

    assert joined(first) == [Data(3, b"abc")]
    assert joined(second) == [Data(3, b"de")]
    assert parser.inside_frame


def test_data_are_views_into_the_chunk_not_copies() -> None:
    chunk = data_head(3, 5) + b"hello"

    (frame,) = Parser().feed(chunk)

    assert isinstance(frame, Data)
    assert isinstance(frame.payload, memoryview)
    assert frame.payload.obj is chunk


def test_unknown_control_frames_are_passed_over() -> None:
    unknown = struct.pack(">II", 0x80000000 | 3 << 16 | 11, 3) + b"???"

    assert Parser().feed(unknown + encoded([Ping(3)])) == [Ping(3)]


def bomb() -> bytes:
    """Give a SYN_STREAM whose small header block claims to be 100 MB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    block = deflate.compress(struct.pack(">II", 1, 100_000_000) + bytes(100_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return struct.pack(">IIIIH", 0x80030001, len(block) + 10, 1, 0, 0) + block


def with_block(block: bytes) -> bytes:
    """Give a SYN_REPLY with this header block, packed as it should be."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    packed = deflate.compress(block) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return struct.pack(">III", 0x80030002, len(packed) + 4, 1) + packed


BAD: dict[str, tuple[bytes, str]] = {
    "another version": (bytes.fromhex("80020006 00000004 00000001"), "version 2"),
    "data on stream 0": (bytes.fromhex("00000000 00000001 61"), "DATA on stream 0"),
    "a ping of 3 bytes": (bytes.fromhex("80030006 00000003 000001"), "PING of 3 bytes"),
    "a reset of 4 bytes": (bytes.fromhex("80030003 00000004 00000001"), "RST_STREAM of 4 bytes"),
    "a reset of stream 0": (bytes.fromhex("80030003 00000008 00000000 00000005"), "RST_STREAM on stream 0"),
    "a stream of 9 bytes": (bytes.fromhex("80030001 00000009 00000001 00000000 00"), "SYN_STREAM of 9 bytes"),
    "settings that lie": (bytes.fromhex("80030004 00000004 00000009"), "SETTINGS of 4 bytes"),
    "a control frame of 16 MB": (bytes.fromhex("80030008 00ffffff"), "more than 65536"),
    "headers that are no zlib": (bytes.fromhex("80030002 00000008 00000001 41414141"), "header block"),
    "headers that inflate without end": (bomb(), "header block of more than|control frame of"),
    "a block that ends early": (with_block(struct.pack(">II", 1, 50) + b"x"), "ends too early"),
    "a block that is too long": (with_block(struct.pack(">I", 0) + b"x"), "1 bytes too many"),
    "a billion headers": (with_block(struct.pack(">I", 0xFFFFFFFF)), "ends too early"),
    "one name twice": (with_block(struct.pack(">I", 2) + 2 * (struct.pack(">I", 1) + b"a" + bytes(4))), "comes twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name: str) -> None:
    wire, words = BAD[name]

    with pytest.raises(ProtocolError, match=words):
        Parser().feed(wire)


def test_small_bombs_are_not_inflated() -> None:
    parser = Parser(max_control=10_000_000)

    with pytest.raises(ProtocolError, match="header block of more than 262144 bytes"):
        parser.feed(bomb())


def test_nothing_is_read_after_an_error() -> None:
    parser = Parser()
    with pytest.raises(ProtocolError):
        parser.feed(BAD["another version"][0])

    with pytest.raises(ProtocolError, match="version 2"):
        parser.feed(encoded([Ping(1)]))


def test_a_frame_that_is_too_long_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Encoder().encode(Data(1, bytes(0x1000000)))
