"""The sandbox behind --demo: a child process that ends when its standard input does, so even if we are killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from kmon_tui.domain.errors import TimedOut, Unreachable
from kmon_tui.domain.late import dataclass

PATIENCE_S = 60.0
"""How long a sandbox may take to start on a busy machine."""
_KUBECONFIG = "KUBECONFIG="
_PROMETHEUS_URL = "PROMETHEUS_URL="


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a sandbox can be found."""

    kubeconfig: str
    prometheus_url: str


class DemoSandbox:
    """One sandbox, started when it is first asked for."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._addresses: Addresses | None = None

    async def addresses(self) -> Addresses:
        """Give where it is; starts it if it does not run."""
        if self._addresses is None or self._process is None or self._process.poll() is not None:
            self.close()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self._process = await asyncio.to_thread(_started, self._log)
                    self._addresses = await asyncio.to_thread(_announced, self._process)
            except TimeoutError:
                self.close()
                raise TimedOut(f"the demo's cluster did not start in {PATIENCE_S:g} s", self._hint()) from None
            except BaseException:
                # Cancelled or dead: the thread that reads its output must end, too.
                self.close()
                raise
        if self._addresses is None:
            code = self._process.wait() if self._process is not None else 0
            raise Unreachable(f"the demo's cluster ended with code {code} before it was ready", self._hint())
        return self._addresses

    def close(self) -> None:
        """End it and wait until it is gone."""
        process, self._process, self._addresses = self._process, None, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for wait_s, end in ((3.0, process.terminate), (2.0, process.kill)):
            try:
                process.wait(wait_s)
                break
            except subprocess.TimeoutExpired:
                end()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _hint(self) -> str:
        return f"Its words are in {self._log}." if self._log is not None else "Start it alone: kmon-tui sandbox."


def _started(log: Path | None) -> subprocess.Popen[str]:
    # -P: a folder named kmon_tui where we happen to be must not be run in our stead.
    command = [sys.executable, "-P", "-m", "kmon_tui", "sandbox", "--until-eof"]
    if log is None:
        return _popen(command, subprocess.DEVNULL)
    with log.open("ab") as words:
        return _popen(command, words.fileno())


def _popen(command: list[str], words: int) -> subprocess.Popen[str]:
    # A session of its own: ctrl+c and a closed terminal are none of its business.
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True, start_new_session=True
    )


def _announced(process: subprocess.Popen[str]) -> Addresses | None:
    """Read until it has said where it is; None when it ends before."""
    said: dict[str, str] = {}
    for line in process.stdout or ():
        for name in (_KUBECONFIG, _PROMETHEUS_URL):
            if line.startswith(name):
                said[name] = line.removeprefix(name).strip()
        if len(said) == 2:
            return Addresses(said[_KUBECONFIG], said[_PROMETHEUS_URL])
    return None
