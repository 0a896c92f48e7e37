"""A real Prometheus with a past that a test wrote: raw samples to the second, by promtool's backfilling."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.e2e import scraping, tools
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


def _open_metrics(story: Story) -> str:
    lines = []
    for name, tracks in story.series.items():
        lines.append(f"# TYPE {name} unknown")
        for labels, samples in tracks:
            inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
            lines += [f"{name}{{{inner}}} {value} {at_s:.3f}" for at_s, value in samples]
    return "\n".join([*lines, "# EOF", ""])
