"""What a person has narrowed the fleet to; `-` goes back to the one before."""

from __future__ import annotations

from kmon_tui.domain.late import dataclass
from kmon_tui.render.filter import Filter
from kmon_tui.render.rows import SORTS, Sort


@dataclass(frozen=True, slots=True)
class View:
    """A filter, a namespace, faults only, and an order."""

    filter: Filter = Filter()
    namespace: str | None = None
    faults_only: bool = False
    sort: Sort = SORTS["state"]
    reverse: bool = False
    awaited: str = ""
    """The service that was named at the start: while it is not there, nothing else is shown."""

    @property
    def words(self) -> str:
        """Say what narrows the list besides the filter."""
        parts = [f"namespace {self.namespace}"] if self.namespace else []
        if self.faults_only:
            parts.append("faults only")
        return ", ".join(parts)

    @property
    def is_narrow(self) -> bool:
        """Whether some services are hidden."""
        return bool(self.filter or self.awaited) or self.namespace is not None or self.faults_only
