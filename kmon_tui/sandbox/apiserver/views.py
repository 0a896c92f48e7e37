"""The forms in which objects are answered: whole, as a Table, or their metadata only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kmon_tui.sandbox.apiserver.conversion import from_stored, is_converted
from kmon_tui.sandbox.apiserver.errors import ApiError
from kmon_tui.sandbox.apiserver.printing import partial, table
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.values import JsonObject, encode

WHOLE, TABLE, PARTIAL = "", "Table", "PartialObjectMetadata"


@dataclass(frozen=True, slots=True)
class View:
    """One form of answer for one target."""

    target: Target
    form: str = WHOLE
    include: str = "Metadata"

    def object(self, entry: Entry) -> bytes:
        """Encode one object."""
        if self.form == TABLE:
            return encode(table(self.target, [entry], {"resourceVersion": str(entry.revision)}, self.include))
        if self.form == PARTIAL:
            return encode(partial(entry))
        return self._whole(entry)

    def collection(self, entries: Sequence[Entry], metadata: JsonObject) -> bytes:
        """Encode a list; each object was encoded once, when it was first asked for."""
        if self.form == TABLE:
            return encode(table(self.target, entries, metadata, self.include))
        if self.form == PARTIAL:
            head = encode({"kind": f"{PARTIAL}List", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            items = [encode(partial(entry)) for entry in entries]
        else:
            kind = self.target.kind
            names = {"kind": f"{kind.kind}List", "apiVersion": self.target.api_version}
            # the real server sorts the keys of custom resources' lists, and keeps the order of Go's fields elsewhere
            ordered = {"apiVersion": names["apiVersion"], "kind": names["kind"]} if kind.custom else names
            head = encode({**ordered, "metadata": metadata})
            items = [self._item(entry) for entry in entries]
        return b'%s,"items":[%s]}' % (head[:-1], b",".join(items))

    def event(self, type_: str, entry: Entry, headers: bool) -> bytes:
        """Encode one line of a watch; ``headers`` says whether a Table brings its columns."""
        if self.form == TABLE:
            metadata = {"resourceVersion": str(entry.revision)}
            body = encode(table(self.target, [entry], metadata, self.include, headers))
        else:
            body = self.object(entry)
        return b'{"type":"%s","object":%s}\n' % (type_.encode(), body)

    def bookmark(self, revision: int, annotations: Mapping[str, str] | None = None) -> bytes:
        """Encode a BOOKMARK, which carries nothing but how far the watch has come."""
        metadata: JsonObject = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = dict(annotations)
        if self.form == TABLE:
            obj = table(self.target, [], metadata, headers=False)
        elif self.form == PARTIAL:
            obj = {"kind": PARTIAL, "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        else:
            obj = {"kind": self.target.kind.kind, "apiVersion": self.target.api_version, "metadata": metadata}
        return encode({"type": "BOOKMARK", "object": obj}) + b"\n"

    def _whole(self, entry: Entry) -> bytes:
        if is_converted(self.target.kind, self.target.version.name):
            return encode(from_stored(self.target.kind, self.target.version.name, entry.object))
        names = (self.target.api_version.encode(), self.target.kind.kind.encode())
        return b'{"apiVersion":"%s","kind":"%s",' % names + entry.tail

    def _item(self, entry: Entry) -> bytes:
        """Items of built-in lists carry neither kind nor apiVersion."""
        if self.target.kind.custom:
            return self._whole(entry)
        if is_converted(self.target.kind, self.target.version.name):
            served = from_stored(self.target.kind, self.target.version.name, entry.object)
            return encode({name: value for name, value in served.items() if name not in ("kind", "apiVersion")})
        return b"{" + entry.tail


def view_for(target: Target, accept: str, query: Mapping[str, str]) -> View:
    """Choose the form that a client wants, by its Accept header. Raises ApiError 406."""
    for wanted in accept.split(",") if accept else ["*/*"]:
        media, *parameters = (part.strip() for part in wanted.split(";"))
        options = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        if media not in ("application/json", "application/*", "*/*"):
            continue
        form = options.get("as", "").removesuffix("List")
        if form in (TABLE, PARTIAL) and options.get("v", "v1") == "v1":
            return View(target, form, query.get("includeObject") or "Metadata")
        if not form:
            return View(target)
    message = (
        "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io"
    )
    raise ApiError(406, "NotAcceptable", message)
