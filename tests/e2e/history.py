"""A real Prometheus with a past that a test wrote: raw samples to the second, by promtool's backfilling."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.e2e import processes, scraping, tools
from tests.live.stories import Story


@contextmanager
def remembering(story: Story, folder: Path, version: str | None = None) -> Iterator[str]:
    """Run Prometheus on this past and give its URL; it scrapes nothing, and its interval is the charts'."""
    binary, promtool = tools.prometheus(version), tools.promtool(version)
    assert binary is not None and promtool is not None
    text = folder / "past.txt"
    text.write_text(_open_metrics(story), encoding="utf-8")
    done = subprocess.run(
        [str(promtool), "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with scraping.running(binary, folder, yaml.safe_load("{global: {scrape_interval: 1m}}")) as url:
        yield url


@contextmanager
def victorious(story: Story, folder: Path) -> Iterator[str]:
    """Run VictoriaMetrics on this past and give its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    url = f"http://{address}"
    command = [str(tools.victoria()), f"-storageDataPath={folder / 'data'}", f"-httpListenAddr={address}"]
    with (folder / "victoria.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        processes.wait_until(lambda: _answers(f"{url}/health"), 20, "VictoriaMetrics is ready")
        # Its own format has no comments, and times in milliseconds.
        lines = [line.rsplit(" ", 1) for line in _open_metrics(story).splitlines() if not line.startswith("#")]
        text = "\n".join(f"{series} {float(at_s) * 1000:.0f}" for series, at_s in lines)
        _answers(f"{url}/api/v1/import/prometheus", text.encode())
        _answers(f"{url}/internal/force_flush")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str, body: bytes | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, body, timeout=10) as answer:
            return 200 <= int(answer.status) < 300
    except OSError:
        return False


def _open_metrics(story: Story) -> str:
    lines = []
    for name, tracks in story.series.items():
        lines.append(f"# TYPE {name} unknown")
        for labels, samples in tracks:
            inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
            lines += [f"{name}{{{inner}}} {value} {at_s:.3f}" for at_s, value in samples]
    return "\n".join([*lines, "# EOF", ""])
