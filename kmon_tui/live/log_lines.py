"""From the bytes of a log to lines: in bulk, whatever a container wrote."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.logs import LogLine

LONGEST = 65536
"""Of a longer line the beginning is kept, and how much more there was."""


class Lines:
    """Splits one stream; ``resume()`` makes it pass over what was read before."""

    def __init__(self, pod: str, container: str) -> None:
        self._pod, self._container = pod, container
        self._rest = b""
        self._over = 0
        """Bytes of the unfinished line that were thrown away."""
        self.last: datetime | None = None
        """When the newest line was written."""
        self._at_last = 0
        """How many lines were written at that very moment."""
        self._skip_until: datetime | None = None
        self._skip = 0

    def resume(self) -> None:
        """Expect the stream to begin anew with lines that are known already, those of the last second."""
        self._rest, self._over = b"", 0
        self._skip_until, self._skip = self.last, self._at_last

    def count(self, piece: bytes) -> int:
        """Take a piece without reading it; give how many lines ended in it."""
        ended = piece.count(b"\n")
        if ended:
            self._rest, self._over = b"", 0
            self._keep(piece[piece.rindex(b"\n") + 1 :])
        else:
            self._keep(piece)
        return ended

    def feed(self, piece: bytes) -> list[LogLine]:
        """Give the lines that ended in this piece."""
        cut = piece.rfind(b"\n") + 1
        if not cut:
            self._keep(piece)
            return []
        whole, over = self._rest + piece[:cut], self._over
        self._rest, self._over = b"", 0
        self._keep(piece[cut:])
        texts = whole.decode("utf-8", "replace").split("\n")
        del texts[-1]
        if over:
            texts[0] = _cut(texts[0], over)
        return self._made(texts)

    def end(self) -> list[LogLine]:
        """Give the last line, which has no end."""
        text, over = self._rest.decode("utf-8", "replace"), self._over
        self._rest, self._over = b"", 0
        return self._made([_cut(text, over) if over else text]) if text else []

    def _keep(self, end: bytes) -> None:
        room = LONGEST - len(self._rest)
        self._rest += end[:room]
        self._over += max(0, len(end) - room)

    def _made(self, texts: list[str]) -> list[LogLine]:
        pod, container, made = self._pod, self._container, []
        last, at_last = self.last, self._at_last
        for text in texts:
            stamp, _, said = text.partition(" ")
            try:
                time = datetime.fromisoformat(stamp)
            except ValueError:
                # What the kubelet itself has to say comes without a time.
                made.append(LogLine(_shown(text), pod, container, last))
                continue
            if self._skip_until is not None and time.tzinfo is not None and self._is_known(time):
                continue
            at_last = at_last + 1 if time == last else 1
            last = time if time.tzinfo is not None else last
            made.append(LogLine(_shown(said), pod, container, last))
        self.last, self._at_last = last, at_last
        return made

    def _is_known(self, time: datetime) -> bool:
        assert self._skip_until is not None
        if time < self._skip_until:
            return True
        if time == self._skip_until and self._skip > 0:
            self._skip -= 1
            return True
        self._skip_until = None
        return False


def _shown(text: str) -> str:
    if len(text) > LONGEST:
        text = _cut(text[:LONGEST], len(text) - LONGEST)
    return text[:-1] if text.endswith("\r") else text


def _cut(text: str, over: int) -> str:
    return f"{text} … {over:,} bytes more"
