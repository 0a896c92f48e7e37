"""Write docs/metrics.md from the packs: what each family is called, its unit, its bounds, and what it counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Dialect, Histogram
from kmon_tui.live.packs.gauges import GAUGES
from kmon_tui.live.packs.knative import GENERATIONS

FILE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
HEAD = """\
# Metrics

What kmon-tui reads, and what each number means. Written from `kmon_tui/live/packs/` by `scripts/metrics_page.py`.

Families, best first. `:family` and `--family` choose another one where several count a service.

## Whose experience a number is

`pods`: what reached a pod, as queue-proxy or the model server counts it. `users`: what callers got, with what was
refused before a pod. That is known where somebody in front of the pods counts by service: a gateway (families istio and
envoy), or Knative's activator (families activator and activator-s), which sees the requests to services that are scaled
to zero or short of capacity; all others are added from the pods. A gateway goes before the activator, since it
also sees what never came to either. The activator of Knative 1.19.4 and newer counts only after `config-observability`
says `metrics-protocol: prometheus`, and its pods must be scraped: the job kserve-knative-metrics does.
Without any of them an error ratio is that of `pods`; with no ready pod either it is `?`.

## Families
"""


def page() -> str:
    """Give the text of the page."""
    parts = [HEAD, *map(_family, DIALECTS.values()), "## Versions of Knative\n\n"]
    parts.append(
        "| Knative | time in the model | depth of the queue; it never falls back to 0, so it is not drawn "
        "| its activator counts by revision |\n"
        "|---|---|---|---|\n"
    )
    parts += [
        f"| {version} | `{inside}` | `{depth}` | {'yes' if by_revision else 'no'} |\n"
        for version, (inside, depth, by_revision) in GENERATIONS.items()
    ]
    parts.append("\n## What goes up and down\n\n| metric | shows | source | several of them |\n|---|---|---|---|\n")
    how = {"max": "all say the same", "sum": "are added", "avg": "the mean"}
    for pack in GAUGES:
        for name, level in pack.levels.items():
            parts.append(f"| `{name}` | {level.value.replace('_', ' ')} | {pack.source} | {how[pack.over]} |\n")
    return "".join(parts)


def _family(dialect: Dialect) -> str:
    rejected = "yes" if dialect.counts_rejected else "no"
    rows = [
        ("counts", dialect.means),
        *([("versions", dialect.versions)] if dialect.versions else []),
        ("scope", dialect.scope.value),
        ("what was rejected before the model", rejected),
        *(
            (
                f"`{name}{{{count.own}}}`" if count.own else f"`{name}`",
                " ".join(filter(None, (count.role.value, count.code))),
            )
            for name, count in dialect.counters.items()
        ),
        *_histograms(dialect),
    ]
    if dialect.code_labels:
        rows.append(("status", ", ".join(f"`{label}`" for label in dialect.code_labels)))
    if dialect.own:
        rows.append(("only where", f"`{dialect.own}`"))
    lines = "".join(f"| {name} | {text} |\n" for name, text in rows)
    return f"\n### {dialect.family.value}\n\n| | |\n|---|---|\n{lines}\n"


def _histograms(dialect: Dialect) -> Iterable[tuple[str, str]]:
    named = {"latency": dialect.latency, "first token": dialect.first_token, "between tokens": dialect.next_token}
    for what, histogram in named.items():
        if histogram is not None:
            yield f"`{histogram.series}`", f"{what}, {_unit(histogram)}"
    if dialect.latency is None:
        yield "latency", "no histogram: only a mean"


def _unit(histogram: Histogram) -> str:
    unit = "s" if histogram.to_ms == 1000 else "ms"
    if not histogram.bounds_ms:
        return f"{unit}, bounds of what is renamed"
    bounds = histogram.bounds_ms
    return (
        f"{unit}, {len(bounds)} bounds from {bounds[0]:g} to {bounds[-1]:g} ms; above the last it is *more than* that"
    )


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
