"""Asks the sandbox again what a real API server was asked, and makes the two answers comparable."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from kmon_tui.sandbox.apiserver import ApiServer
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions

Json = Any
FOLDER = Path(__file__).parents[1] / "data/recordings"
SERVICES = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices"
ORDER = ("discovery", "crud", "apply", "list", "watch", "expired", "auth", "delete", "pods", "events")
"""The order in which the recordings were made: each builds on what the ones before have left."""

_QUIET = "a quiet stream: only bookmarks"
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass
class Answers:
    """What both servers said to one request."""

    recorded: dict[str, Json]
    given: dict[str, Json]


def recording(name: str) -> list[dict[str, Json]]:
    """Read one file of recordings."""
    exchanges: list[dict[str, Json]] = json.loads((FOLDER / f"{name}.json").read_text())
    for exchange in exchanges:
        if (name, exchange["why"]) == ("crud", "get"):
            # the recorder wrote the status of its next request into the answer that it had kept
            del exchange["response"]["body"]["status"]
    return exchanges


async def replay_all() -> dict[tuple[str, str], Answers]:
    """Ask the sandbox everything, in order; answers by file and reason."""
    async with Sandbox(SandboxOptions(world="empty", knative=False)) as sandbox:
        trust = ssl.create_default_context(cadata=sandbox.authority.certificate_pem.decode())
        headers = {"User-Agent": "python-httpx/0.28.1"}
        async with httpx.AsyncClient(base_url=sandbox.api.url, verify=trust, headers=headers, timeout=10) as client:
            replay = Replay(sandbox.api, client)
            return {
                (name, exchange["why"]): Answers(exchange["response"], await replay.ask(name, exchange))
                for name in ORDER
                for exchange in await replay.prepared(name)
            }


@dataclass
class Replay:
    """One replay: the server, a client, and what the recording's revisions and tokens are called here."""

    api: ApiServer
    client: httpx.AsyncClient
    _known: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        viewer = self.api.access.add_user("viewer")
        self._tokens = {
            "admin": self.api.token,
            "viewer": viewer,
            "unknown token": "nobody-knows-this",
            "anonymous": "",
        }

    async def prepared(self, name: str) -> list[dict[str, Json]]:
        """Do what was done between the recorded requests, and return those of one file."""
        if name == "list":
            for letter in "cde":
                await self._create(f"{letter}-model")
        elif name == "expired":
            self.api.store.compact()
        elif name == "delete":
            patch = {"metadata": {"finalizers": ["inferenceservice.finalizers"]}}
            await self._patch("c-model", patch)
        return recording(name)

    async def ask(self, name: str, exchange: dict[str, Json]) -> dict[str, Json]:
        """Ask one recorded request and return the answer in the recording's form."""
        request, recorded = exchange["request"], exchange["response"]
        query = {key: self._known.get(value, value) for key, value in (request.get("query") or {}).items()}
        token = self._tokens[exchange["as"]]
        headers = {**(request.get("headers") or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        if "watch" in query and recorded["status"] == 200:
            return await self._watch(exchange, query, headers)
        body = self._translated(request.get("body"))
        content = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        if body is not None and not isinstance(body, str):
            headers.setdefault("Content-Type", "application/json")
        response = await self.client.request(
            request["method"], request["path"], params=query, headers=headers, content=content
        )
        given = {"status": response.status_code, "headers": dict(response.headers), "body": _body(response)}
        self._learn(recorded.get("body"), given["body"])
        return given

    async def _watch(
        self, exchange: dict[str, Json], query: dict[str, str], headers: dict[str, str]
    ) -> dict[str, Json]:
        """Watch for a shorter time than was recorded, making the changes that were made then."""
        wanted = exchange["response"].get("stream", [])
        changes = self._changes(wanted) if exchange["why"].startswith("changes from") else []
        usual_s = self.api.bookmark_s
        if exchange["why"] == _QUIET:
            query["resourceVersion"] = str(self.api.store.revision)
            self.api.bookmark_s = 0.2
            self.api.store.put(_another_event())  # elsewhere in the cluster something happens
        query["timeoutSeconds"] = "3" if changes else "1"
        try:
            async with self.client.stream(
                "GET", exchange["request"]["path"], params=query, headers=headers
            ) as response:
                for change in changes:
                    await change()
                events = [json.loads(line) async for line in response.aiter_lines() if line.strip()]
        finally:
            self.api.bookmark_s = usual_s
        stream = [{"event": event} for event in events]
        return {"status": response.status_code, "headers": dict(response.headers), "stream": stream}

    def _changes(self, wanted: list[dict[str, Json]]) -> list[Callable[[], Awaitable[Json]]]:
        """What was done to w-model while the real server was watched."""
        first, second = (line["event"]["object"]["status"] for line in wanted[1:3])
        return [
            lambda: self._create("w-model"),
            lambda: self._patch("w-model/status", {"status": first}),
            lambda: self._patch("w-model/status", {"status": second}),
            lambda: self.client.delete(f"{SERVICES}/w-model", headers=self._admin),
        ]

    async def _create(self, name: str) -> httpx.Response:
        obj = json.loads(json.dumps(recording("crud")[0]["request"]["body"]))
        obj["metadata"]["name"] = name
        return await self.client.post(SERVICES, json=obj, headers=self._admin)

    async def _patch(self, path: str, patch: Json) -> httpx.Response:
        headers = {**self._admin, "Content-Type": "application/merge-patch+json"}
        return await self.client.patch(f"{SERVICES}/{path}", content=json.dumps(patch), headers=headers)

    @property
    def _admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api.token}"}

    def _translated(self, body: Json) -> Json:
        if isinstance(body, dict) and (revision := body.get("metadata", {}).get("resourceVersion")):
            known = self._known.get(revision, revision)
            return {**body, "metadata": {**body["metadata"], "resourceVersion": known}}
        return body

    def _learn(self, recorded: Json, given: Json) -> None:
        """Remember which revision and which continue token here stands for which there."""
        if isinstance(recorded, dict) and isinstance(given, dict):
            for name in ("resourceVersion", "continue"):
                there, here = (body.get("metadata", {}).get(name) for body in (recorded, given))
                if there and here:
                    self._known.setdefault(there, here)


def normal(value: Json, *, builtin: bool = False) -> Json:
    """Take out of an answer what differs from run to run: times, uids, revisions, tokens, ages.

    Managers are sorted by the second of their writing, which differs, too: here by
    name. Of built-in kinds the dots in fieldsV1 go: which Go structs count as
    fields of their own cannot be seen in the objects.
    """
    if isinstance(value, dict):
        if str(value.get("kind", "")).startswith("SelfSubject"):
            value = {**value, "metadata": {}}
        if isinstance(managers := value.get("managedFields"), list):
            value = {**value, "managedFields": sorted(managers, key=_by_manager)}
        return {
            key: _blank(key, inner) or normal(inner, builtin=builtin)
            for key, inner in value.items()
            if not (builtin and key == ".")
        }
    if isinstance(value, list):
        return [normal(item, builtin=builtin) for item in value]
    if isinstance(value, str):
        text = _TIME.sub("<time>", _UID.sub("<uid>", value))
        text = re.sub(r"^\d+s$", "<age>", text)
        return re.sub(r"current: \d+", "current: <rv>", re.sub(r"version: \d+ \(\d+\)", "version: <rv>", text))
    return value


def _by_manager(entry: Json) -> tuple[str, ...]:
    return tuple(str(entry.get(name, "")) for name in ("operation", "manager", "subresource"))


def _blank(key: str, value: Json) -> str:
    is_variable = key in ("resourceVersion", "continue", "storageVersionHash") and value
    return f"<{key}>" if is_variable else ""


def _body(response: httpx.Response) -> Json:
    try:
        return response.json()
    except ValueError:
        return response.text


def _another_event() -> dict[str, Json]:
    """The recorded cluster had one event more than the recorded requests made."""
    involved = {"kind": "Pod", "name": "some-pod", "namespace": "default", "apiVersion": "v1"}
    metadata = {"name": "some-pod.1", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": involved, "reason": "Other"}
