"""Textual's command palette, which ends the program when a page is turned before its list has been laid out."""

from __future__ import annotations

from textual.command import CommandPalette


class KmonPalette(CommandPalette):
    """The command palette; keys that come before its first line is drawn move nothing."""

    def _action_command_list(self, action: str) -> None:
        try:
            super()._action_command_list(action)
        except KeyError:  # OptionList (textual 8.2) looks up the line of an option that has none yet
            self.log(f"nothing to {action} yet")
