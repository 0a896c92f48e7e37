"""How long a server took, told by the kernel: our own lateness is not its fault."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kmon_tui.live.line_time import LineTime


@contextmanager
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of one TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        theirs, _ = server.accept()
        with theirs:
            yield ours, theirs


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when an answer came")
@pytest.mark.parametrize(("server_s", "late_s"), [(0.0, 0.4), (0.3, 0.0), (0.3, 0.4)])
def test_it_is_what_the_server_took_however_late_the_answer_is_read(server_s: float, late_s: float) -> None:
    with line() as (ours, theirs):
        measured = LineTime()
        ours.sendall(b"question")
        time.sleep(server_s)
        theirs.sendall(b"answer")
        time.sleep(late_s)
        ours.recv(100)
        measured.saw(ours)
        time.sleep(0.2)

    assert measured.took_s == pytest.approx(server_s, abs=0.15)


def test_where_no_kernel_tells_it_is_our_own_clock() -> None:
    near, far = socket.socketpair()
    with near, far:
        measured = LineTime()
        time.sleep(0.2)
        measured.saw(near)

        assert 0.19 < measured.took_s < 1.0
