"""One service in full: why it is as it is, and eight tabs of what lies below it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from kmon_tui.domain.change_log import ChangeLog
from kmon_tui.domain.command import LookAt, OpenService, Refresh
from kmon_tui.domain.peek import ref_of
from kmon_tui.domain.pod_facts import PodFacts
from kmon_tui.domain.revisions import RevisionFacts
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.domain.timeline import Moment
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Try
from kmon_tui.render.inside import inside_of, unread
from kmon_tui.render.lines import shortened
from kmon_tui.render.service_head import foot_line, head_lines
from kmon_tui.ui.base import Surroundings
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.copying import copy, copyable
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask, OpenLogs
from kmon_tui.ui.metrics_view import MetricsView
from kmon_tui.ui.page_view import PageView
from kmon_tui.ui.paged_screen import PagedScreen
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.service_pages import MORE, MORE_FROM, OVERVIEW, OVERVIEW_FROM, PAGES, Shown
from kmon_tui.ui.tab_bar import TABS, Tab, TabBar


class ServiceScreen(PagedScreen):
    """Follows one service, also through its deletion and its second birth."""

    CSS_PATH = Path(__file__).with_name("service.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("enter", "choose", "copy or open it", show=False, id="service.choose"),
        Binding("c", "copy", "copy", id="service.copy"),
        Binding("l", "logs(False)", "logs", id="service.logs"),
        Binding("p", "logs(True)", "previous", id="service.previous"),
        Binding("w", "show_tab('Why')", "why", show=False, id="service.why"),
        Binding("v", "show_tab('Events')", "events", show=False, id="service.events"),
        Binding("m", "show_tab('Metrics')", "metrics", show=False, id="service.metrics"),
        Binding("d", "show_tab('Describe')", "describe", id="service.describe"),
        Binding("y", "yaml", "YAML (again: copy)", show=False, id="service.yaml"),
        Binding("o", "object", "object", id="service.object"),
        Binding("M", "managed", "managed fields", id="service.managed"),
        Binding("i", "app.predict", "predict", id="service.predict"),
        Binding("f", "app.forwards", "forwards", show=False, id="service.forwards"),
        Binding("F", "app.new_forward", "new forward", show=False, id="service.new_forward"),
        Binding("a", "app.deploy", "deploy", show=False, id="service.deploy"),
        Binding("ctrl+r", "refresh", "refresh", show=False, id="service.refresh"),
        *(
            Binding(str(n), f"show_tab('{tab.value}')", tab.value, show=False, id=f"tab.{n}")
            for n, tab in enumerate(TABS, start=1)
        ),
        Binding("tab", "step(1)", "next tab", show=False, id="tab.next"),
        Binding("shift+tab", "step(-1)", "tab before", show=False, id="tab.before"),
        Binding("escape,q", "leave", "back", id="service.back"),
        Binding("minus", "app.back", "last view", show=False),
    ]

    LOOKS_INSIDE = True

    def __init__(self, surroundings: Surroundings, key: Key, tab: Tab = Tab.WHY) -> None:
        super().__init__(surroundings)
        self.key = key
        self.tab = tab
        self._log = ChangeLog()
        self._root: Object | None = None
        self._about: Ref | None = None
        self._managed = False
        self._keys: frozenset[str] = frozenset()

    @property
    def looked_at(self) -> Key | None:
        """The service."""
        return self.key

    @property
    def view(self) -> PageView | None:
        """The page of the present tab."""
        return self._page(self.tab) if self.tab in PAGES else None

    @property
    def shown(self) -> Shown:
        """What the tabs are drawn from now."""
        inside = inside_of(self.state, self.key)
        return Shown(inside, self.drawing, self._keys, self._log.edits, self._about, self._managed, self._root)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="head")
        yield TabBar()
        with Container(id="inside"):
            for tab in PAGES[:5]:
                yield PageView(id=_id(tab), at_end=tab is Tab.EVENTS)
            yield MetricsView(id="metrics")
            yield PageView(id=_id(Tab.YAML), sideways=True)
            yield PageView(id=_id(Tab.DESCRIBE))
        yield EntryRow("/", id="search")
        yield CommandRow()
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Say who is looked at, and have its inside watched."""
        if not self.query(PageView):  # the program ends while this is laid out
            return
        for tab, title in (*OVERVIEW.items(), *MORE.items()):
            if title:
                self._page(tab).border_title = title
        self._keys = frozenset(key for binding in self._bindings.key_to_bindings for key in binding.split(","))
        self._arrange()
        super().on_mount()
        self.post_message(Ask(LookAt(selected=self.key, visible=(self.key,))))
        self.post_message(Ask(OpenService(self.key)))

    def on_unmount(self) -> None:
        """Have it watched no longer, unless another screen looks into one."""
        if self not in self.app.screen_stack:  # else the app ends
            self.app.post_message(Ask(OpenService(self.looked_into())))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._arrange()
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Remember what changes, then draw; in another context it is another service."""
        if state.place.context != self.state.place.context:
            self._log, self._root = ChangeLog(), None
        opened = state.opened
        if opened is not None and opened.key == self.key and opened.tree is not None:
            self._log.see(opened.tree, self.surroundings.now())
            self._root = opened.tree.root or self._root
        super().show(state)

    def draw(self) -> None:
        """Bring what is visible up to date."""
        shown, width = self.shown, self.size.width
        inside = shown.inside
        self.query_one("#head", LinesView).show(head_lines(inside, self.drawing, width))
        self.query_one(TabBar).tell(self.tab)
        old = (inside.failing or inside.gone or self.drawing.api_failing) and inside.tree is not None
        for tab in PAGES:
            view = self._page(tab)
            if view.display:
                view.mark(tab is self.tab)
                view.fill(shown.make(tab), shown.depends(tab), stale=old)
        pane = self.query_one(MetricsView)
        if pane.display:
            pane.fill(self.state, inside.row, self.drawing)
        blind = unread(inside, *(one.kind for one in inside.tree.blind)) if inside.tree is not None else ""
        was_there = self._root is not None
        about = str(ref_of(shown.selected)) if self.tab is Tab.YAML and shown.selected is not None else ""
        line = foot_line(
            inside, self.drawing, width, made_anew=self._log.made_anew, was_there=was_there, unread=blind, about=about
        )
        if self.search_words:
            line = shortened(((f" {self.search_words}", "accent"),), width)
        self.query_one("#context", LinesView).show((line,))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys do something on one tab alone."""
        return not (action in {"object", "managed"} and self.tab is not Tab.YAML)

    def action_show_tab(self, name: str) -> None:
        """Go to a tab; the logs are a screen of their own."""
        tab = Tab(name)
        if tab is Tab.LOGS:
            self.action_logs(False)
            return
        if self.search_words:
            self.end_search()
        self.tab = tab
        self._arrange()
        self.refresh_bindings()
        self.draw()
        self.call_after_refresh(self.draw)

    def action_step(self, by: int) -> None:
        """Go to the tab beside this one."""
        at = TABS.index(self.tab) if self.tab in TABS else -1
        self.action_show_tab(TABS[(at + by) % len(TABS)].value)

    def action_yaml(self) -> None:
        """Show the YAML; there, copy it."""
        if self.tab is Tab.YAML:
            self.action_copy()
        else:
            self.action_show_tab(Tab.YAML.value)

    def action_object(self) -> None:
        """Choose the object whose YAML is shown."""
        refs = [ref_of(obj) for obj in self.shown.objects]

        def chosen(place: str | None) -> None:
            if place is not None:
                self._show_object(refs[int(place)])

        choices = [(str(place), f"{ref.kind} {ref.name}") for place, ref in enumerate(refs)]
        now = str(refs.index(self._about)) if self._about in refs else "0"
        self.app.push_screen(Chooser("object", choices, now, "nothing was read yet", label_width=66), chosen)

    def action_managed(self) -> None:
        """Show managedFields, or hide them again."""
        self._managed = not self._managed
        self.draw()

    def action_logs(self, previous: bool) -> None:
        """Show the logs: of the chosen pod on the tab of the pods, else of all."""
        chosen = self.view.chosen if self.tab is Tab.PODS and self.view is not None else None
        pods = (chosen.name,) if isinstance(chosen, PodFacts) else ()
        self.post_message(OpenLogs(self.key, pods, previous=previous))

    def action_choose(self) -> None:
        """Do what lies next to what the cursor stands at."""
        if self.view is not None:
            self._choose(self.view.chosen)

    def on_page_view_chosen(self, event: PageView.Chosen) -> None:
        """Do what lies next to what was clicked twice."""
        self._choose(event.value)

    def action_copy(self) -> None:
        """Copy what the cursor stands at, or all of the page."""
        if self.tab is Tab.YAML:
            copy(self, self.shown.yaml, "the YAML")
        elif self.view is not None:
            words = copyable(self.view.chosen)
            copy(self, words or self.view.text, words or "the page")

    def action_refresh(self) -> None:
        """List and poll now."""
        self.post_message(Ask(Refresh()))

    def action_leave(self) -> None:
        """End the search, or go back."""
        if self.search_words:
            self.end_search()
        else:
            self.app.pop_screen()

    def on_tab_bar_pressed(self, event: TabBar.Pressed) -> None:
        """Go to the clicked tab."""
        self.action_show_tab(event.tab.value)

    def _choose(self, value: object) -> None:
        if isinstance(value, Try):
            if not value.command and value.key in self._keys:
                self.app.simulate_key(value.key)
            else:
                self.action_copy()
        elif isinstance(value, PodFacts):
            self.post_message(OpenLogs(self.key, (value.name,)))
        elif isinstance(value, RevisionFacts | Moment):
            name = value.object.name if isinstance(value, Moment) else value.name.partition(" ")[0]
            kind = value.object.kind if isinstance(value, Moment) else ""
            found = [ref for ref in map(ref_of, self.shown.objects) if ref.name == name and kind in {"", ref.kind}]
            if found:
                self._show_object(found[0])

    def _show_object(self, ref: Ref) -> None:
        self._about = ref
        self.action_show_tab(Tab.YAML.value)

    def _page(self, tab: Tab) -> PageView:
        return self.query_one(f"#{_id(tab)}", PageView)

    def _arrange(self) -> None:
        """Show one tab; where there is room, the main ones beside each other."""
        size = self.app.size
        many = self.tab is Tab.WHY and size.width >= OVERVIEW_FROM[0] and size.height >= OVERVIEW_FROM[1]
        more = many and size.width >= MORE_FROM[0] and size.height >= MORE_FROM[1]
        shown = {self.tab, *(OVERVIEW if many else ()), *(MORE if more else ())}
        box = self.query_one("#inside")
        box.set_class(many, "-overview")
        box.set_class(more, "-more")
        for tab in PAGES:
            self._page(tab).display = tab in shown
        metrics = self.query_one(MetricsView)
        metrics.display = Tab.METRICS in shown
        if self.tab is Tab.METRICS:
            metrics.focus()  # for its keys
        elif metrics.has_focus:
            self.set_focus(None)


def _id(tab: Tab) -> str:
    return f"page-{tab.name.lower()}"
