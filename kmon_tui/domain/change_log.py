"""What was seen to change in one service while somebody looked."""

from __future__ import annotations

from kmon_tui.domain.peek import ref_of, text
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.writers import Edit, edit_between

MOST = 200


class ChangeLog:
    """Compares each version of the service with the one before."""

    def __init__(self) -> None:
        self.edits: tuple[tuple[Ref, Edit], ...] = ()
        self.made_anew = False
        """Whether it was deleted and made again meanwhile."""
        self._last: Object | None = None

    def see(self, root: Object | None) -> None:
        """Look at the newest version; None, while it is gone, is no version."""
        if root is None or root is self._last:
            return
        before, self._last = self._last, root
        if before is None or text(before, "metadata", "resourceVersion") == text(root, "metadata", "resourceVersion"):
            return
        if text(before, "metadata", "uid") != text(root, "metadata", "uid"):
            self.made_anew = True
            return
        edit = edit_between(before, root)
        if edit is not None:
            self.edits = (*self.edits, (ref_of(root), edit))[-MOST:]
