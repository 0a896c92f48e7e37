"""What each tab of a service shows, and what that depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kmon_tui.domain.peek import kind_of, name_of, ref_of
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.writers import Edit
from kmon_tui.render.conditions import condition_page
from kmon_tui.render.describe import describe_page
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.event_rows import event_page
from kmon_tui.render.inside import Inside, waiting_page
from kmon_tui.render.page import MakePage, Page
from kmon_tui.render.pod_rows import pod_page
from kmon_tui.render.revisions import revision_page
from kmon_tui.render.why import why_page
from kmon_tui.render.yaml_view import yaml_page, yaml_text
from kmon_tui.ui.tab_bar import Tab

FIRST = ("Service", "Configuration", "Revision", "Route", "PodAutoscaler", "Deployment", "ReplicaSet", "Pod")
"""Kinds of objects in the order in which they are offered."""

OVERVIEW = {Tab.WHY: "why", Tab.REVISIONS: "revisions and traffic", Tab.PODS: "pods", Tab.EVENTS: "events and changes"}
"""What stands beside each other where there is room, with its titles."""
MORE = {Tab.CONDITIONS: "conditions", Tab.METRICS: ""}
"""What joins them on a very large terminal."""
PAGES = (Tab.WHY, Tab.REVISIONS, Tab.PODS, Tab.EVENTS, Tab.CONDITIONS, Tab.YAML, Tab.DESCRIBE)
OVERVIEW_FROM, MORE_FROM = (120, 30), (160, 50)
"""Columns and rows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the tabs are drawn from."""

    inside: Inside
    drawing: Drawing
    keys: frozenset[str] = frozenset()
    edits: tuple[tuple[Ref, Edit], ...] = ()
    about: Ref | None = None
    """Which object the YAML tab shows; None: the service itself."""
    managed: bool = False
    """Whether the YAML has its managedFields."""
    last_root: Object | None = None
    """The service as it was last seen: it is shown even after it was deleted."""

    def make(self, tab: Tab) -> MakePage:
        """Give what draws a tab."""
        inside, drawing = self.inside, self.drawing
        if tab is Tab.WHY:
            return lambda width: why_page(inside, drawing, width, self.keys)
        if tab is Tab.EVENTS:
            return lambda width: event_page(inside, drawing, width, self.edits)
        if tab is Tab.DESCRIBE:
            return lambda width: describe_page(inside, drawing, width, self.keys, self.edits)
        if tab is Tab.YAML:
            return self._yaml
        pages = {Tab.CONDITIONS: condition_page, Tab.REVISIONS: revision_page, Tab.PODS: pod_page}
        page = pages[tab]
        return lambda width: page(inside, drawing, width)

    def depends(self, tab: Tab) -> tuple[object, ...]:
        """Give what a tab depends on, so that it is drawn only when something of it is another."""
        inside, drawing = self.inside, self.drawing
        if tab is Tab.YAML:
            return (self.selected, inside.tree is None, inside.health, inside.gone, self.managed)
        common = (inside.isvc, inside.tree, inside.health, inside.gone, drawing.now, drawing.glyphs)
        if tab is Tab.REVISIONS:
            return (*common, str(inside.revisions))
        if tab not in {Tab.WHY, Tab.DESCRIBE}:
            return (*common, self.edits)
        alerts = inside.row.alerts if inside.row is not None else ()
        return (*common, inside.diagnosis, alerts, str(inside.alike), self.keys, self.edits)

    @property
    def objects(self) -> Sequence[Object]:
        """The service and all below it, from the top down."""
        root = self.root
        below = self.inside.tree.objects if self.inside.tree is not None else ()
        order = {kind: place for place, kind in enumerate(FIRST)}
        ranked = sorted(below, key=lambda obj: (order.get(kind_of(obj), len(FIRST)), kind_of(obj), name_of(obj)))
        return [*([root] if root is not None else []), *ranked]

    @property
    def root(self) -> Object | None:
        """The service, or what it was before it was deleted."""
        tree = self.inside.tree
        return tree.root if tree is not None and tree.root is not None else self.last_root

    @property
    def selected(self) -> Object | None:
        """The object of the YAML tab: the service when the selected one is not there any more."""
        if self.about is None:
            return self.root
        return next((obj for obj in self.objects if ref_of(obj) == self.about), self.root)

    @property
    def yaml(self) -> str:
        """The text of the selected object; empty when there is none."""
        obj = self.selected
        return yaml_text(obj, managed=self.managed) if obj is not None else ""

    def _yaml(self, width: int) -> Page:
        if self.selected is None:
            return waiting_page(self.inside, "YAML", width) or Page(((), ((" It is not there (any more).", "failed"),)))
        return yaml_page(self.yaml)
