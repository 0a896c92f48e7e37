"""What the API server answers when it cannot do what it was asked: Status objects, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.values import JsonObject


class ApiError(Exception):
    """A refusal, answered as a Status of kind Failure."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details = details
        self.headers = dict(headers or {})
        self.metadata: JsonObject = {}

    def status(self) -> JsonObject:
        """Write the Status that goes into the body."""
        status: JsonObject = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


class NoSuchPath(Exception):
    """Nothing is served there: the real server answers plain text, no Status."""


def details(kind: Kind, name: str = "", *, by_kind: bool = False) -> JsonObject:
    """Write the details that name an object; ``by_kind`` says InferenceService where most say inferenceservices."""
    named: JsonObject = {"name": name} if name else {}
    if kind.group:
        named["group"] = kind.group
    named["kind"] = kind.kind if by_kind else kind.plural
    return named


def bad_request(message: str) -> ApiError:
    """The request itself makes no sense."""
    return ApiError(400, "BadRequest", message)


def not_found(kind: Kind, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found', details(kind, name))


def namespace_not_found(namespace: str) -> ApiError:
    """There is no such namespace to create things in."""
    return ApiError(404, "NotFound", f'namespaces "{namespace}" not found', {"name": namespace, "kind": "namespaces"})


def no_such_resource() -> ApiError:
    """The path is well formed, yet nothing is served there."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(kind: Kind, name: str) -> ApiError:
    """Creation of what is there."""
    return ApiError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', details(kind, name))


def conflict(kind: Kind, name: str, why: str) -> ApiError:
    """A write that is based on something else than what is stored."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ApiError(409, "Conflict", message, details(kind, name))


def stale(kind: Kind, name: str) -> ApiError:
    """A write at an old resourceVersion."""
    return conflict(
        kind, name, "the object has been modified; please apply your changes to the latest version and try again"
    )


def invalid(kind: Kind, name: str, causes: Sequence[tuple[str, str, str]]) -> ApiError:
    """An object that breaks rules; each cause is a field, a reason and a message."""
    texts = [f"{field}: {message}" for field, _, message in causes]
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    named = details(kind, name, by_kind=True)
    named["causes"] = [{"reason": reason, "message": message, "field": field} for field, reason, message in causes]
    return ApiError(422, "Invalid", f'{kind.qualified_kind} "{name}" is invalid: {text}', named)


def method_not_allowed() -> ApiError:
    """The resource has no such verb."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """A body in a form that is not taken here."""
    message = "the body of the request was in an unknown format - accepted media types include: "
    return ApiError(415, "UnsupportedMediaType", message + ", ".join(accepted))


def expired(message: str) -> ApiError:
    """What was asked for is no longer remembered."""
    return ApiError(410, "Expired", message)


def too_large_resource_version(wanted: int, current: int) -> ApiError:
    """A resourceVersion that this server has not reached."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        {"causes": causes, "retryAfterSeconds": 1},
        {"Retry-After": "1"},
    )
