"""Services that somebody found at fault by looking, whatever their rows say: Ready is not yet serving."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kmon_tui.domain.command import Predict
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import Activity

if TYPE_CHECKING:
    from kmon_tui.domain.verdict import Diagnosis

MOST = 50
"""So many at most, the last ones: each is read in the rounds of those in trouble."""


class Noted:
    """Keeps them until a reading that asked for everything finds nothing wrong.

    No model is asked for its row's sake: an opening notes what its diagnosis
    says, a failed request that there is something to be looked into.
    """

    def __init__(self) -> None:
        self._found: dict[Key, Diagnosis | None] = {}
        self._judged: frozenset[int] = frozenset()
        """Requests that are over and were looked at: a slow one may end after others that began later."""
        self.edition = 0
        """Another number, another set of keys."""

    @property
    def keys(self) -> frozenset[Key]:
        """Those that are to be looked into."""
        return frozenset(self._found)

    @property
    def reasons(self) -> dict[Key, Diagnosis]:
        """What is known of them already."""
        return {key: diagnosis for key, diagnosis in self._found.items() if diagnosis is not None}

    def judge(self, key: Key, diagnosis: Diagnosis, *, whole: bool) -> bool:
        """Take over what a reading says, and tell whether that is new; ``whole``: the model itself was asked, too."""
        if diagnosis.healthy:
            return whole and self._drop(key)
        old = self._found.get(key)
        self._keep(key, diagnosis)
        return old != diagnosis

    def asked(self, activity: Iterable[Activity]) -> None:
        """Look for requests that failed since the last time."""
        done = [one for one in activity if one.done is not None and isinstance(one.command, Predict)]
        for one in done:
            if one.id not in self._judged and isinstance(one.command, Predict) and _unserved(one.value):
                self._keep(one.command.request.key, self._found.get(one.command.request.key))
        self._judged = frozenset([one.id for one in done])

    def clear(self) -> None:
        """Forget them: another context is looked at."""
        self._found.clear()
        self.edition += 1

    def _keep(self, key: Key, diagnosis: Diagnosis | None) -> None:
        if key not in self._found:
            self.edition += 1
        self._found.pop(key, None)
        self._found[key] = diagnosis
        for oldest in list(self._found)[:-MOST]:
            del self._found[oldest]

    def _drop(self, key: Key) -> bool:
        if key not in self._found:
            return False
        del self._found[key]
        self.edition += 1
        return True


def _unserved(value: object) -> bool:
    """Tell whether a request ended as it does when nothing serves; what the model refuses is the caller's fault."""
    from kmon_tui.domain.predict import Prediction, Repetition  # a request brought it, if there was one

    if isinstance(value, Repetition):
        return value.failed > 0 and value.ok == 0
    if not isinstance(value, Prediction) or value.ok:
        return False
    return value.status is None or value.status == 404 or value.status >= 500
