"""Finds out which kinds of KServe an API server knows, with as few questions as can be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

import msgspec

from kmon_tui.domain.errors import Forbidden, NotFound
from kmon_tui.domain.service import Kind
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import not_an_api

T = TypeVar("T")

GROUP = "/apis/serving.kserve.io"
PLURALS = {Kind.ISVC: "inferenceservices", Kind.LLM: "llminferenceservices", Kind.GRAPH: "inferencegraphs"}
VERSIONS = {Kind.ISVC: ("v1beta1",), Kind.LLM: ("v1alpha2", "v1alpha1"), Kind.GRAPH: ("v1alpha1",)}
"""Per kind the versions that we read, the better one first."""


class _Version(msgspec.Struct):
    version: str = ""


class _Group(msgspec.Struct):
    versions: list[_Version] = []


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


class _Info(msgspec.Struct):
    version: str = msgspec.field(name="gitVersion", default="")


async def likely_kinds(client: KubeClient) -> dict[Kind, str]:
    """Give the kinds that may exist, by the versions of the group: one question. Listing tells the rest.

    Where discovery is forbidden every kind may exist.
    """
    try:
        served = await served_versions(client)
    except Forbidden:
        served = {version for versions in VERSIONS.values() for version in versions}
    return {kind: f"{GROUP}/{first}" for kind, versions in VERSIONS.items() if (first := _first(versions, served))}


async def sure_kinds(client: KubeClient, kinds: Iterable[Kind]) -> dict[Kind, str]:
    """Give those of these kinds that exist: a question for each version that may hold them.

    While all are missing the group is asked for first, which most often is not there.
    """
    wanted = set(kinds)
    served = await served_versions(client) if wanted == set(Kind) else _versions_of(wanted)
    held = {version: await _plurals(client, version) for version in sorted(served & _versions_of(wanted))}
    found: dict[Kind, str] = {}
    for kind in wanted:
        version = next((version for version in VERSIONS[kind] if PLURALS[kind] in held.get(version, ())), None)
        if version is not None:
            found[kind] = f"{GROUP}/{version}"
    return found


def questions(kinds: Collection[Kind]) -> int:
    """Give how many questions sure_kinds() asks while none of these kinds is there."""
    return 1 if set(kinds) == set(Kind) else len(_versions_of(kinds))


def _versions_of(kinds: Iterable[Kind]) -> set[str]:
    return {version for kind in kinds for version in VERSIONS[kind]}


async def server_version(client: KubeClient) -> str:
    """Give the gitVersion of the API server."""
    return _read(await client.get("/version", Ask("get", "the version", where=False)), _Info, client).version


async def served_versions(client: KubeClient) -> set[str]:
    """Give the versions of KServe's group; empty where KServe is not installed."""
    try:
        body = await client.get(GROUP, Ask("get", "the versions of serving.kserve.io", where=False))
    except NotFound:
        return set()
    return {item.version for item in _read(body, _Group, client).versions}


async def _plurals(client: KubeClient, version: str) -> set[str]:
    try:
        body = await client.get(f"{GROUP}/{version}", Ask("get", f"serving.kserve.io/{version}", where=False))
    except NotFound:
        return set()
    return {item.name for item in _read(body, _Resources, client).resources}


def _first(versions: tuple[str, ...], served: set[str]) -> str:
    return next((version for version in versions if version in served), "")


def _read(body: bytes, shape: type[T], client: KubeClient) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise not_an_api(client.server) from error
