"""The program's own sandbox as a child process, and the program as a person would call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

KMON = (sys.executable, "-m", "kmon_tui")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test looks: a cluster, and maybe a Prometheus."""

    kubeconfig: Path
    prometheus_url: str = ""
    pid: int = 0
    """Of the sandbox; 0 for a cluster that is not ours."""

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(_kubeconfig(self.kubeconfig)["clusters"][0]["cluster"]["server"])

    @property
    def token(self) -> str:
        """Bearer token of the first user."""
        return str(_kubeconfig(self.kubeconfig)["users"][0]["user"]["token"])


@contextmanager
def running_sandbox(*flags: str) -> Iterator[Place]:
    """Start ``kmon-tui sandbox``, read where it listens, and stop it as ctrl+c does."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [*KMON, "sandbox", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=plain_environment(),
            text=True,
        )
        try:
            yield _where(process)
        except _DidNotStart as error:
            words.seek(0)
            raise AssertionError(f"{error}: {words.read().decode(errors='replace')}") from None
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class _DidNotStart(Exception):
    """The sandbox ended before it said where it listens."""


def _where(process: subprocess.Popen[str]) -> Place:
    assert process.stdout is not None
    told: dict[str, str] = {}
    while not {"KUBECONFIG", "PROMETHEUS_URL"} <= told.keys():
        line = process.stdout.readline()
        if not line:
            raise _DidNotStart("the sandbox ended without a word of where it listens")
        name, _, value = line.strip().partition("=")
        told[name] = value
    return Place(Path(told["KUBECONFIG"]), told["PROMETHEUS_URL"], process.pid)


def plain_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give an environment in which nothing of the person who runs the tests is configured.

    No size either: readline puts that of no terminal into the environment of pytest's workers.
    """
    own = ("KUBE", "PROMETHEUS", "KMON_", "XDG_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, "HOME": _empty_home().name, "LC_ALL": "C.UTF-8", **(extra or {})}


@cache
def _empty_home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kmon-home-")


def run(
    *arguments: str, timeout_s: float = 60.0, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a one-shot of the program to its end."""
    return subprocess.run(
        [*KMON, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=plain_environment(env),
        check=False,
    )


def run_json(*arguments: str, timeout_s: float = 60.0) -> Any:
    """Run a one-shot with ``-o json`` and read its answer; fails with its words when it could not."""
    done = run(*arguments, "-o", "json", timeout_s=timeout_s)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _kubeconfig(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
