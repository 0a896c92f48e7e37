"""What the API server says to an apply: its refusals in words that name the field, the right or the other manager."""

from __future__ import annotations

import re

import msgspec

from kmon_tui.domain.plan import Conflict, Problem, Resource

_RIGHT = re.compile(r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"')
_MANAGER = re.compile(r'conflict with "(?P<manager>(?:[^"\\]|\\.)*)"')
_UNKNOWN = re.compile(r'unknown field "(?P<field>[^"]+)"')
_UNDECLARED = re.compile(r"(?P<field>\.[\w.\[\]\"=/-]+): field not declared in schema")
_TYPED = re.compile(r": (?P<field>\.[^\s:]+): (?P<words>.+)$", re.DOTALL)
_WEBHOOK = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request:?\s*(?P<words>.*)', re.DOTALL)
_NO_NAMESPACE = re.compile(r'namespaces "(?P<name>[^"]+)" not found')
_BUSY = (429, 502, 503, 504)


class Cause(msgspec.Struct, frozen=True):
    """One entry of ``details.causes``."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True):
    """``details`` of a Status."""

    causes: list[Cause] | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A Status that says no."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> list[Cause]:
        """What is wrong, one by one."""
        return (self.details.causes or []) if self.details is not None else []

    @property
    def missing_namespace(self) -> str:
        """The namespace that does not exist, if that is what is wrong."""
        found = _NO_NAMESPACE.search(self.message) if self.code == 404 else None
        return found["name"] if found else ""


def refusal_of(status: int, body: bytes) -> Refusal:
    """Read the body of a refusal; one that is no Status keeps its text."""
    try:
        said = msgspec.json.decode(body, type=Refusal)
    except (msgspec.DecodeError, RecursionError):
        return Refusal(message=body[:300].decode(errors="replace").strip(), code=status)
    return msgspec.structs.replace(said, code=status)


def is_passing(refusal: Refusal) -> bool:
    """Whether the server is only busy: nothing is wrong with what was asked."""
    return refusal.code in _BUSY


def conflicts_of(refusal: Refusal) -> tuple[Conflict, ...]:
    """Give the fields that others own; empty when it is no such refusal."""
    if refusal.code != 409:
        return ()
    found: list[Conflict] = []
    for cause in refusal.causes:
        if cause.reason == "FieldManagerConflict":
            manager = _MANAGER.search(cause.message)
            found.append(Conflict(manager["manager"] if manager else cause.message, cause.field.lstrip(".")))
    return tuple(found)


def problem_of(refusal: Refusal, resource: Resource, namespace: str) -> Problem:
    """Say why the server refuses, and which field or right it is about."""
    message = refusal.message
    if webhook := _WEBHOOK.search(message):
        words = webhook["words"].strip() or "it gives no reason"
        return Problem(f"the webhook {webhook['name']} refuses it: {words}", field=_first_field(refusal))
    if refusal.code == 403:
        return _forbidden(refusal, resource, namespace)
    if refusal.code == 404 and refusal.missing_namespace:
        hint = "Make it first, or put a Namespace into the manifests."
        return Problem(f"there is no namespace {refusal.missing_namespace}", hint)
    if refusal.code in (404, 405, 415):
        return Problem(f"{resource.full_name} cannot be applied: {message or refusal.code}")
    if unknown := _UNKNOWN.findall(message) or _UNDECLARED.findall(message):
        fields = [field.lstrip(".") for field in unknown]
        hint = "Is it spelled right, and at the right depth?"
        return Problem(f"{resource.kind} has no field {', '.join(fields)}", hint, fields[0])
    if refusal.causes:
        told = [f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in refusal.causes]
        return Problem("; ".join(told), field=_first_field(refusal))
    # A wrong type in a server-side apply answers 500 without a reason (kube-apiserver 1.36).
    if typed := _TYPED.search(message):
        field = typed["field"].lstrip(".")
        return Problem(f"{field}: {typed['words'].strip()}", field=field)
    if "failed calling webhook" in message:
        return Problem(message, "The webhook does not answer: is its pod running?")
    return Problem(message or f"the server answers {refusal.code}")


def _forbidden(refusal: Refusal, resource: Resource, namespace: str) -> Problem:
    found = _RIGHT.search(refusal.message)
    if found is None:
        # A quota, a policy, a namespace that is on its way out: no right would help.
        return Problem(refusal.message or "the server forbids it")
    where = f"in namespace {namespace}" if namespace else "in all namespaces"
    named = found["resource"]
    full = resource.full_name if named.partition("/")[0] == resource.plural else named
    right = f"{found['verb']} {full} {where}"
    return Problem(f"may not {right}", "Ask for the rights in manifests/rbac.yaml.", right=right)


def _first_field(refusal: Refusal) -> str:
    return next((cause.field.lstrip(".") for cause in refusal.causes if cause.field and cause.field != "<nil>"), "")
