"""Pages of words about the sources: which Prometheus, what is missing."""

from __future__ import annotations

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.health import Health
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.cells import clean, wrap
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line
from kmon_tui.render.summary import api_health, told
from kmon_tui.render.units import UNKNOWN, age, duration, percent

_WIDTH = 72
"""What a page of 78 cells has room for beside its border and its scroll bar."""


def prometheus_lines(state: State, drawing: Drawing) -> tuple[Line, ...]:
    """Say which Prometheus is asked, how it was found, how fast and how old it is, and what our queries cost."""
    health = state.health.get(PROMETHEUS)
    if health is None:
        return (
            (("no Prometheus is configured", "failed"),),
            (),
            (("start with --prometheus URL, or set PROMETHEUS_URL", ""),),
        )
    prometheus = told(drawing.prometheus, health)
    age_s = drawing.data_age_s(prometheus.sampled_at)
    alone = bool(prometheus.scraped) and not prometheus.url
    facts = [
        ("state", f"none; pods: {prometheus.scraped}" if alone else health.status.value),
        ("url", prometheus.url),
        ("found by", prometheus.found_by),
        ("version", prometheus.version),
        ("retention", prometheus.retention),
        ("metrics", ", ".join(prometheus.families) or ("none of the known families" if prometheus.now else UNKNOWN)),
        ("shown", f"{prometheus.family or 'the best of each service'}  (:family chooses)"),
        ("scrape interval", _seconds(prometheus.scrape_interval_s)),
        ("rate window", _seconds(prometheus.window_s)),
        ("asked every", _seconds(prometheus.tick_s)),
        ("our queries", _cost(prometheus)),
        ("lag", f"newest sample {age(age_s)} old" if age_s is not None else UNKNOWN),
        ("series", prometheus.matchers or "all"),
    ]
    lines: list[Line] = [((f"{name:<16}", "dim"), (clean(value) or UNKNOWN, "")) for name, value in facts]
    lines.extend(_failure(health))
    notes = (*map(warned, prometheus.warnings), *prometheus.notes)
    lines.extend(((line, "warn"),) for note in notes for line in wrap(clean(note), _WIDTH))
    lines.extend(((), (("P", "key"), (" chooses another one, or only some of its series", "")), ()))
    lines.extend(((f":prom {clean(choice.text)}", ""), (f"  {clean(choice.why)}", "dim")) for choice in choices(state))
    return tuple(lines)


def warned(text: str) -> str:
    """Tell of a warning of Prometheus itself."""
    return f"Prometheus warns, numbers may be too low: {text}"


def choices(state: State) -> tuple[Choice, ...]:
    """Give what could be asked instead: what was found, then what is always possible."""
    health = state.health.get(PROMETHEUS, Health())
    prometheus = told(state.traffic.prometheus if state.traffic is not None else Prometheus(), health)
    found = list(dict.fromkeys((*prometheus.choices, *health.choices)))
    if prometheus.matchers:
        found.append(Choice("all", f"all series, without {prometheus.matchers}"))
    if not prometheus.found_by.startswith("found in the cluster"):
        found.append(Choice("found", "what is in the cluster"))
    if prometheus.found_by.startswith(":prom"):
        found.append(Choice("forget", "what was chosen: from the next start on the settings decide"))
    return tuple(found)


def notes_lines(state: State) -> tuple[Line, ...]:
    """Say what is known of the cluster and what is missing."""
    place, fleet = state.place, state.fleet
    facts = [
        ("context", place.context),
        ("cluster", place.cluster),
        ("user", place.who),
        ("server", place.server),
        ("version", fleet.server_version),
        ("namespace", state.namespace or ("all" if state.namespace_known else "")),
        ("kinds", ", ".join(fleet.kinds)),
    ]
    lines: list[Line] = [((f"{name:<16}", "dim"), (clean(value) or UNKNOWN, "")) for name, value in facts]
    lines.extend(_failure(api_health(state)))
    lines.extend(((line, "warn"),) for note in fleet.notes for line in wrap(clean(note), _WIDTH))
    if fleet.not_installed:
        lines.append(((f"{fleet.not_installed}: looked for again every few seconds", "warn"),))
    elif fleet.synced and not fleet.notes:
        lines.append((("nothing is missing", "ready"),))
    return tuple(lines)


def _failure(health: Health) -> list[Line]:
    said = ((health.error, "failed"), (health.hint, ""))
    return [((line, look),) for text, look in said for line in wrap(clean(text), _WIDTH)]


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else duration(value) if value >= 60 else f"{value:g}s"


def _cost(prometheus: Prometheus) -> str:
    if prometheus.query_s is None:
        return UNKNOWN
    share = f" ({percent(prometheus.query_s / prometheus.tick_s)} % of it)" if prometheus.tick_s else ""
    much = f"{prometheus.queries} in " if prometheus.queries else ""
    return f"{much}{prometheus.query_s * 1000:.0f} ms a tick{share}, to the last byte"
