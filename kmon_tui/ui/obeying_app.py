"""The part of the app that obeys what is typed after the colon, and chooses where a name is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmon_tui.domain.command import SwitchContext
from kmon_tui.render.rows import SORTS
from kmon_tui.ui.opening_app import OpeningApp

if TYPE_CHECKING:
    from kmon_tui.ui.command_row import CommandRow
    from kmon_tui.ui.commands import Order


class ObeyingApp(OpeningApp):
    """An app that does what commands say."""

    def action_help(self) -> None:
        """Show the keys of the screen on top."""
        from kmon_tui.ui.help import help_lines

        self.show_text("kmon-tui: help", help_lines(self.screen.active_bindings, self._surroundings.glyphs, self.lacks))

    def action_choose_sort(self) -> None:
        """Choose the order of the fleet."""
        self._choose_sort("")

    def _choose_sort(self, name: str) -> None:
        fleet = self.fleet
        if name in SORTS:
            fleet.action_sort(name)
            return
        if name:
            self.notify(f"cannot sort by {name}", severity="error", markup=False)

        def chosen(name: str | None) -> None:
            if name is not None:
                fleet.action_sort(name)

        choices = [(sort.name, f"{sort.name:<8}{sort.label}") for sort in SORTS.values()]
        self.choose(chosen, "sort by", choices, fleet.view.sort.name)

    def on_command_row_ordered(self, event: CommandRow.Ordered) -> None:
        """Do what was typed after the colon."""
        self._obey(event.order)

    def _obey(self, order: Order) -> None:
        if order.name == "q":
            self.call_later(self.action_quit)
        elif order.name == "pf":
            self.action_forwards()
        elif order.name == "doctor":
            self.open_doctor(order.argument)
        elif order.name == "help":
            self.action_help()
        elif order.name == "refresh":
            self.fleet.action_refresh()
        elif order.name == "sort":
            self._choose_sort(order.argument)
        elif order.name == "ctx":
            self._choose_context(order.argument)
        elif order.name == "ns":
            self._choose_namespace(order.argument)
        elif order.name == "theme":
            self._choose_theme(order.argument)
        elif order.name == "prom":
            self._prometheus(order.argument)
        elif order.name == "family":
            self._choose_family(order.argument)
        elif order.name == "scrape":
            self._scrape_pods(order.argument)
        elif order.name == "notes":
            from kmon_tui.render.pages import notes_lines

            self.show_text("notes", notes_lines(self.newest))

    def _choose_context(self, name: str) -> None:
        place = self.newest.place

        def chosen(context: str | None) -> None:
            if context is not None and context != place.context:
                self.wish(SwitchContext(context))

        if name in place.contexts:
            chosen(name)
            return
        if name:
            self.notify(f"no context {name} in the kubeconfig", severity="error", markup=False)
        choices = [(context, context) for context in place.contexts]
        self.choose(chosen, "context", choices, place.context, "the kubeconfig has no context")

    def _choose_namespace(self, name: str) -> None:
        fleet = self.fleet

        def chosen(namespace: str | None) -> None:
            if namespace is not None:
                fleet.look_at_namespace(None if namespace == "all" else namespace)

        if name:
            chosen(name)
            return
        choices = [("all", "0  all")]
        choices += [(n, f"{i if i < 10 else ' '}  {n}") for i, n in enumerate(fleet.namespaces, start=1)]
        self.choose(chosen, "namespace", choices, fleet.view.namespace or "all")

    def _choose_theme(self, name: str) -> None:
        def chosen(theme: str | None) -> None:
            if theme is not None:
                self.theme = theme

        if name in self.available_themes:
            chosen(name)
            return
        if name:
            self.notify(f"no theme {name}", severity="error", markup=False)
        names = sorted(self.available_themes)
        self.choose(chosen, "theme", [(theme, theme) for theme in names], self.theme)
