"""The first words of every screen: how many failed, where this is, and whether it may be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Readiness
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.cells import clean, middle
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line, Span, joined, shortened, width_of
from kmon_tui.render.units import UNKNOWN, age, duration

WORDS = (
    (Readiness.FAILED.value, "FAILED", "alarm"),
    ("not serving", "NOT SERVING", "alarm"),
    ("stuck", "STUCK", "alarm"),
    (Readiness.ROLLING.value, "rolling", "rolling"),
    (Readiness.UNKNOWN.value, "unknown", "unknown"),
    (Readiness.READY.value, "ready", "ready"),
    (Readiness.COLD.value, "cold", "cold"),
    (Readiness.STOPPED.value, "stopped", "stopped"),
)


FORBIDDEN = "Forbidden"
NOT_FOUND = "NotFound"
"""Classes of errors that are not an outage."""
SHORT_WAYS = {
    "--prometheus": "flag",
    "PROMETHEUS_URL": "env",
    "found in the cluster": "found",
    ":prom": "chosen",
}
"""How a Prometheus was found, for narrow bars; other ways are short by themselves."""
SHORT_NAME = 12
LEAST_FOR_WHICH = 64
"""Cells of a bar below which there is no room to name the Prometheus."""
CONTEXT_WIDTH = 28
"""Cells that a long context gets before counts are left out for it."""


def counts_line(counts: Mapping[str, int], look: str | None = None) -> Line:
    """Write ``2 FAILED  1 rolling  9 ready``; what there is none of is left out."""
    spans: list[Span] = []
    for word, label, own_look in WORDS:
        if counts.get(word, 0) > 0:
            words = f"{counts[word]} {label}"
            spans.extend(((f" {words} " if own_look == "alarm" else words, look or own_look), ("  ", "")))
    return joined(spans[:-1])


def top_line(state: State, counts: Mapping[str, int], drawing: Drawing, width: int, *, read_only: bool) -> Line:
    """Write the top bar: counts, context, namespace, READ-ONLY, the health of both sources."""
    api = api_health(state)
    down = api.status is Status.FAILING
    head = counts_line(counts, "stale" if down else None) or ((_start_word(state), "dim"),)
    ellipsis = drawing.glyphs.ellipsis
    before = joined(
        [
            ("READ-ONLY  ", "warn") if read_only else ("", ""),
            *_api_words(state, drawing),
            ("  ", ""),
        ]
    )
    variants = [joined([*before, *words, (" ", "")]) for words in prometheus_words(state, drawing)]
    right = variants[-1] if width < LEAST_FOR_WHICH else variants[-2]
    place = f" ns:{_namespace(state, ellipsis)}"
    room = width - 1 - width_of(right) - 2
    context_width = min(width_of(((clean(state.place.context), ""),)), CONTEXT_WIDTH)
    head = _shortened(head, room - 2 - context_width - min(len(place), 16))
    left_room = room - width_of(head) - 2 - min(len(place), 16)
    context = middle(clean(state.place.context) or "no context", max(4, left_room), ellipsis=ellipsis)
    left: Line = (
        *(() if head[0][1] == "alarm" else ((" ", ""),)),
        *head,
        ("  ", ""),
        (context, "context"),
        (middle(place, 16), ""),
    )
    gap = width - width_of(left) - width_of(right)
    room = gap + width_of(right) - 2
    wider = next((words for words in variants if width_of(words) <= room), right)
    if width_of(wider) > width_of(right):
        right, gap = wider, room + 2 - width_of(wider)
    if gap < 1:
        return shortened((*left, ("  ", ""), *right), width)
    return (*left, (" " * gap, ""), *right)


def api_health(state: State) -> Health:
    """Give the health of the way to the API: failing if the monitor or the watch itself says so."""
    monitored, seen = state.health.get(KUBERNETES, Health()), state.fleet.health
    # The monitor's is the same one, and knows since when.
    return monitored if seen.status is not Status.FAILING or seen.error == monitored.error else seen


def data_words(state: State, drawing: Drawing) -> str:
    """Say how old Prometheus' data is: words only once it is older than two polls."""
    age_s = drawing.data_age_s(drawing.prometheus.sampled_at)
    if age_s is None:
        return ""
    if state.health.get(PROMETHEUS, Health()).status is Status.FAILING or age_s > 2 * drawing.prometheus.poll_s:
        return f"data {age(age_s)} old"
    return ""


