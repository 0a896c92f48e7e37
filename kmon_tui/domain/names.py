"""Names of services as people write them: ``iris``, ``isvc/iris``, ``inferencegraph.serving.kserve.io/route``."""

from __future__ import annotations

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Key, Kind

_GROUP = "serving.kserve.io"
_WORDS = {
    Kind.ISVC: ("isvc", "isvcs", "inferenceservice", "inferenceservices"),
    Kind.LLM: ("llm", "llmisvc", "llminferenceservice", "llminferenceservices"),
    Kind.GRAPH: ("ig", "graph", "inferencegraph", "inferencegraphs"),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name, and the kind if it was said."""

    name: str
    kind: Kind | None = None

    def fits(self, key: Key) -> bool:
        """Tell whether this is the service that is meant."""
        return key.name == self.name and self.kind in {None, key.kind}


def wanted(text: str) -> Wanted:
    """Read ``name`` or ``kind/name``; SettingsError when the kind is none of ours."""
    kind_word, slash, name = text.rpartition("/")
    if not slash:
        return Wanted(text)
    kind = _KINDS.get(kind_word.lower().removesuffix(f".{_GROUP}"))
    if kind is None or not name:
        raise SettingsError(f"{text!r} is no name of a service", "Write NAME, isvc/NAME, llm/NAME or graph/NAME.")
    return Wanted(name, kind)


def full_name(key: Key) -> str:
    """Give the name as ``kubectl -o name`` prints it."""
    return f"{key.kind.lower()}.{_GROUP}/{key.name}"


def short_name(key: Key) -> str:
    """Give the name for a table: alone for an InferenceService, with its kind for the others."""
    return key.name if key.kind is Kind.ISVC else f"{key.kind.lower()}/{key.name}"
