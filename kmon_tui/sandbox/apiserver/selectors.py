"""labelSelector and fieldSelector: parsed as apimachinery does, with its words for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kmon_tui.sandbox.apiserver.errors import bad_request
from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path

Labels = Mapping[str, str]
Requirement = Callable[[Labels], bool]
Match = Callable[[Entry], bool]

_TOKEN = re.compile(r"\s*(==|!=|[(),!=<>]|[^\s(),!=<>]+)")
_SYMBOLS = frozenset(("==", "!=", "(", ")", ",", "!", "=", "<", ">"))
_COMPARISONS = ("=", "==", "!=", "in", "notin", "gt", "lt", ">", "<")
_LONGEST_VALUE = 63

_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS: dict[tuple[str, str], Mapping[str, str]] = {
    ("", "pods"): {
        name: name
        for name in (
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        )
    },
    ("", "events"): {
        **{f"involvedObject.{name}": f"involvedObject.{name}" for name in _INVOLVED},
        "reason": "reason",
        "type": "type",
        "reportingComponent": "reportingComponent",
        "source": "source.component",
    },
    ("events.k8s.io", "events"): {
        **{f"regarding.{name}": f"involvedObject.{name}" for name in _INVOLVED},
        "reason": "reason",
        "type": "type",
        "reportingController": "reportingComponent",
    },
    ("", "secrets"): {"type": "type"},
    ("", "namespaces"): {"status.phase": "status.phase"},
    ("", "nodes"): {"spec.unschedulable": "spec.unschedulable"},
    ("", "services"): {"spec.clusterIP": "spec.clusterIP", "spec.type": "spec.type"},
    ("apps", "replicasets"): {"status.replicas": "status.replicas"},
    ("batch", "jobs"): {"status.successful": "status.succeeded"},
}
"""Fields that a selector may name, and where they lie in the stored object; metadata.* always may."""


def parse_label_selector(text: str) -> list[Requirement]:
    """Parse a labelSelector; an empty one requires nothing. Raises ApiError 400."""
    return _LabelParser(text).parse() if text.strip() else []


class _LabelParser:
    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._place = 0

    def parse(self) -> list[Requirement]:
        requirements = [self._requirement()]
        while (token := self._take()) == ",":
            if self._peek() != "!" and not self._is_identifier():
                raise self._unexpected(self._take(), "identifier after ','")
            requirements.append(self._requirement())
        if token:
            raise self._unexpected(token, "',' or 'end of string'")
        return requirements

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._take()
            key = self._identifier()
            return lambda labels: key not in labels
        if not self._is_identifier():
            raise self._unexpected(self._take(), "!, identifier, or 'end of string'")
        key = self._identifier()
        if self._peek() in ("", ","):
            return lambda labels: key in labels
        operator = self._take()
        if operator not in _COMPARISONS:
            raise self._unexpected(operator, "in, notin, =, ==, !=, gt, lt")
        values = self._values() if operator in ("in", "notin") else {self._value()}
        if operator in ("=", "==", "in"):
            return lambda labels: labels.get(key) in values
        if operator in ("!=", "notin"):
            return lambda labels: labels.get(key) not in values
        return self._ordering(key, operator, next(iter(values)))

    @staticmethod
    def _ordering(key: str, operator: str, value: str) -> Requirement:
        if not re.fullmatch(r"-?\d+", value):
            raise bad_request("unable to parse requirement: values[0]: Invalid value: for 'Gt', 'Lt' must be integers")
        limit, sign = int(value), 1 if operator in ("gt", ">") else -1

        def holds(labels: Labels) -> bool:
            found = labels.get(key, "")
            return bool(re.fullmatch(r"-?\d+", found)) and sign * (int(found) - limit) > 0

        return holds

    def _values(self) -> set[str]:
        if (token := self._take()) != "(":
            raise self._unexpected(token, "'('")
        values = {self._value()}
        while (token := self._take()) == ",":
            values.add(self._value())
        if token != ")":
            raise self._unexpected(token, "',' or ')'")
        return values

    def _value(self) -> str:
        if self._peek() in ("", ",", ")"):
            return ""
        value = self._identifier()
        if len(value) > _LONGEST_VALUE:
            why = f"must be no more than {_LONGEST_VALUE} bytes"
            raise bad_request(f'unable to parse requirement: values[0]: Invalid value: "{value}": {why}')
        return value

    def _identifier(self) -> str:
        if not self._is_identifier():
            raise self._unexpected(self._take(), "identifier")
        return self._take()

    def _is_identifier(self) -> bool:
        return bool(self._peek()) and self._peek() not in _SYMBOLS

    def _peek(self) -> str:
        token: str = self._tokens[self._place] if self._place < len(self._tokens) else ""
        return token

    def _take(self) -> str:
        token = self._peek()
        self._place += 1
        return token

    @staticmethod
    def _unexpected(token: str, wanted: str) -> Exception:
        return bad_request(f"unable to parse requirement: found '{token}', expected: {wanted}")


def parse_field_selector(text: str, kind: Kind) -> list[Callable[[JsonObject], bool]]:
    """Parse a fieldSelector for a kind. Raises ApiError 400 for fields that it may not name."""
    paths = _FIELDS.get(kind.key, {})
    requirements: list[Callable[[JsonObject], bool]] = []
    for term in filter(None, text.split(",")):
        parsed = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", term)
        if parsed is None:
            raise bad_request(f"invalid field selector {text!r}; can't understand {term!r}")
        field, operator, value = parsed.groups()
        path = field if field in ("metadata.name", "metadata.namespace") else paths.get(field)
        if path is None:
            raise bad_request(f"field label not supported: {field}")
        requirements.append(_field_requirement(path, value, operator != "!="))
    return requirements


def _field_requirement(path: str, value: str, wanted: bool) -> Callable[[JsonObject], bool]:
    def holds(obj: JsonObject) -> bool:
        found = at_path(obj, path)
        text = "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
        return (text == value) is wanted

    return holds


def matcher(query: Mapping[str, str], kind: Kind, namespace: str = "", name: str = "") -> Match | None:
    """Return what a list or watch lets through; None when that is everything."""
    by_label = parse_label_selector(query.get("labelSelector", ""))
    by_field = parse_field_selector(query.get("fieldSelector", ""), kind)
    if not (by_label or by_field or namespace or name):
        return None

    def match(entry: Entry) -> bool:
        if (namespace and entry.namespace != namespace) or (name and entry.name != name):
            return False
        labels = entry.object["metadata"].get("labels") or {}
        return all(holds(labels) for holds in by_label) and all(holds(entry.object) for holds in by_field)

    return match
