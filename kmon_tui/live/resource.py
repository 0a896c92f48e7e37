"""One kind of objects of an API server, as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

LONGEST_VALUE = 63
"""So many characters a label's value may have; names of objects may have 253."""


def labelled(label: str, *values: str) -> str:
    """Select what has one of these values of a label.

    Nothing can have one that is too long, and an API server that is asked for one refuses all of the question (400).
    """
    fitting = sorted({value for value in values if len(value) <= LONGEST_VALUE})
    if not fitting:
        return f"{label},!{label}"
    return f"{label}={fitting[0]}" if len(fitting) == 1 else f"{label} in ({','.join(fitting)})"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is listed and watched."""

    base: str
    """``/api/v1``, or ``/apis/GROUP/VERSION``."""
    plural: str
    selector: str = ""
    fields: str = ""
    """A fieldSelector, as ``metadata.name=iris``."""
    full: str = ""
    """Its plural with the group, where other groups have kinds of that name: ``services.serving.knative.dev``."""

    @property
    def title(self) -> str:
        """Its name in the words of access rules."""
        return self.full or self.plural

    def path(self, namespace: str | None, **query: str | int) -> str:
        """Give path and query."""
        place = "" if namespace is None else f"/namespaces/{namespace}"
        if self.selector:
            query["labelSelector"] = self.selector
        if self.fields:
            query["fieldSelector"] = self.fields
        return f"{self.base}{place}/{self.plural}?{urlencode(query)}"

    def named(self, name: str) -> Resource:
        """Give what is left of it when only the object of this name is asked for."""
        return replace(self, fields=f"metadata.name={name}")
