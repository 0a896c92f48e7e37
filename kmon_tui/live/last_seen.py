"""When a service that nobody counts any more was sampled last: looked up in the index, for one service at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family, Scope, Traffic
from kmon_tui.live import natives
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import also
from kmon_tui.live.parts import PART
from kmon_tui.live.prometheus import Api
from kmon_tui.live.selectors import only_targets, quoted, quoted_choice

BACK_S, STEP_S = 86_400, 300
"""So far is looked back, in steps as long as Prometheus remembers a sample; what ended in between is sought apart."""
MOST_SERIES = 600
"""With more the newest sample is looked for among these."""
MOST_STEPS = 60
IDENTITY = "target_info"
_NAMED = (
    *("pod", "pod_name", "k8s_pod_name", "exported_pod", "kubernetes_pod_name", "service_name"),
    *("exported_service_name", "configuration_name", "kn_configuration_name"),
)
"""Labels one of which begins with the name of the service, whatever made the series."""


def _families() -> dict[str, Family]:
    """Give the family by name of what says that requests are counted, or of which revision a process is."""
    pods = [dialect for dialect in DIALECTS.values() if dialect.scope is Scope.PODS]
    found = {name: one.family for one in pods for name in (*one.requests, *natives.counted(one))}
    return {**found, IDENTITY: Family.KNATIVE_S}


FAMILIES: Mapping[str, Family] = _families()


def last_seen(api: Api, matchers: str, owners: Owners, key: Key, at_s: float, scrape_s: float) -> Traffic | None:
    """Tell when a service was sampled last, and by whom; None: not within a day. Raises BackendError.

    One look into the index, one instant query, and one by range that finds the moment.
    """
    found = _sought(api, matchers, owners, key, at_s)
    if not found:
        return None
    parts = [
        f"label_replace(max(max_over_time(timestamp({name}{{{only}{also(matchers)}}})[{BACK_S}s:{STEP_S}s])), "
        f'"{PART}", "{name}", "", "")'
        for name, targets in found.items()
        for only in only_targets(targets)
    ]
    rows = [(float(row.value[1]), row.metric.get(PART, "")) for row in api.query(" or ".join(parts), at_s)]
    if not rows:
        return None
    newest_s, name = max(rows)
    exact_s = _moment(api, matchers, name, found[name], newest_s, at_s, scrape_s)
    if at_s - exact_s <= 2 * scrape_s:
        return None  # it is scraped: it had no request yet
    return Traffic(FAMILIES[name], sampled_at=datetime.fromtimestamp(exact_s, UTC), lost=True)


def _moment(
    api: Api,
    matchers: str,
    name: str,
    targets: list[dict[str, str]],
    newest_s: float,
    at_s: float,
    scrape_s: float,
) -> float:
    """Look between two steps, where a series that was ended by its scrape leaves no sample for the later one."""
    step_s = max(5, round(scrape_s), -(-STEP_S // MOST_STEPS))
    until_s = min(at_s, newest_s + STEP_S)
    question = " or ".join(f"max(timestamp({name}{{{only}{also(matchers)}}}))" for only in only_targets(targets))
    tracks = api.query_range(question, int(newest_s), int(until_s), step_s)
    return max((float(text) for track in tracks for _, text in track.values), default=newest_s)


def _sought(api: Api, matchers: str, owners: Owners, key: Key, at_s: float) -> dict[str, list[dict[str, str]]]:
    """Give the series of that day that are the service's, by name; none where the server has no index."""
    names = quoted_choice(FAMILIES)
    mine = quoted(f"{re.escape(key.name)}(-.*)?")
    selectors = [f"{{__name__=~{names},{label}=~{mine}{also(matchers)}}}" for label in _NAMED]
    matches = "&".join(f"match[]={quote(selector)}" for selector in selectors)
    try:
        rows = api.read(f"series?{matches}&start={at_s - BACK_S:.0f}&end={at_s:.0f}")
    except (NotFound, BadAnswer, Forbidden):
        return {}
    found: dict[str, list[dict[str, str]]] = {}
    for labels in [row for row in rows if isinstance(row, dict)][:MOST_SERIES] if isinstance(rows, list) else ():
        name = labels.get("__name__", "")
        family = FAMILIES.get(name)
        if family is not None and owners.owner(DIALECTS[family].whose(labels)) == key:
            found.setdefault(name, []).append(labels)
    return found


def why_not(error: BackendError) -> str:
    """Say why the time is not known."""
    return f"when it was sampled last is not known: {error.message}"
