"""LIST: pages that stay consistent, exact revisions, and 410 when they are gone."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request, expired, too_large_resource_version
from kmon_tui.sandbox.apiserver.queries import number_of
from kmon_tui.sandbox.apiserver.selectors import matcher
from kmon_tui.sandbox.apiserver.shelf import Entry, TooOld
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.values import JsonObject
from kmon_tui.sandbox.apiserver.views import PARTIAL, TABLE, View

_TOKEN_VERSION = "meta.k8s.io/v1"
_NEWEST = -1
"""In a continue token: go on in the list as it is now, consistent or not."""
_CONTINUE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """Where a list goes on, as its continue token says."""

    revision: int
    start: str

    def token(self) -> str:
        """Write the token; opaque to clients, yet in the real server's form."""
        content = {"v": _TOKEN_VERSION, "rv": self.revision, "start": self.start + "\0"}
        return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> Page:
        """Read a token. Raises ApiError 400."""
        try:
            content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            return cls(int(content["rv"]), str(content["start"]).removesuffix("\0"))
        except (binascii.Error, ValueError, KeyError, TypeError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error


def list_objects(store: Store, view: View, query: Mapping[str, str]) -> bytes:
    """Answer a LIST. Raises ApiError."""
    target = view.target
    match = matcher(query, target.kind, target.namespace)
    page = Page.parse(query["continue"]) if query.get("continue") else None
    revision, entries = _entries(store, view, query, page)
    if match is not None:
        entries = [entry for entry in entries if match(entry)]
    if page is not None:
        entries = [entry for entry in entries if _place(entry, target.namespace) > page.start]
    limit = number_of(query, "limit") or len(entries)
    metadata: JsonObject = {"resourceVersion": str(revision)}
    if (remaining := len(entries) - limit) > 0:
        entries = entries[:limit]
        metadata["continue"] = Page(revision, _place(entries[-1], target.namespace)).token()
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = remaining
    elif target.kind.custom and view.form not in (TABLE, PARTIAL):
        metadata = {"continue": "", **metadata}
    return view.collection(entries, metadata)


def parse_revision(text: str) -> int:
    """Read a resourceVersion; the real server answers 500 when it is no number."""
    if not text:
        return 0
    if not re.fullmatch(r"\d+", text):
        message = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", message)
    return int(text)


def _entries(store: Store, view: View, query: Mapping[str, str], page: Page | None) -> tuple[int, list[Entry]]:
    shelf = store.shelf(*view.target.kind.key)
    if page is not None:
        if page.revision == _NEWEST:
            return store.revision, shelf.ordered()
        try:
            return page.revision, shelf.ordered(page.revision)
        except TooOld as error:
            refusal = expired(_CONTINUE_TOO_OLD)
            refusal.metadata = {"continue": Page(_NEWEST, page.start).token()}
            raise refusal from error
    wanted = parse_revision(query.get("resourceVersion", ""))
    if wanted > store.revision:
        raise too_large_resource_version(wanted, store.revision)
    how = query.get("resourceVersionMatch", "")
    if how not in ("", "Exact", "NotOlderThan"):
        raise bad_request(f'resourceVersionMatch: Unsupported value: "{how}"')
    if wanted and (how == "Exact" or (not how and number_of(query, "limit"))):
        try:
            return wanted, shelf.ordered(wanted)
        except TooOld as error:
            raise expired("The resourceVersion for the provided list is too old.") from error
    return store.revision, shelf.ordered()


def _place(entry: Entry, namespace: str) -> str:
    return entry.name if namespace else entry.key
