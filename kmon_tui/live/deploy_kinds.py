"""Finds by discovery which resource a manifest is, and says what is close when there is none."""

from __future__ import annotations

import difflib
from typing import TypeVar
from urllib.parse import quote

import msgspec

from kmon_tui.domain.errors import BadAnswer, NotFound
from kmon_tui.domain.manifest import Manifest
from kmon_tui.domain.plan import Problem, Resource
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient

T = TypeVar("T")


class _Entry(msgspec.Struct, frozen=True):
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _Entries(msgspec.Struct, frozen=True):
    resources: list[_Entry] | None = None


class _Version(msgspec.Struct, frozen=True):
    version: str = ""


class _Group(msgspec.Struct, frozen=True):
    versions: list[_Version] = []


class Kinds:
    """The kinds of one cluster; each version of a group is asked for once."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._known: dict[str, list[_Entry] | None] = {}

    async def find(self, manifest: Manifest) -> Resource | Problem:
        """Give the resource of a manifest, or why there is none."""
        try:
            return await self._find(manifest)
        except BadAnswer as error:
            if error.status != 503 or not manifest.group:
                raise
            # The API server passes it on to another one: everything else of it goes on.
            message = f"the API of {manifest.api_version} is away just now: {error.said or 'it answers 503'}"
            return Problem(message, "kubectl get apiservices says which server it is.", "apiVersion", unknown=True)

    async def _find(self, manifest: Manifest) -> Resource | Problem:
        api_version = manifest.api_version
        if api_version not in self._known:
            self._known[api_version] = await self._entries(manifest)
        entries = self._known[api_version]
        if entries is None:
            return await self._unknown_version(manifest)
        for entry in entries:
            if entry.kind == manifest.kind and "/" not in entry.name:
                if "patch" not in entry.verbs:
                    return Problem(f"{manifest.kind} of {api_version} cannot be applied", field="kind")
                return Resource(manifest.group, manifest.version, entry.name, entry.namespaced, entry.kind)
        known = sorted({entry.kind for entry in entries if "/" not in entry.name})
        close = difflib.get_close_matches(manifest.kind, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(known[:8])}."
        return Problem(f"there is no kind {manifest.kind} in {api_version}", hint, "kind", unknown=True)

    async def _entries(self, manifest: Manifest) -> list[_Entry] | None:
        root = f"/apis/{quote(manifest.group)}" if manifest.group else "/api"
        body = await self._get(f"{root}/{quote(manifest.version)}", manifest.api_version)
        return None if body is None else (_read(body, _Entries, self._client).resources or [])

    async def _unknown_version(self, manifest: Manifest) -> Problem:
        message = f"this cluster knows no {manifest.api_version} (kind {manifest.kind})"
        body = await self._get(f"/apis/{quote(manifest.group)}", manifest.group) if manifest.group else None
        if body is None:
            what = "KServe" if manifest.group == "serving.kserve.io" else "the CustomResourceDefinition"
            return Problem(message, f"Is {what} installed in it?", "apiVersion", unknown=True)
        served = ", ".join(one.version for one in _read(body, _Group, self._client).versions)
        return Problem(message, f"It knows {manifest.group} in version {served}.", "apiVersion", unknown=True)

    async def _get(self, path: str, what: str) -> bytes | None:
        try:
            return await self._client.get(path, Ask("get", f"the kinds of {what}", where=False))
        except NotFound:
            return None


def _read(body: bytes, shape: type[T], client: KubeClient) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadAnswer(f"{client.server} does not answer as a Kubernetes API", "Is it the server you mean?") from error
