"""Server-side apply: a dry run of manifests as a plan, and then the plan for real, with a line in the audit file."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

import msgspec

from kmon_tui.domain.diff import changes
from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, ReadOnly, Refused
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.manifest import Bundle, Manifest
from kmon_tui.domain.plan import Applied, Conflict, Plan, Planned, Problem, Resource, Verdict, owner_of
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.live.asking import Ask
from kmon_tui.live.audit import Audit
from kmon_tui.live.codec import fit
from kmon_tui.live.deploy_answers import Refusal, conflicts_of, is_passing, problem_of, refusal_of
from kmon_tui.live.deploy_kinds import Kinds
from kmon_tui.live.deploy_warnings import lost_fields, warning_texts
from kmon_tui.live.discovery import GROUP, PLURALS, VERSIONS
from kmon_tui.live.kube import Answered, KubeClient
from kmon_tui.live.kube_errors import failure
from kmon_tui.live.manifest_files import read_manifests
from kmon_tui.live.objects import facts_of
from kmon_tui.live.shapes import Served

MANAGER = "kmon-tui"
APPLY = "application/apply-patch+yaml"
_SERVERS_OWN = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_FIRST = {"Namespace": 0, "CustomResourceDefinition": 1}


class KubeDeployer:
    """Plans and applies in one context, as one field manager."""

    def __init__(self, client: KubeClient, place: Place, own_namespace: str, audit: Audit, read_only: str = "") -> None:
        self._client = client
        self._place = place
        self._namespace = place.namespace or own_namespace
        self._audit = audit
        self._read_only = read_only
        """Why nothing may be written; empty: it may."""

    async def read(self, source: str) -> Bundle:
        """Read a file or a folder. Raises ManifestError."""
        return await asyncio.to_thread(read_manifests, source)

    async def plan(self, manifests: Sequence[Manifest]) -> Plan:
        """Ask the server what each manifest would do; nothing is written. BackendError when it cannot be asked."""
        kinds = Kinds(self._client)
        coming = {one.name for one in manifests if one.kind == "Namespace" and one.api_version == "v1"}
        ordered = sorted(manifests, key=lambda one: _FIRST.get(one.kind, 2))
        items = [await self._planned(manifest, kinds, coming) for manifest in ordered]
        defined = {kind for one in manifests if (kind := _defined(one))}
        return Plan(tuple(_with_definition(item, defined) for item in items), self._place.context)

    async def apply(self, planned: Planned, *, force: bool = False) -> Applied:
        """Apply one manifest for real. Raises Refused, Forbidden, ReadOnly or another BackendError."""
        if self._read_only:
            raise ReadOnly(
                f"nothing may be written: {self._read_only}", "Start with --write if it is your own setting."
            )
        resource = planned.resource
        if resource is None:
            raise Refused(f"{planned.title} is of no kind that this cluster knows")
        outcome = "unknown: it was cut off before the answer"
        note = ""
        try:
            answered = await self._patch(planned.manifest, resource, planned.namespace, force=force)
            outcome = _outcome(answered)
        except BackendError as error:
            outcome = f"failed: {type(error).__name__}"
            raise
        finally:
            name = f"{planned.namespace}/{planned.manifest.name}" if planned.namespace else planned.manifest.name
            forced = " (forced)" if force else ""
            note = self._audit.write("apply", f"{resource.full_name} {name}", outcome + forced)
        if answered.status not in (200, 201):
            raise self._refused(planned, resource, answered)
        metadata = _part(_tree(answered.body, self._client.server), "metadata")
        generation = metadata.get("generation")
        return Applied(generation if isinstance(generation, int) else 0, answered.status == 201, note)

    async def service(self, key: Key) -> InferenceService | None:
        """Look at one service that is out of the watch's sight, without its pods; None when it is not there."""
        plural = PLURALS[key.kind]
        ask = Ask("get", f"{plural}.serving.kserve.io", key.namespace)
        for version in VERSIONS[key.kind]:
            path = f"{GROUP}/{version}/namespaces/{quote(key.namespace)}/{plural}/{quote(key.name)}"
            try:
                body = await self._client.get(path, ask)
            except NotFound:
                continue
            facts = facts_of(fit(_tree(body, self._client.server), Served), key.kind)
            return None if facts is None else describe(facts, None)
        return None

    async def _planned(self, manifest: Manifest, kinds: Kinds, coming: Iterable[str]) -> Planned:
        found = await kinds.find(manifest)
        if isinstance(found, Problem):
            return Planned(manifest, Verdict.REFUSED, namespace=manifest.namespace, problem=found)
        namespace = (manifest.namespace or self._namespace) if found.namespaced else ""
        live, live_note = await self._live(manifest, found, namespace)
        answered = await self._patch(manifest, found, namespace, dry_run=True)
        conflicts: tuple[Conflict, ...] = ()
        if answered.status == 409 and (conflicts := conflicts_of(refusal_of(409, answered.body))):
            # Only to see what it would be like: a dry run writes nothing, not even a forced one.
            answered = await self._patch(manifest, found, namespace, dry_run=True, force=True)
        if answered.status not in (200, 201):
            return self._not_planned(manifest, found, namespace, refusal_of(answered.status, answered.body), coming)
        applied = _tree(answered.body, self._client.server)
        changed = changes(live, applied, manifest.body, secret=_is_secret(manifest))
        verdict = Verdict.NEW if answered.status == 201 else Verdict.CHANGED if changed else Verdict.SAME
        notes = (*live_note, *warning_texts(answered.warnings), *lost_fields(manifest.body, applied))
        generation = _part(live or {}, "metadata").get("generation")
        return Planned(
            manifest,
            verdict,
            found,
            namespace,
            changed,
            conflicts,
            owner_of(applied.get("metadata")),
            warnings=tuple(dict.fromkeys(notes)),
            generation=generation if isinstance(generation, int) else 0,
        )

    def _not_planned(
        self, manifest: Manifest, resource: Resource, namespace: str, refusal: Refusal, coming: Iterable[str]
    ) -> Planned:
        """Give the plan for a manifest whose dry run was refused."""
        if refusal.missing_namespace in set(coming):
            changed = changes(None, manifest.body, manifest.body, secret=_is_secret(manifest))
            return Planned(manifest, Verdict.UNCHECKED, resource, namespace, changed)
        if is_passing(refusal):
            raise BadAnswer(f"{self._client.server} answers {refusal.code}: {refusal.message[:200]}")
        problem = problem_of(refusal, resource, namespace)
        return Planned(manifest, Verdict.REFUSED, resource, namespace, problem=problem)

    async def _live(
        self, manifest: Manifest, resource: Resource, namespace: str
    ) -> tuple[Mapping[str, object] | None, tuple[str, ...]]:
        """Give the object as it is, or None; and what is to be said when it may not be read."""
        try:
            body = await self._client.get(
                _path(manifest, resource, namespace), Ask("get", resource.full_name, namespace or None)
            )
        except NotFound:
            return None, ()
        except Forbidden as error:
            return None, (f"{error.message}: what is there now is not known",)
        return _tree(body, self._client.server), ()

    async def _patch(
        self, manifest: Manifest, resource: Resource, namespace: str, *, dry_run: bool = False, force: bool = False
    ) -> Answered:
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        if force:
            query["force"] = "true"
        path = f"{_path(manifest, resource, namespace)}?{urlencode(query)}"
        ask = Ask("patch", resource.full_name, namespace or None)
        return await self._client.patch(path, _body(manifest), APPLY, ask)

    def _refused(self, planned: Planned, resource: Resource, answered: Answered) -> BackendError:
        refusal = refusal_of(answered.status, answered.body)
        if conflicts := conflicts_of(refusal):
            who = ", ".join(dict.fromkeys(f"{one.field} ({one.manager})" for one in conflicts))
            return Refused(f"{planned.title}: others own {who}", "Look at the diff anew: somebody was faster.")
        if is_passing(refusal):
            return failure(answered.status, "", answered.body, self._client.server, f"apply {planned.title}")
        problem = problem_of(refusal, resource, planned.namespace)
        if problem.right:
            return Forbidden(f"{planned.title}: {problem.message}", problem.hint)
        return Refused(f"{planned.title}: {problem.message}", problem.hint)


