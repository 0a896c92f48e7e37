"""Questions about rights: may I, what may I, who am I."""

from __future__ import annotations

from aiohttp import web

from kmon_tui.sandbox.apiserver.access import Access, Rule
from kmon_tui.sandbox.apiserver.bodies import check_identity, decode
from kmon_tui.sandbox.apiserver.exchange import Exchange, answer
from kmon_tui.sandbox.apiserver.values import JsonObject

_EVERYBODYS_RULES = [
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
]
_EVERYBODYS_PATHS = [
    {
        "verbs": ["get"],
        "nonResourceURLs": [
            "/api",
            "/api/*",
            "/apis",
            "/apis/*",
            "/healthz",
            "/livez",
            "/openapi",
            "/openapi/*",
            "/readyz",
            "/version",
            "/version/",
        ],
    },
    {"verbs": ["get"], "nonResourceURLs": ["/.well-known", "/.well-known/*"]},
    {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]},
]


async def review(access: Access, exchange: Exchange) -> web.Response:
    """Answer a review of the own rights; nothing is stored."""
    target = exchange.target
    obj = check_identity(target, decode(await exchange.body(), exchange.request.content_type, target))
    obj["metadata"].pop("namespace", None)
    obj["metadata"].pop("name", None)
    answers = {
        "SelfSubjectAccessReview": _may,
        "SelfSubjectRulesReview": _rules,
        "SelfSubjectReview": _who,
    }
    describe = answers.get(target.kind.kind, _may)
    return answer(describe(access, exchange, obj), 201)


def is_review(exchange: Exchange) -> bool:
    """Say whether a request asks about rights and is answered here."""
    return exchange.verb == "create" and exchange.target.kind.kind.startswith("SelfSubject")


def _may(access: Access, exchange: Exchange, obj: JsonObject) -> JsonObject:
    spec = obj.get("spec") or {}
    wanted = spec.get("resourceAttributes") or {}
    if not wanted and "nonResourceAttributes" in spec:
        return {**obj, "status": {"allowed": True}}
    resource = wanted.get("resource", "")
    if wanted.get("subresource"):
        resource = f"{resource}/{wanted['subresource']}"
    allowed = access.may(
        exchange.user, wanted.get("verb", ""), wanted.get("group", ""), resource, wanted.get("namespace", "")
    )
    return {**obj, "status": {"allowed": allowed}}


def _rules(access: Access, exchange: Exchange, obj: JsonObject) -> JsonObject:
    namespace = (obj.get("spec") or {}).get("namespace", "")
    rights = [rule for rule in access.rules_of(exchange.user) if rule.namespace in ("*", namespace)]
    status = {
        "resourceRules": [*_EVERYBODYS_RULES, *(_written(rule) for rule in rights)],
        "nonResourceRules": _EVERYBODYS_PATHS,
        "incomplete": False,
    }
    return {**obj, "spec": {}, "status": status}


def _written(rule: Rule) -> JsonObject:
    return {"verbs": [rule.verb], "apiGroups": [rule.group], "resources": [rule.resource]}


def _who(access: Access, exchange: Exchange, obj: JsonObject) -> JsonObject:
    user = {"username": exchange.user.name, "groups": list(exchange.user.groups)}
    return {**obj, "status": {"userInfo": user}}
