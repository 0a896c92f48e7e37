"""The keys of the list, with their help; what they do is in fleet_screen.py and app.py."""

from __future__ import annotations

from textual.binding import Binding, BindingType

OF_A_SERVICE = frozenset({"app.service", "app.metrics", "app.logs", "app.predict"})
"""Actions that mean the selected service; without one they only say so."""
FLEET_KEYS: list[BindingType] = [
    Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
    # Done before the next key is sent to the list: scripts and fast hands type in bursts.
    Binding("slash", "filter", "filter", key_display="/", id="fleet.filter", priority=True),
    Binding("w", "app.service('Why')", "why", id="fleet.why"),
    Binding("l", "app.logs(False)", "logs", id="fleet.logs"),
    Binding("m", "app.metrics", "metrics", id="fleet.metrics"),
    Binding("p", "app.logs(True)", "logs before the restart", show=False, id="fleet.previous"),
    Binding("v", "app.service('Events')", "events", show=False, id="fleet.events"),
    Binding("d", "app.service('Describe')", "describe", show=False, id="fleet.describe"),
    Binding("y", "app.service('YAML')", "YAML", show=False, id="fleet.yaml"),
    Binding("i", "app.predict", "predict", id="fleet.predict"),
    Binding("f", "app.forwards", "forwards", id="fleet.forwards"),
    Binding("F", "app.new_forward", "new forward", show=False, id="fleet.new_forward"),
    Binding("a", "app.deploy", "deploy", id="fleet.deploy"),
    Binding("o", "app.choose_sort", "sort", id="fleet.sort"),
    Binding("ctrl+z", "faults", "faults", key_display="^z", id="fleet.faults"),
    Binding("C", "sort('change')", "changes", id="fleet.changes"),
    Binding("N", "sort('name')", "sort by name", show=False, id="fleet.sort_name"),
    Binding("A", "sort('age')", "sort by age", show=False, id="fleet.sort_age"),
    Binding("S", "sort('state')", "sort by state", show=False, id="fleet.sort_state"),
    Binding("minus", "last_view", "last view", show=False, id="fleet.last_view"),
    Binding("ctrl+r", "refresh", "refresh", show=False, id="fleet.refresh"),
    Binding("escape", "clear", "clear filter", show=False, id="fleet.clear"),
    Binding("q", "app.quit", "quit", id="app.quit"),
    Binding("0", "namespace(0)", "all namespaces", show=False, id="fleet.ns_all"),
    *(
        Binding(str(n), f"namespace({n})", f"namespace number {n}", show=False, id=f"fleet.ns_{n}")
        for n in range(1, 10)
    ),
]
