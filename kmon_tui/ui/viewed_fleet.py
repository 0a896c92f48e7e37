"""How the fleet is looked at: filter, order, namespace, faults only. The part of its screen that changes the view."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.widgets import Input

from kmon_tui.domain.command import SwitchNamespace
from kmon_tui.domain.names import wanted
from kmon_tui.domain.service import Key
from kmon_tui.render.filter import FilterError, parse_filter
from kmon_tui.render.fleet_rows import FleetRows
from kmon_tui.render.rows import SORTS
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.service_table import ServiceTable
from kmon_tui.ui.tried_filter import tried_filter
from kmon_tui.ui.view import View

if TYPE_CHECKING:
    from kmon_tui.ui.entry_row import EntryRow


class ViewedFleet(KmonScreen):
    """A screen of the fleet whose view can be changed."""

    def __init__(self, surroundings: Surroundings, filter_text: str = "") -> None:
        super().__init__(surroundings, id="fleet")
        self.rows = FleetRows()
        self.view = View(filter=parse_filter(filter_text))
        self._last_view = View()
        self._sorted_at = surroundings.now()
        self._filter_row: EntryRow | None = None

    @abstractmethod
    async def complete(self) -> None:
        """Add what the first paint need not wait for; a key that wants it before waits here, too."""

    @abstractmethod
    def _arrange(self) -> None:
        """Lay out the rows that the view wants."""

    @property
    def _table(self) -> ServiceTable:
        return self.query_one(ServiceTable)

    def change_view(self, view: View) -> None:
        """Look at the fleet in another way; `-` comes back."""
        if view == self.view:
            return
        self._last_view, self.view = replace(self.view, awaited=""), view
        if (view.sort, view.reverse) != (self._last_view.sort, self._last_view.reverse):
            self.rows.sort_by(view.sort, reverse=view.reverse)
        self._sorted_at = self.surroundings.now()
        row = self._filter_row
        if row is not None and view.filter != self._last_view.filter and not row.has_focus_within:
            row.display = bool(view.filter)
        self._arrange()
        self.draw()

    def select_service(self, name: str) -> Key | None:
        """Select the service of this name, or ``kind/name``; None while there is none: then nothing else is shown."""
        meant = wanted(name)
        key = next((key for key in self.rows.rows if meant.fits(key)), None)
        self.change_view(replace(self.view, awaited="" if key is not None else name))
        if key is not None:
            self._table.select(key)
        return key

    async def action_filter(self) -> None:
        """Type a filter; while typing one, the key is a character."""
        if isinstance(self.focused, Input):
            raise SkipAction
        await self.complete()
        assert self._filter_row is not None
        self._filter_row.open(self.view.filter.text)

    def action_faults(self) -> None:
        """Show only rows in trouble, or all again."""
        self.change_view(replace(self.view, faults_only=not self.view.faults_only, awaited=""))

    def action_sort(self, name: str) -> None:
        """Sort by this; a second time turns the order round."""
        again = self.view.sort.name == name
        self.change_view(replace(self.view, sort=SORTS[name], reverse=again and not self.view.reverse))
        self.notify(f"sorted: {self.view.sort.label}" + (", reversed" if self.view.reverse else ""), timeout=2)

    def action_last_view(self) -> None:
        """Go back to the view before this one."""
        self.change_view(self._last_view)

    def action_clear(self) -> None:
        """Show all services again."""
        if self._filter_row is not None:
            self._filter_row.remove_class("-failed")
            self._filter_row.display = False
        self._table.focus()
        self.change_view(View(sort=self.view.sort, reverse=self.view.reverse))

    def action_namespace(self, number: int) -> None:
        """Show one namespace by its number, or all of them (0)."""
        if number == 0:
            self.look_at_namespace(None)
            return
        names = self.namespaces
        if number > len(names):
            self.notify(f"there are {len(names)} namespaces", severity="warning")
            return
        self.change_view(replace(self.view, namespace=names[number - 1], awaited=""))

    def look_at_namespace(self, namespace: str | None) -> None:
        """Narrow the view to one namespace; ask for a wider watch when it would not hold it."""
        watched, known = self.state.namespace, self.state.namespace_known
        if not known or (watched is not None and namespace != watched):
            self.post_message(Ask(SwitchNamespace(namespace)))
            namespace = None
        self.change_view(replace(self.view, namespace=namespace))

    @property
    def namespaces(self) -> list[str]:
        """Namespaces with services, in the order of their numbers."""
        return sorted({key.namespace for key in self.rows.rows})

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Filter while it is typed; a filter that cannot be read yet changes nothing but its own row."""
        event.stop()
        self._filter_by(event.row, event.text)

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Keep the filter and go on in the list."""
        event.stop()
        if self._filter_by(event.row, event.text):
            self._table.focus()
            event.row.display = bool(self.view.filter)

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Drop the filter."""
        event.stop()
        self.action_clear()

    def _filter_by(self, row: EntryRow, text: str) -> bool:
        try:
            parsed = tried_filter(text, self.state.fleet.services)
        except FilterError as error:
            row.add_class("-failed")
            row.say(f"{error.message} ", failed=True)
            self.query_one("#context", LinesView).show((((f" {error.hint}", "warn"),),))
            return False
        row.remove_class("-failed")
        self.view = replace(self.view, filter=parsed, awaited="")
        self._arrange()
        self.draw()
        return True
