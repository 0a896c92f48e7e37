"""An sshd on loopback for the user who runs the tests: nothing is installed, and root's machine is not changed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import processes, tools

IN_A_NAMESPACE = """
grep -v '^sshd:' /etc/passwd > {home}/passwd
echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin' >> {home}/passwd
mount --bind {home}/passwd /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -p /run/sshd
exec "$@"
"""
"""Root's sshd wants a user and a folder of its own; a private mount namespace gives it both."""


@dataclass(frozen=True, slots=True)
class SshServer:
    """A running sshd, and how to reach it."""

    port: int
    pid: int
    key: Path

    def command(self, remote: str) -> list[str]:
        """Give the ssh command that runs something over there in a terminal."""
        quiet = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes")
        options = [part for option in quiet for part in ("-o", option)]
        user = f"{getpass.getuser()}@127.0.0.1"
        return [
            str(tools.ssh()),
            "-tt",
            "-F",
            "none",
            *options,
            "-p",
            str(self.port),
            "-i",
            str(self.key),
            user,
            remote,
        ]


@contextmanager
def running_sshd(home: Path) -> Iterator[SshServer]:
    """Start sshd on a free port of loopback, with keys made for it in this folder."""
    port = _free_port()
    for name in ("host", "user"):
        subprocess.run([tools.ssh_keygen(), "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    shutil.copy(home / "user.pub", home / "authorized")
    program = tools.sshd()
    (home / "config").write_text(_config(home, port), encoding="utf-8")
    command = [str(program), "-D", "-e", "-f", str(home / "config")]
    if _needs_a_namespace():
        command = ["unshare", "-m", "sh", "-c", IN_A_NAMESPACE.format(home=home), "sh", *command]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        processes.wait_until(lambda: _answers(port) or process.poll() is not None, 10, "sshd listens")
        assert process.poll() is None, (home / "log").read_text(encoding="utf-8")
        yield SshServer(port, process.pid, home / "user")
    finally:
        process.terminate()
        process.wait(10)


def _config(home: Path, port: int) -> str:
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {home}/host",
        f"AuthorizedKeysFile {home}/authorized",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "PrintMotd no",
    ]
    # Since 9.8 sshd is several programs, looked for where its package would have put them.
    for option, name in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        lines += [f"{option} {found}" for found in (tools.CACHE / "openssh-server").rglob(name) if found.is_file()]
    return "\n".join(lines) + "\n"


def _needs_a_namespace() -> bool:
    if os.geteuid() != 0:
        return False
    return not (any(user.pw_name == "sshd" for user in pwd.getpwall()) and Path("/run/sshd").is_dir())


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
