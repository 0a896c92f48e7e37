"""The filter of the fleet: words that all must hold, as ``ns:llm state:!ready /^bert/ !canary``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Kind, Mode, Readiness

T = TypeVar("T")
Test = Callable[[InferenceService], bool]

KINDS = {
    "isvc": Kind.ISVC,
    "inferenceservice": Kind.ISVC,
    "llm": Kind.LLM,
    "llmisvc": Kind.LLM,
    "llminferenceservice": Kind.LLM,
    "graph": Kind.GRAPH,
    "inferencegraph": Kind.GRAPH,
}
MODES = {
    "knative": Mode.KNATIVE,
    "knat": Mode.KNATIVE,
    "serverless": Mode.KNATIVE,
    "standard": Mode.STANDARD,
    "std": Mode.STANDARD,
    "raw": Mode.STANDARD,
    "rawdeployment": Mode.STANDARD,
    "modelmesh": Mode.MODELMESH,
    "mesh": Mode.MODELMESH,
}
FIELDS = ("ns:", "state:", "mode:", "kind:", "rt:", "name:")


class FilterError(KmonError):
    """A filter that says nothing: which word, and what would be right."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter; the empty one lets everything through."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def __call__(self, isvc: InferenceService) -> bool:
        return all(test(isvc) for test in self.tests)

    def __bool__(self) -> bool:
        return bool(self.tests)


def parse_filter(text: str) -> Filter:
    """Read a filter; words are joined by `and`, ``!`` before a word or after its colon turns it round.

    Raises FilterError with the word that cannot be read.
    """
    return Filter(text=text.strip(), tests=tuple(_test(word) for word in _words(text)))


def _words(text: str) -> list[str]:
    """Split at spaces, but not inside ``/a regex/``."""
    return re.findall(r"!?(?:[a-z]+:)?!?/(?:\\.|[^/\\])*/(?=\s|$)|\S+", text)


def _test(word: str) -> Test:
    if word.startswith("!") and len(word) > 1:
        return _not(_test(word[1:]))
    field, colon, value = word.partition(":")
    if not colon or f"{field}:" not in FIELDS:
        if colon and field.isalpha() and not word.startswith("/"):
            raise FilterError(f"no such field: {field}:", hint="fields are " + " ".join(FIELDS))
        return _matcher(word, lambda isvc: isvc.key.name)
    if value.startswith("!"):
        return _not(_field_test(field, value[1:]))
    return _field_test(field, value)


def _field_test(field: str, value: str) -> Test:
    """Give the test of one field; while its value is still being typed, everything passes."""
    if not value:
        return lambda isvc: True
    if field == "ns":
        return _matcher(value, lambda isvc: isvc.key.namespace)
    if field == "rt":
        return _matcher(value, lambda isvc: f"{isvc.runtime} {isvc.format}")
    if field == "name":
        return _matcher(value, lambda isvc: isvc.key.name)
    if field == "state":
        readiness = _one_of("state", value, {item.value: item for item in Readiness})
        return lambda isvc: isvc.readiness in readiness
    if field == "mode":
        modes = _one_of("mode", value, MODES)
        return lambda isvc: isvc.mode in modes
    kinds = _one_of("kind", value, KINDS)
    return lambda isvc: isvc.key.kind in kinds


def _one_of(field: str, value: str, names: Mapping[str, T]) -> frozenset[T]:
    """Give all values whose names begin with one of the comma-separated words."""
    found: set[T] = set()
    for word in value.lower().split(","):
        hits = {item for name, item in names.items() if word and name.startswith(word)}
        if word and not hits:
            raise FilterError(f"no such {field}: {word}", hint=f"one of {', '.join(dict.fromkeys(names))}")
        found |= hits
    return frozenset(found)


def _matcher(word: str, text_of: Callable[[InferenceService], str]) -> Test:
    """Test for a part of the text, or for a regular expression between slashes; letters' case does not matter."""
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        try:
            pattern = re.compile(word[1:-1], re.IGNORECASE)
        except re.error as error:
            raise FilterError(f"not a regular expression: {word[1:-1]} ({error})", hint="write /…/ to match") from error
        return lambda isvc: pattern.search(text_of(isvc)) is not None
    if word.startswith("/"):  # a regular expression that is still being typed
        word = word[1:]
    part = word.lower()
    return lambda isvc: part in text_of(isvc).lower()


def _not(test: Test) -> Test:
    return lambda isvc: not test(isvc)
