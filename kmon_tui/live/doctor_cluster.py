"""Asks the API server what is installed, in which version, and what the pods of one service declare."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from kmon_tui.domain.doctor.facts import Case, ClusterFacts, PodFacts, Told, Workload
from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, TimedOut
from kmon_tui.live import doctor_shapes as shapes
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.discovery import server_version
from kmon_tui.live.kube import Answered, KubeClient
from kmon_tui.live.resource import labelled
from kmon_tui.live.scope import POD_SELECTORS

T = TypeVar("T")

ANSWER_S = 10.0
"""Longest wait for one fact: what is slow costs that check only."""
MOST_ITEMS = 50
NOT_ASKED = "not asked"
KNATIVE = "knative-serving"
_KSERVE = "control-plane=kserve-controller-manager"
_KNATIVE = "app.kubernetes.io/name=knative-serving"
_CHART, _OLD_CHART = "app.kubernetes.io/name=prometheus", "app=prometheus,component=server"
_OPERATED = "operator.prometheus.io/name"
_SERVERS = ("controller", "activator", "autoscaler")
_WORKLOADS, _PODS = Codec(shapes.WorkloadObject), Codec(shapes.PodObject)


async def cluster_facts(client: KubeClient, case: Case) -> ClusterFacts:
    """Ask some ten questions at once. Raises BackendError when nothing can be asked at all."""
    # Not Told[str](…): Python 3.11 and 3.12 note the type on the value, which is frozen, and fail.
    unasked: Told[str] = Told(why=NOT_ASKED)
    version = unasked if case.brief else await _told(server_version(client), lasting=True)
    async with asyncio.TaskGroup() as tasks:

        def ask(question: Callable[[], Awaitable[T]], *, brief: bool = True) -> asyncio.Task[Told[T]]:
            return tasks.create_task(_told(question()) if brief or not case.brief else _not_asked())

        skew = ask(lambda: _skew(client), brief=False)
        groups = ask(lambda: _groups(client))
        kserve = ask(lambda: _workloads(client, "deployments", _KSERVE, "kserve"), brief=False)
        knative = ask(lambda: _workloads(client, "deployments", _KNATIVE, KNATIVE))
        observability = ask(lambda: _observability(client, KNATIVE))
        prometheus = ask(lambda: _prometheus(client), brief=False)
        pods = ask(lambda: _pods(client, case))
    serving = tuple(one for one in knative.result().value or () if one.name in _SERVERS)
    return ClusterFacts(
        version=version,
        skew_s=skew.result(),
        groups=groups.result(),
        kserve=kserve.result(),
        knative=Told(serving) if serving else knative.result(),
        observability=observability.result(),
        observability_namespace=KNATIVE,
        prometheus=prometheus.result(),
        pods=pods.result(),
    )


async def clock_skew_s(ask: Callable[[], Awaitable[Answered]]) -> float:
    """Compare the Date of an answer with our clock in the middle of the question; it counts whole seconds."""
    before = time.time()
    date = (await ask()).date
    after = time.time()
    try:
        told_s = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        raise BadAnswer("the API server does not say what time it is") from None
    return told_s + 0.5 - (before + after) / 2


async def _told(question: Awaitable[T], *, lasting: bool = False) -> Told[T]:
    """Give an answer, or why there is none; ``lasting``: only a missing right is a reason to go on without."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return Told(await question)
    except TimeoutError:
        if lasting:
            raise TimedOut(f"no answer in {ANSWER_S:g} s", "Is the cluster running, and the VPN up?") from None
        return Told(why=f"no answer in {ANSWER_S:g} s")
    except BackendError as error:
        if lasting and not isinstance(error, Forbidden | NotFound):
            raise
        return Told(why=error.message)


async def _not_asked() -> Told[Any]:
    return Told(why=NOT_ASKED)


async def _skew(client: KubeClient) -> float:
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": _HARMLESS}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return await clock_skew_s(lambda: client.create(path, review, Ask("create", "selfsubjectaccessreviews")))


_HARMLESS = {"resourceAttributes": {"verb": "list", "group": "serving.kserve.io", "resource": "inferenceservices"}}


async def _groups(client: KubeClient) -> Mapping[str, tuple[str, ...]]:
    body = await client.get("/apis", Ask("get", "the API groups", where=False))
    found = _decoded(body, shapes.Groups)
    return {group.name: tuple(one.version for one in group.versions) for group in found.groups}


async def _workloads(client: KubeClient, plural: str, selector: str, usual: str) -> tuple[Workload, ...]:
    """List in all namespaces, or in the usual one where that is all that is allowed."""
    try:
        return await _list_workloads(client, plural, selector, None)
    except Forbidden as error:
        try:
            return await _list_workloads(client, plural, selector, usual)
        except Forbidden:
            raise error from None


async def _list_workloads(
    client: KubeClient, plural: str, selector: str, namespace: str | None
) -> tuple[Workload, ...]:
    within = f"/namespaces/{quote(namespace)}" if namespace else ""
    path = f"/apis/apps/v1{within}/{plural}?labelSelector={quote(selector)}&limit={MOST_ITEMS}"
    body = await client.get(path, Ask("list", plural, namespace))
    try:
        items = _WORKLOADS.page(body).items
    except NotReadable as error:
        raise BadAnswer(f"the list of {plural} cannot be read") from error
    return tuple(shapes.workload("StatefulSet" if plural == "statefulsets" else "Deployment", one) for one in items)


async def _observability(client: KubeClient, namespace: str) -> Mapping[str, str]:
    path = f"/api/v1/namespaces/{quote(namespace)}/configmaps/config-observability"
    try:
        body = await client.get(path, Ask("get", "configmap config-observability", namespace))
    except NotFound:
        return {}
    return _decoded(body, shapes.ConfigMap).data or {}


async def _prometheus(client: KubeClient) -> tuple[Workload, ...]:
    """Look for Deployments and StatefulSets; what may not be listed is missed only where nothing else is found."""
    asked = await asyncio.gather(
        *(
            _told(_workloads(client, plural, selector, "monitoring"))
            for plural, selector in (
                ("deployments", _CHART),
                ("deployments", _OLD_CHART),
                ("statefulsets", _OPERATED),
            )
        )
    )
    found = [one for told in asked for one in told.value or ()]
    if not found and (why := next((told.why for told in asked if told.why), "")):
        raise BackendError(why)
    by_name = {(one.namespace, one.kind, one.name): one for one in found}
    return tuple(one for one in by_name.values() if one.labels.get("app.kubernetes.io/component", "server") == "server")


async def _pods(client: KubeClient, case: Case) -> tuple[PodFacts, ...]:
    key = case.key
    if key is None:
        return ()
    label = POD_SELECTORS[key.kind]
    own = labelled("app.kubernetes.io/name" if "=" in label else label, key.name)
    selector = f"{label},{own}" if "=" in label else own
    path = f"/api/v1/namespaces/{quote(key.namespace)}/pods?labelSelector={quote(selector)}&limit={MOST_ITEMS}"
    body = await client.get(path, Ask("list", "pods", key.namespace))
    try:
        items = _PODS.page(body).items
    except NotReadable as error:
        raise BadAnswer("the list of pods cannot be read") from error
    entry = next((one.entry for one in case.services if one.key == key), "")
    pods = tuple(shapes.pod(one) for one in items)
    # Only the component that callers meet is counted.
    return tuple(one for one in pods if not entry or one.labels.get("component", entry) in (entry, "workload"))


def _decoded(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadAnswer("the answer of the API server cannot be read") from error
