"""Runs a program to its end without a terminal, and hears no more of it than is worth hearing.

Not with asyncio's own pipes: they are waited for until every child of the program has closed them, and a helper that it
leaves behind (a cache of tokens, a browser) never does.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

MOST = 2**20
"""So many bytes of an output are kept; the rest is read and thrown away, so that the program can go on."""
GRACE_S = 1.0
"""How long output may still come once the program has ended."""


async def outcome(
    command: Sequence[str], environ: Mapping[str, str], errors: bytearray | None = None
) -> tuple[int, bytes, bytes]:
    """Give exit code, output and errors. Raises OSError when it cannot be started.

    ``errors`` is filled with what it says while it runs. When this is cancelled the program is killed, and what it has
    started with it.
    """
    out, err = _Ear(), _Ear(errors)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out.mouth,
            stderr=err.mouth,
            start_new_session=True,  # it cannot reach for the terminal that the screen owns
        )
        try:
            await out.listen()
            await err.listen()
            code = await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await out.end.wait()
                await err.end.wait()
        return code, bytes(out.heard), bytes(err.heard)
    finally:
        out.close()
        err.close()


class _Ear(asyncio.Protocol):
    """One pipe: a mouth for the program, and what came out of it."""

    def __init__(self, heard: bytearray | None = None) -> None:
        self.heard = bytearray() if heard is None else heard
        self.end = asyncio.Event()
        reading, self.mouth = os.pipe()
        self._pipe = os.fdopen(reading, "rb", 0)
        """Closed as a file, which does it once: its number may soon be that of somebody else's connection."""
        self._transport: asyncio.BaseTransport | None = None

    async def listen(self) -> None:
        """Begin; our copy of the mouth is closed, so that the program's is the last one."""
        self._shut()
        await asyncio.get_running_loop().connect_read_pipe(lambda: self, self._pipe)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what reads, to end it: also when nobody waits any more for its beginning."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what comes, as long as there is room."""
        self.heard += data[: MOST - len(self.heard)]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more comes."""
        self.end.set()

    def close(self) -> None:
        """Hear no more."""
        if self._transport is not None:
            self._transport.close()
        else:
            self._pipe.close()
        self._shut()

    def _shut(self) -> None:
        if self.mouth >= 0:
            os.close(self.mouth)
            self.mouth = -1