def which_words(prometheus: Prometheus) -> tuple[str, ...]:
    """Name the Prometheus and how it was found, at length first; empty when none is known."""
    parts = urlsplit(prometheus.url)
    name, _, rest = parts.netloc.partition(".")
    namespace, _, zone = rest.partition(".")
    inside = zone.startswith("svc")
    where = clean(f"{namespace}/{name}" if inside else parts.netloc + parts.path)
    if not where:
        scraped = clean(prometheus.scraped)
        return (f"({scraped})", f"({scraped.partition(', since')[0]})") if scraped else ()
    how = clean(prometheus.found_by)
    head, _, _ = how.partition(": ")
    short = SHORT_WAYS.get(head) or next((word for start, word in SHORT_WAYS.items() if how.startswith(start)), head)
    host = parts.hostname or ""
    first = clean(name if inside else host if host.replace(".", "").isdecimal() else host.split(".")[0])
    long = [f"{where} ({how})", f"{where} ({head})"] if how else [where]
    cut = middle(first, SHORT_NAME) if short != "demo" else ""
    return tuple(dict.fromkeys((*long, *(f"{words} {short}".strip() for words in (where, first, cut)))))


def _namespace(state: State, ellipsis: str) -> str:
    if not state.namespace_known and api_health(state).status is Status.FAILING:
        return UNKNOWN
    if not state.namespace_known:
        return "…" if ellipsis == "…" else "..."
    return clean(state.namespace) if state.namespace else "all"


def _start_word(state: State) -> str:
    if state.fleet.synced:
        return "0 services"
    if api_health(state).status is Status.FAILING:
        return "no services known"
    return "connecting" if state.place.context else "starting"


def _api_words(state: State, drawing: Drawing) -> Line:
    health = api_health(state)
    if health.status is Status.FAILING:
        if health.kind == FORBIDDEN:
            return (("api: no right", "failed"),)
        since = f" {age((drawing.now - health.since).total_seconds())}" if health.since else ""
        return ((f"api DOWN{since}", "failed"),)
    if health.status is Status.LIVE and state.fleet.synced:
        return (("api live", "live"),)
    return (("api …" if drawing.glyphs.ellipsis == "…" else "api ...", "dim"),)


def prometheus_words(state: State, drawing: Drawing) -> list[Line]:
    """Say whether Prometheus may be believed, which one it is, how it was found and how old its data is.

    At length first; the last one has no room for which.
    """
    word, look = _prometheus_state(state, drawing)
    health = state.health.get(PROMETHEUS, Health())
    asked = told(drawing.prometheus, health)
    known = (state.traffic is not None or bool(asked.url)) and health.status is not Status.STARTING
    old = data_words(state, drawing)
    fresh = "" if old or not known or health.status is Status.FAILING else fresh_words(drawing)
    found = which_words(asked) if known else ()
    lines = [joined([(word, look), (f" {which}", "dim"), (f" {old or fresh}".rstrip(), look)]) for which in found]
    return [*lines, *([] if lines else [((word, look),)]), joined([(word, look), (f" {old or fresh}".rstrip(), look)])]


def told(prometheus: Prometheus, health: Health) -> Prometheus:
    """Give what a report tells of Prometheus; before the first one at least which it is, and how it was found."""
    url, found_by = health.asked
    return prometheus if prometheus.url else replace(prometheus, url=url, found_by=found_by)


def fresh_words(drawing: Drawing) -> str:
    """Say how old fresh data is at most: it need not be written anew each second. Empty when its age is not known."""
    if drawing.data_age_s(drawing.prometheus.sampled_at) is None:
        return ""
    return f"<{age(2 * drawing.prometheus.poll_s)}".replace("<<", "<")


def _prometheus_state(state: State, drawing: Drawing) -> tuple[str, str]:
    health = state.health.get(PROMETHEUS)
    if health is None:
        return "no prom", "dim"
    old = data_words(state, drawing)
    if health.status is Status.FAILING:
        if health.kind == NOT_FOUND and not old:
            return "no prom", "warn"
        return "prom: no right" if health.kind == FORBIDDEN else "prom DOWN", "failed"
    if health.status is Status.STARTING or state.traffic is None:
        return "prom …" if drawing.glyphs.ellipsis == "…" else "prom ...", "dim"
    if not state.traffic.prometheus.url and any("Prometheus: " in note for note in state.traffic.prometheus.notes):
        return "no prom", "warn"  # pods are scraped in its place
    if not state.traffic.prometheus.families:
        return "prom empty", "warn"
    if state.traffic.prometheus.warnings and not old:
        return "prom WARNS", "warn"
    slowed_s = _slowed_s(state.traffic.prometheus)
    if not old and slowed_s:
        return f"prom slow/{duration(slowed_s)}", "warn"
    return "prom", "warn" if old else "live"


def _slowed_s(prometheus: Prometheus) -> float | None:
    """Give the seconds between two polls where they are fewer than Prometheus scrapes, to spare it."""
    tick_s, scrape_s = prometheus.tick_s, prometheus.scrape_interval_s
    return tick_s if tick_s and scrape_s and tick_s >= 1.9 * max(5.0, scrape_s) else None


def _shortened(head: Line, width: int) -> Line:
    """Drop whole counts from the end until the rest fits."""
    while len(head) > 1 and width_of(head) > width:
        head = head[:-2]
    return head
