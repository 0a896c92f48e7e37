"""What a write must fulfil, and the words in which it is refused."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request, invalid
from kmon_tui.sandbox.apiserver.exchange import Exchange
from kmon_tui.sandbox.apiserver.kinds import Kind, kind_from_definition
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.validation import apply_type_error, check, fill_defaults, unreadable_part
from kmon_tui.sandbox.apiserver.values import JsonObject, metadata_of


def validate(exchange: Exchange, obj: JsonObject) -> dict[str, str]:
    """Hold a custom resource to its schema; returns headers that warn of unknown fields. Raises ApiError."""
    target = exchange.target
    if target.version.schema is None:
        return {}
    fill_defaults(target.version.schema, obj)
    findings = check(target.version.schema, obj)
    how = exchange.query.get("fieldValidation", "Warn")
    unknown = [f'unknown field "{name}"' for name in findings.unknown]
    if unknown and how == "Strict":
        raise bad_request(
            f'{target.kind.kind} in version "{target.version.name}" cannot be handled as a {target.kind.kind}: '
            f"strict decoding error: {', '.join(unknown)}"
        )
    if findings.causes:
        raise invalid(target.kind, str(metadata_of(obj).get("name", "")), findings.causes)
    if unknown and how == "Warn":
        quoted = ", ".join('299 - "' + text.replace('"', '\\"') + '"' for text in unknown)
        return {"Warning": quoted}
    return {}


def require_definition(kind: Kind, obj: JsonObject) -> None:
    """Refuse a CustomResourceDefinition that cannot be served. Raises ApiError 422; silent for other kinds."""
    if kind.key != ("apiextensions.k8s.io", "customresourcedefinitions"):
        return
    name = str(obj["metadata"]["name"])
    try:
        defined = kind_from_definition(obj)
    except (KeyError, TypeError, ValueError) as error:
        raise invalid(kind, name, [("spec", "FieldValueRequired", f"Required value: {error}")]) from error
    if name != f"{defined.plural}.{defined.group}":
        message = f'Invalid value: "{name}": must be spec.names.plural+"."+spec.group'
        raise invalid(kind, name, [("metadata.name", "FieldValueInvalid", message)])
    if not defined.stored_version or not defined.versions:
        message = "Invalid value: must have exactly one version marked as storage version"
        raise invalid(kind, name, [("spec.versions", "FieldValueInvalid", message)])
    for version in defined.versions:
        if field := unreadable_part(version.schema or {}, "openAPIV3Schema"):
            place = f"spec.versions[{version.name}].schema.{field}"
            raise invalid(kind, name, [(place, "FieldValueInvalid", "Invalid value: not a structural schema")])


def revision_required(target: Target) -> ApiError:
    """A PUT that does not say on which revision it is based."""
    message = "Invalid value: 0: must be specified for an update"
    error = invalid(target.kind, target.name, [("metadata.resourceVersion", "FieldValueInvalid", message)])
    # here, and only here, the real server names the resource where it names the kind elsewhere
    error.message = error.message.replace(target.kind.qualified_kind, target.kind.resource, 1)
    if error.details:
        error.details["kind"] = target.kind.plural
    return error


def manager_required() -> ApiError:
    """An apply that does not say who applies."""
    message = "Required value: is required for apply patch"
    cause = {"reason": "FieldValueRequired", "message": message, "field": "fieldManager"}
    named = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause]}
    return ApiError(422, "Invalid", f'PatchOptions.meta.k8s.io "" is invalid: fieldManager: {message}', named)


def require_typed(target: Target, obj: JsonObject) -> None:
    """Hold what is applied to its schema's types; what is wrong answers 500 here, as the real server does."""
    if target.version.schema is not None and (error := apply_type_error(target.version.schema, obj)):
        raise _untyped(target, error)


def _untyped(target: Target, error: str) -> ApiError:
    place = f"{target.namespace}/{target.name}" if target.namespace else f"/{target.name}"
    message = f"failed to create typed patch object ({place}; {target.api_version}, Kind={target.kind.kind}): {error}"
    return ApiError(500, "", message)
