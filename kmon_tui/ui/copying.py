"""Copies text to the clipboard of the person's own terminal, by OSC 52: over SSH, too."""

from __future__ import annotations

from textual.screen import Screen

from kmon_tui.domain.pod_facts import PodFacts
from kmon_tui.domain.revisions import RevisionFacts
from kmon_tui.domain.verdict import Try
from kmon_tui.render.cells import clean, middle

MOST_BYTES = 74_000
"""xterm takes 100,000 bytes of base64; of a longer sequence terminals take nothing at all."""


def copyable(value: object) -> str:
    """Give what of a stop of the cursor is worth copying; empty: the whole page is."""
    if isinstance(value, Try):
        return value.command
    return value.name if isinstance(value, PodFacts | RevisionFacts) else ""


def copy(screen: Screen[None], text: str, what: str) -> None:
    """Copy a text and say so; ``what`` names it."""
    if not text:
        screen.notify("there is nothing to copy", severity="warning", markup=False)
        return
    size = len(text.encode(errors="replace"))
    if size > MOST_BYTES:
        said = f"{size // 1000} kB are more than terminals take: kubectl get -o yaml prints it"
        screen.notify(said, severity="warning", markup=False)
        return
    screen.app.copy_to_clipboard(text)
    screen.notify(f"copied {middle(clean(what), 200)}", markup=False)