def _defined(manifest: Manifest) -> tuple[str, str] | None:
    """Give the group and the kind that a manifest defines, if it does."""
    if manifest.kind != "CustomResourceDefinition":
        return None
    spec = _part(manifest.body, "spec")
    return str(spec.get("group", "")), str(_part(spec, "names").get("kind", ""))


def _with_definition(item: Planned, defined: Collection[tuple[str, str]]) -> Planned:
    """Say of what the cluster does not know yet that its definition comes along, if it does."""
    if item.problem is None or not item.problem.unknown or (item.manifest.group, item.manifest.kind) not in defined:
        return item
    hint = "Its CustomResourceDefinition comes with the same manifests: deploy that first, then the rest."
    return replace(item, problem=replace(item.problem, hint=hint))


def _body(manifest: Manifest) -> dict[str, object]:
    """Give what is sent: without what belongs to the server, for people apply what they once exported."""
    body = {name: value for name, value in manifest.body.items() if name != "status"}
    metadata = _part(body, "metadata")
    body["metadata"] = {name: value for name, value in metadata.items() if name not in _SERVERS_OWN}
    return body


def _path(manifest: Manifest, resource: Resource, namespace: str) -> str:
    root = f"/apis/{quote(resource.group)}" if resource.group else "/api"
    inner = f"namespaces/{quote(namespace, safe='')}/" if resource.namespaced else ""
    return f"{root}/{quote(resource.version)}/{inner}{resource.plural}/{quote(manifest.name, safe='')}"


def _is_secret(manifest: Manifest) -> bool:
    return manifest.kind == "Secret" and manifest.api_version == "v1"


def _outcome(answered: Answered) -> str:
    """Say in the audit file what became of it; never with the server's message, which may quote what was sent."""
    if answered.status in (200, 201):
        return "created" if answered.status == 201 else "applied"
    reason = refusal_of(answered.status, answered.body).reason
    return f"refused: {answered.status}{' ' if reason else ''}{reason}"


def _part(tree: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = tree.get(name)
    return part if isinstance(part, Mapping) else {}


def _tree(body: bytes, server: str) -> Mapping[str, object]:
    try:
        tree: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadAnswer(f"{server} does not answer as a Kubernetes API", "Is it the server you mean?") from error
    if not isinstance(tree, Mapping):
        raise BadAnswer(f"{server} does not answer as a Kubernetes API", "Is it the server you mean?")
    return tree
