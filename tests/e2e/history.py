"""A real Prometheus with a past that a test wrote: raw samples to the second, by promtool's backfilling."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.e2e import scraping, tools

Labels = Mapping[str, str]


@dataclass
class Past:
    """Raw samples by metric name."""

    series: dict[str, list[tuple[Labels, Sequence[tuple[float, float]]]]] = field(default_factory=dict)

    def add(self, name: str, labels: Labels, samples: Sequence[tuple[float, float]]) -> None:
        """Add a series: (unix time, value), oldest first."""
        self.series.setdefault(name, []).append((labels, samples))

    def text(self) -> str:
        """Write it as OpenMetrics."""
        lines = []
        for name, tracks in self.series.items():
            lines.append(f"# TYPE {name} unknown")
            for labels, samples in tracks:
                inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
                lines += [f"{name}{{{inner}}} {value} {at_s:.3f}" for at_s, value in samples]
        return "\n".join([*lines, "# EOF", ""])


@contextmanager
def remembering(past: Past, folder: Path, version: str | None = None) -> Iterator[str]:
    """Run Prometheus on this past and give its URL; it scrapes nothing."""
    binary, promtool = tools.prometheus(version), tools.promtool(version)
    assert binary is not None and promtool is not None
    text = folder / "past.txt"
    text.write_text(past.text(), encoding="utf-8")
    done = subprocess.run(
        [str(promtool), "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with scraping.running(binary, folder, yaml.safe_load("{global: {scrape_interval: 1h}}")) as url:
        yield url
