"""The demo where people run it: in tmux, over ssh, in a window that is dragged small, closed, or killed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import processes, tools
from tests.e2e.sandbox import KMON, plain_environment
from tests.e2e.ssh_server import running_sshd
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e
DEMO = (*KMON, "--demo")
A_SERVICE = "sklearn-iris"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo() -> Iterator[Terminal]:
    with Terminal(DEMO, columns=80, rows=24, env=plain_environment()) as terminal:
        terminal.wait_for(A_SERVICE, timeout_s=30)
        yield terminal


def family(pid: int) -> tuple[int, ...]:
    """The process and everything below it; the demo has at least its sandbox there."""
    return (pid, *processes.descendants(pid))


def test_q_ends_the_demo_and_leaves_nothing_running(demo: Terminal) -> None:
    everybody = family(demo.pid)

    demo.send("q")

    assert demo.wait_for_exit() == 0
    processes.wait_until_gone(everybody, 10)
    assert len(everybody) > 1


def test_a_closed_terminal_ends_the_demo_and_its_sandbox(demo: Terminal) -> None:
    everybody = family(demo.pid)

    demo.hang_up()

    # 70 would be a bug that ended it: a closed terminal is none.
    assert demo.wait_for_exit() != 70
    processes.wait_until_gone(everybody, 10)


def test_the_sandbox_ends_even_when_the_demo_was_killed(demo: Terminal) -> None:
    everybody = family(demo.pid)

    os.kill(demo.pid, signal.SIGKILL)

    demo.wait_for_exit()
    processes.wait_until_gone(everybody, 10)


def test_a_request_to_end_is_obeyed(demo: Terminal) -> None:
    everybody = family(demo.pid)

    os.kill(demo.pid, signal.SIGTERM)

    demo.wait_for_exit()
    processes.wait_until_gone(everybody, 10)
    assert b"Traceback" not in demo.raw


def test_a_window_dragged_tiny_and_back_shows_the_services_again(demo: Terminal) -> None:
    demo.resize(20, 5)
    demo.read_for(1.0)
    demo.resize(80, 24)

    demo.wait_for(A_SERVICE)

    assert demo.is_running
    assert b"Traceback" not in demo.raw


def test_the_selection_moves_and_the_filter_leaves_what_was_typed(demo: Terminal) -> None:
    demo.wait_for(lambda terminal: sum("ready" in line for line in terminal.lines()) > 3)

    demo.send("j")
    demo.send("/")
    demo.send(A_SERVICE)
    demo.send("\r")

    demo.wait_for(lambda terminal: sum(" ready " in f"{line} " for line in terminal.lines()[1:-1]) <= 1)
    demo.wait_for(A_SERVICE)


class Tmux:
    """A tmux server of its own, with one window."""

    def __init__(self, folder: Path) -> None:
        self._base = [str(tools.tmux()), "-S", str(folder / "socket"), "-f", "/dev/null"]

    def __call__(self, *arguments: str) -> str:
        """Run one tmux command and give what it printed."""
        env = {**plain_environment(), "TERM": "xterm-256color"}
        done = subprocess.run(
            [*self._base, *arguments], capture_output=True, text=True, timeout=20, env=env, check=False
        )
        return done.stdout

    def shows(self, text: str) -> bool:
        """Does the window show this text?"""
        return text in self("capture-pane", "-p", "-t", "main")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path)
    yield tmux
    tmux("kill-server")


def test_the_demo_runs_in_tmux_takes_keys_and_leaves_nothing_behind(tmux: Tmux) -> None:
    tmux("new-session", "-d", "-s", "main", "-x", "80", "-y", "24", f"{shlex.join(DEMO)}; echo EXIT $?; exec cat")
    processes.wait_until(lambda: tmux.shows(A_SERVICE), 30, "services in tmux")
    everybody = processes.descendants(int(tmux("display-message", "-p", "-t", "main", "#{pane_pid}")))

    tmux("send-keys", "-t", "main", "?")
    processes.wait_until(lambda: tmux.shows("filter"), 10, "the help shows what the keys do")
    tmux("send-keys", "-t", "main", "q")
    tmux("send-keys", "-t", "main", "q")

    processes.wait_until(lambda: tmux.shows("EXIT 0"), 10, "the demo ended well")
    processes.wait_until_gone(everybody, 10)
    assert not tmux.shows("Traceback")


def test_a_killed_tmux_session_ends_the_demo(tmux: Tmux) -> None:
    tmux("new-session", "-d", "-s", "main", "-x", "80", "-y", "24", shlex.join(DEMO))
    processes.wait_until(lambda: tmux.shows(A_SERVICE), 30, "services in tmux")
    everybody = family(int(tmux("display-message", "-p", "-t", "main", "#{pane_pid}")))

    tmux("kill-session", "-t", "main")

    processes.wait_until_gone(everybody, 10)


@dataclass(frozen=True, slots=True)
class Remote:
    """The demo over ssh: its terminal here, and the sshd that started it over there."""

    terminal: Terminal
    server_pid: int


@pytest.fixture
def over_ssh(tmp_path: Path) -> Iterator[Remote]:
    with running_sshd(tmp_path) as server:
        remote = f"cd {shlex.quote(str(ROOT))} && LC_ALL=C.UTF-8 exec {shlex.join(DEMO)}"
        with Terminal(server.command(remote), columns=80, rows=24, env=plain_environment()) as terminal:
            terminal.wait_for(A_SERVICE, timeout_s=30)
            yield Remote(terminal, server.pid)


def test_the_demo_runs_over_ssh_and_q_gives_its_exit_code(over_ssh: Remote) -> None:
    everybody = processes.descendants(over_ssh.server_pid)

    over_ssh.terminal.send("q")

    assert over_ssh.terminal.wait_for_exit() == 0
    processes.wait_until_gone(everybody, 10)


def test_a_lost_ssh_connection_ends_the_demo_over_there(over_ssh: Remote) -> None:
    everybody = processes.descendants(over_ssh.server_pid)

    os.kill(over_ssh.terminal.pid, signal.SIGKILL)

    processes.wait_until_gone(everybody, 10)
    assert len(everybody) > 2


def test_a_resize_travels_over_ssh(over_ssh: Remote) -> None:
    over_ssh.terminal.resize(100, 30)

    over_ssh.terminal.wait_for(lambda terminal: any(len(line) > 80 for line in terminal.lines()))
