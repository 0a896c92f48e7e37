"""Forms in which Prometheus 3 may keep the numbers of models that kmon-tui does not read, and what to do about each."""

from __future__ import annotations

from collections.abc import Collection

from kmon_tui.live.natives import NAMES

DOTTED = ("http.server.request.duration_seconds", "http.server.request.duration")
"""What Knative 1.19.0 sends to whoever takes any name, and OpenTelemetry without translation."""
DOTTED_NAMES = tuple(f"{name}{tail}" for name in DOTTED for tail in ("", "_count"))


def words(there: Collection[str]) -> tuple[str, ...]:
    """Say what cannot be read of these names."""
    found = []
    if dotted := sorted(name for name in there if name.startswith(DOTTED)):
        found.append(
            f"{dotted[0]} is not read for the dots in its name: metric_name_validation_scheme: legacy in its scrape "
            "job, or translation_strategy: UnderscoreEscapingWithSuffixes under otlp, gives the name that is"
        )
    if native := sorted(name for name in there if name in NAMES):
        found.append(f"{native[0]} is a native histogram: it is read at the bounds of the classic one")
    return tuple(found)
