"""Who asks, and what they may do: tokens, client certificates, impersonation and simple rules in the manner of RBAC."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from multidict import CIMultiDictProxy

from kmon_tui.sandbox.apiserver.errors import ApiError, details
from kmon_tui.sandbox.apiserver.queries import Target

_OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
_OWN_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


@dataclass(frozen=True, slots=True)
class User:
    """Who a request comes from."""

    name: str
    groups: tuple[str, ...] = ()


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("admin", ("system:masters", "system:authenticated"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A set of actions; each field may hold wildcards, and an empty namespace is the cluster scope."""

    verb: str = "*"
    resource: str = "*"
    """Plural, with the subresource behind a slash: pods/log."""
    group: str = "*"
    namespace: str = "*"

    def covers(self, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Say whether an action is in the set."""
        pairs = ((verb, self.verb), (group, self.group), (resource, self.resource), (namespace, self.namespace))
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)


@dataclass(slots=True)
class Access:
    """Users by token, what they may do, and what is forbidden to all."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """The administrator's bearer token."""
    _users: dict[str, User] = field(default_factory=dict, repr=False)
    _rights: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    _forbidden: list[tuple[str, Rule]] = field(default_factory=list)

    def add_user(self, name: str, rights: Iterable[Rule] = (), groups: tuple[str, ...] = ()) -> str:
        """Let someone in who may do what the rules cover and no more; returns the token."""
        token = secrets.token_urlsafe(24)
        self._users[token] = User(name, (*groups, "system:authenticated"))
        self._rights[name] = tuple(rights)
        return token

    def forbid(self, rule: Rule, user: str = "*") -> None:
        """Forbid something to a user, or to all of them, the administrator too."""
        self._forbidden.append((user, rule))

    def permit_all_again(self) -> None:
        """Take back all that was forbidden."""
        self._forbidden.clear()

    def revoke(self, token: str) -> None:
        """Make a token unknown, the administrator's too: it answers 401 from now on."""
        self._users.pop(token, None)
        if token == self.token:
            self.token = secrets.token_urlsafe(24)

    def identify(self, headers: CIMultiDictProxy[str], certificate: Mapping[str, Any] | None) -> User:
        """Return who asks. Raises ApiError 401 for a token that nobody has."""
        user = self._authenticated(headers, certificate)
        if impersonated := headers.get("Impersonate-User"):
            self._require_impersonation(user, impersonated)
            return User(impersonated, (*headers.getall("Impersonate-Group", []), "system:authenticated"))
        return user

    def _authenticated(self, headers: Mapping[str, str], certificate: Mapping[str, Any] | None) -> User:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            if secrets.compare_digest(token, self.token):
                return ADMIN
            if (user := self._users.get(token)) is not None:
                return user
            raise ApiError(401, "Unauthorized", "Unauthorized")
        if certificate:
            subject = [pair for part in certificate.get("subject", ()) for pair in part]
            names = [value for name, value in subject if name == "commonName"]
            groups = tuple(value for name, value in subject if name == "organizationName")
            if names:
                return User(names[0], (*groups, "system:authenticated"))
        return ANONYMOUS

    def _require_impersonation(self, user: User, impersonated: str) -> None:
        if not self.may(user, "impersonate", "", "users", ""):
            message = f'users "{impersonated}" is forbidden: User "{user.name}" cannot impersonate resource "users" '
            named = {"name": impersonated, "kind": "users"}
            raise ApiError(403, "Forbidden", message + 'in API group "" at the cluster scope', named)

    def may(self, user: User, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Say whether a user may do something."""
        for who, rule in self._forbidden:
            if fnmatchcase(user.name, who) and rule.covers(verb, group, resource, namespace):
                return False
        if "system:masters" in user.groups:
            return True
        if resource in _OWN_REVIEWS and verb == "create" and user is not ANONYMOUS:
            return True
        return any(rule.covers(verb, group, resource, namespace) for rule in self._rights.get(user.name, ()))

    def require(self, user: User, verb: str, target: Target) -> None:
        """Raise ApiError 403, in the real server's words, unless the user may."""
        if not self.may(user, verb, target.kind.group, target.resource, target.namespace):
            raise forbidden(user, verb, target)

    def require_path(self, user: User, path: str) -> None:
        """The same for paths that name no resource; anonymous callers may only ask for health and version."""
        is_open = path.rstrip("/").startswith(_OPEN_PATHS)
        if user == ANONYMOUS and not is_open:
            message = f'forbidden: User "{user.name}" cannot get path "{path}"'
            raise ApiError(403, "Forbidden", message, {})

    def rules_of(self, user: User) -> tuple[Rule, ...]:
        """What a user may do, for a SelfSubjectRulesReview."""
        return (Rule(),) if "system:masters" in user.groups else self._rights.get(user.name, ())


def forbidden(user: User, verb: str, target: Target) -> ApiError:
    """What a user is told who may not do something."""
    kind = target.kind
    name = f' "{target.name}"' if target.name else ""
    place = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    return ApiError(
        403,
        "Forbidden",
        f'{kind.resource}{name} is forbidden: User "{user.name}" cannot {verb} resource "{target.resource}" '
        f'in API group "{kind.group}" {place}',
        details(kind, target.name),
    )
