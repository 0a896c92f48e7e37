"""Asks the API server what may be done: one review for each namespace, and only a few namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from kmon_tui.domain.doctor.facts import Case, Right, RightsFacts
from kmon_tui.domain.doctor.rights import EVERYWHERE, PROMETHEUS, needed
from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient

T = TypeVar("T")

MOST_NAMESPACES = 5
MOST_SINGLE = 16
"""Rights of one namespace that are asked about one by one, where the rules are told in part only."""
_REVIEWS = "/apis/authorization.k8s.io/v1"


class Rule(msgspec.Struct, frozen=True):
    """One rule that applies to us."""

    verbs: list[str] = []
    groups: list[str] | None = msgspec.field(name="apiGroups", default=None)
    resources: list[str] | None = None
    names: list[str] | None = msgspec.field(name="resourceNames", default=None)

    def covers(self, right: Right) -> bool:
        """Whether it grants a right on all objects."""
        resources = self.resources or ()
        _, slash, sub = right.resource.partition("/")
        fits = right.resource in resources or "*" in resources or (bool(slash) and f"*/{sub}" in resources)
        return (
            not self.names
            and fits
            and ("*" in self.verbs or right.verb in self.verbs)
            and any(group in ("*", right.group) for group in self.groups or ())
        )


class RulesStatus(msgspec.Struct, frozen=True):
    """``status`` of a SelfSubjectRulesReview."""

    rules: list[Rule] | None = msgspec.field(name="resourceRules", default=None)
    incomplete: bool = False


class RulesReview(msgspec.Struct, frozen=True):
    """A SelfSubjectRulesReview."""

    status: RulesStatus = RulesStatus()


class AccessStatus(msgspec.Struct, frozen=True):
    """``status`` of a SelfSubjectAccessReview."""

    allowed: bool = False


class AccessReview(msgspec.Struct, frozen=True):
    """A SelfSubjectAccessReview."""

    status: AccessStatus = AccessStatus()


class UserInfo(msgspec.Struct, frozen=True):
    """Who somebody is."""

    username: str = ""


class SelfStatus(msgspec.Struct, frozen=True):
    """``status`` of a SelfSubjectReview."""

    user: UserInfo = msgspec.field(name="userInfo", default=UserInfo())


class SelfReview(msgspec.Struct, frozen=True):
    """A SelfSubjectReview."""

    status: SelfStatus = SelfStatus()


async def rights_facts(client: KubeClient, case: Case, own: str, prometheus_namespace: str) -> RightsFacts:
    """Ask about the namespaces of the services, the context's own where there are none, and Prometheus'."""
    if case.key is not None:
        names = [case.key.namespace]
    else:
        names = list(dict.fromkeys(one.key.namespace for one in case.services)) or [case.namespace or own]
    asked = names[:MOST_NAMESPACES]
    missing: dict[str, tuple[Right, ...]] = {}
    unknown: dict[str, str] = {}
    wanted: list[tuple[str, tuple[Right, ...]]] = [(name, needed()) for name in asked]
    if prometheus_namespace and prometheus_namespace not in asked:
        wanted.append((prometheus_namespace, PROMETHEUS.rights))

    async def look(namespace: str, rights: tuple[Right, ...]) -> None:
        try:
            missing[namespace] = await missing_rights(client, namespace, rights)
        except BackendError as error:
            missing[namespace], unknown[namespace] = (), error.message

    await asyncio.gather(*(look(name, rights) for name, rights in wanted))
    if case.namespace is None and case.key is None:
        try:
            missing[""] = await _one_by_one(client, "", EVERYWHERE)
        except BackendError as error:
            missing[""], unknown[""] = (), error.message
    return RightsFacts(
        user=await _user(client),
        missing=missing,
        unknown=unknown,
        unseen=len(names) - len(asked),
        prometheus_namespace=prometheus_namespace,
    )


async def missing_rights(client: KubeClient, namespace: str, rights: tuple[Right, ...]) -> tuple[Right, ...]:
    """Give those of the rights that we do not have there. Raises BackendError."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    review = await _review(client, f"{_REVIEWS}/selfsubjectrulesreviews", body, RulesReview)
    rules = review.status.rules or []
    refused = tuple(right for right in rights if not any(rule.covers(right) for rule in rules))
    if refused and review.status.incomplete:
        # An authorizer that is no RBAC (a webhook) cannot list its rules, but it answers single questions.
        return await _one_by_one(client, namespace, refused[:MOST_SINGLE])
    return refused


async def _one_by_one(client: KubeClient, namespace: str, rights: Iterable[Right]) -> tuple[Right, ...]:
    async def allowed(right: Right) -> bool:
        resource, _, sub = right.resource.partition("/")
        attributes = {"namespace": namespace, "verb": right.verb, "group": right.group, "resource": resource}
        if sub:
            attributes["subresource"] = sub
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        review = await _review(client, f"{_REVIEWS}/selfsubjectaccessreviews", body, AccessReview)
        return review.status.allowed

    rights = tuple(rights)
    answers = await asyncio.gather(*(allowed(right) for right in rights))
    return tuple(right for right, good in zip(rights, answers, strict=True) if not good)


async def _user(client: KubeClient) -> str:
    """Give the name by which the API server knows us: Kubernetes 1.28 and newer tell it."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    try:
        return (await _review(client, path, body, SelfReview)).status.user.username
    except BackendError:
        return ""


async def _review(client: KubeClient, path: str, body: Mapping[str, object], shape: type[T]) -> T:
    kind = str(body["kind"])
    ask = Ask("create", f"{kind.lower()}s", where=False)
    answered = await client.create(path, body, ask)
    if answered.status == 403:
        raise Forbidden(f"may not {ask}")
    if answered.status == 404:
        raise NotFound(f"this server has no {kind}")
    if answered.status not in (200, 201):
        raise BadAnswer(f"{client.server} answers {answered.status} to a {kind}")
    try:
        return msgspec.json.decode(answered.body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadAnswer(f"the {kind} of {client.server} cannot be read") from error
