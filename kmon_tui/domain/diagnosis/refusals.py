"""Why the API server does not let an object be made: quota, limits, security, webhooks, fields that do not fit."""

from __future__ import annotations

import re
from typing import NamedTuple

from kmon_tui.domain.diagnosis.finding import controller, kserve_config, kubectl
from kmon_tui.domain.diagnosis.reading import both_ends, one_line
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: ([^;]+)")
_REFUSED = re.compile(r'([a-z]+)(?:\.[\w.\-]+)? "[^"]+" is forbidden')
"""The kind of what is not let in, as the API's paths spell it."""
_QUOTA_NAME = re.compile(r"(?:exceeded|failed) quota: ([^,:;\s]+)")
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request:?\s*(.*)', re.S)
_SECRET = re.compile(
    r"can't read storage secret ([^\s:]+):.*not found|specified storage key (\S+) not found in storage secret (\S+)",
    re.S,
)
"""What KServe's own webhook says where the Secret with the storages' credentials, or a key in it, is not there."""
_CA_BUNDLE = re.compile(
    r"can't read cabundle configmap ([^\s:]+):.*not found"
    r"|specified cabundle file (\S+) not found in cabundle configmap ([^\s\"]+)",
    re.S,
)
"""The same of the certificates to trust, which KServe copies from its own namespace."""
_CALL = re.compile(
    r'failed calling webhook "([^"]+)"[:,]?\s*(.*)|conversion webhook for (\S+), Kind=\w+ failed:\s*(.*)', re.S
)
_BEHIND = re.compile(r"https://([\w\-]+)\.([\w\-]+)\.svc\b")
"""The Service that a webhook is called through."""
_SECURITY = re.compile(r'violates PodSecurity "([^"]+)":?\s*(.*)', re.S)
_ACCOUNT = re.compile(
    r'serviceaccounts? "([^"]+)" not found|service account ([\w.\-]+/)?([\w.\-]+).{0,40}not found', re.I
)
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)'(?: with binding '[^']*')? denied request:?\s*(.*)", re.S)
_CONSTRAINTS = re.compile(r"unable to validate against any security context constraint:?\s*(.*)", re.S)
_LIMITS = re.compile(r"(maximum|minimum) \S+ usage per (Container|Pod)|max limit to request ratio|LimitRange", re.I)
_OF_KIND = re.compile(r'(\w+)(?:\.[\w.\-]+)? "[^"]*" is invalid:')
_WITH_PODS = frozenset({"Pod", "Deployment", "ReplicaSet", "StatefulSet", "LeaderWorkerSet", "Job", "Service"})
"""Kinds whose fields are mostly those of a pod; a Service of Knative is one of them."""
_HOST = re.compile(r'invalid domain name "([^"]+)": (.*)', re.S)
"""What KServe itself says of the host name that it puts together."""
_INVALID = re.compile(r"Invalid value|is invalid:|Required value|must be less than or equal to|Forbidden: may not")


class Denial(NamedTuple):
    """What was said, sorted."""

    cause: str
    verdict: str
    object: Ref | None = None
    """Who refuses, if it is an object that can be looked at."""
    shared: str = ""
    behind: Ref | None = None
    """The Service of a webhook that does not answer."""


def explain(said: str, namespace: str) -> Denial | None:
    """Sort a message of the API server; None when it refuses nothing that is known."""
    for rule in (
        _quota,
        _credentials,
        _authorities,
        _webhook,
        _policy,
        _security,
        _constraints,
        account,
        _limits,
        _host,
    ):
        denial = rule(said, namespace)
        if denial is not None:
            return denial
    if _INVALID.search(said):
        kind = _OF_KIND.search(said)
        of_pods = kind is None or kind.group(1) in _WITH_PODS
        return Denial(
            "invalid-pod" if of_pods else "invalid-spec", f"the API server finds it invalid: {one_line(said)}"
        )
    return None


def _quota(said: str, namespace: str) -> Denial | None:
    full = _QUOTA.search(said)
    named = full or _QUOTA_NAME.search(said)
    if named is None:
        return None
    name = named.group(1).strip()
    ref = Ref("ResourceQuota", name, namespace)
    if full is None:
        why = one_line(said.partition(name)[2].lstrip(": "), 140)
        return Denial("quota", f"the quota {name} of namespace {namespace} refuses the pod: {why}", ref, str(ref))
    wanted, used, limit = (_amounts(full.group(at)) for at in (2, 3, 4))
    each = [
        f"{_counted(amount, _bare(what))} ({used.get(what, '?')} of {limit.get(what, '?')} are used)"
        for what, amount in wanted.items()
    ]
    asked = one_line(" and ".join(each), 180)
    refused = _REFUSED.search(said)
    a_pod = (refused is None or refused.group(1) == "pods") and [*wanted] != ["pods"]
    verdict = (
        f"the quota {name} of namespace {namespace} has no room for {'the pod, which wants ' if a_pod else ''}{asked}"
    )
    return Denial("quota", verdict, ref, str(ref))


def wants(said: str) -> dict[str, str]:
    """Give what a quota had no room for, by resource; empty when that is not said."""
    full = _QUOTA.search(said)
    return _amounts(full.group(2)) if full is not None else {}


def _counted(amount: str, what: str) -> str:
    return "another pod" if (amount, what) == ("1", "pods") else f"{amount} {what}"


def _bare(resource: str) -> str:
    return resource.removeprefix("requests.").removeprefix("count/")


def _amounts(said: str) -> dict[str, str]:
    """Read ``requests.cpu=1,pods=1``."""
    pairs = [part.partition("=") for part in said.split(",") if "=" in part]
    return {what.strip(): amount.strip() for what, _, amount in pairs}


def _webhook(said: str, namespace: str) -> Denial | None:
    called = _CALL.search(said)
    if called is not None:
        ref = Ref("webhook", called.group(1) or f"conversion of {called.group(3)}")
        why = called.group(2) or called.group(4) or ""
        behind = _BEHIND.search(why)
        kind = "admission webhook" if called.group(1) else "webhook for the"
        return Denial(
            "webhook-unreachable",
            f"the {kind} {ref.name} {_unanswered(why)}: {both_ends(why, 200)}",
            ref,
            str(ref),
            Ref("Service", *behind.groups()) if behind is not None else None,
        )
    denied = _WEBHOOK.search(said)
    if denied is None:
        return None
    ref = Ref("webhook", denied.group(1))
    return Denial(
        "webhook-denied",
        f"the admission webhook {ref.name} refuses it: {one_line(denied.group(2), 180)}",
        ref,
        str(ref),
    )


def _credentials(said: str, namespace: str) -> Denial | None:
    lacking = _SECRET.search(said)
    if lacking is None:
        return None
    secret = Ref("Secret", lacking.group(1) or lacking.group(3), namespace)
    where = f"the Secret {secret.name} of namespace {namespace}"
    without = "does not exist" if lacking.group(1) else f"has no key {lacking.group(2)}"
    return Denial("secret-missing", f"{where} {without}, which storage.key needs", secret, str(secret))


def _authorities(said: str, namespace: str) -> Denial | None:
    lacking = _CA_BUNDLE.search(said)
    if lacking is None:
        return None
    bundle = Ref("ConfigMap", lacking.group(1) or lacking.group(3))
    without = "does not exist" if lacking.group(1) else f"has no {lacking.group(2)}"
    verdict = f"the ConfigMap {bundle.name} with the certificates of the storage {without}"
    return Denial("config-missing", verdict, bundle, str(bundle))


def _unanswered(said: str) -> str:
    if "x509" in said or "certificate" in said:
        return "has a certificate that the API server does not accept"
    late = "deadline exceeded" in said or "timeout" in said.rpartition("timeout=")[2]
    return "does not answer in time" if late else "does not answer"


def _policy(said: str, namespace: str) -> Denial | None:
    found = _POLICY.search(said)
    if found is None:
        return None
    ref = Ref("ValidatingAdmissionPolicy", found.group(1))
    verdict = f"the admission policy {ref.name} refuses it: {one_line(found.group(2), 180)}"
    return Denial("webhook-denied", verdict, ref, str(ref))


def _constraints(said: str, namespace: str) -> Denial | None:
    found = _CONSTRAINTS.search(said)
    if found is None:
        return None
    why = one_line(found.group(1), 200)
    return Denial("pod-security", f"no security context constraint of OpenShift lets the pod in: {why}")


def _security(said: str, namespace: str) -> Denial | None:
    found = _SECURITY.search(said)
    if found is None:
        return None
    ref = Ref("Namespace", namespace)
    return Denial(
        "pod-security",
        f"the Pod Security level {found.group(1)} of namespace {namespace} forbids the pod: "
        f"{one_line(found.group(2), 160)}",
        ref,
        str(ref),
    )


def account(said: str, namespace: str) -> Denial | None:
    """Read that a ServiceAccount is missing."""
    found = _ACCOUNT.search(said)
    if found is None:
        return None
    ref = Ref("ServiceAccount", found.group(1) or found.group(3) or "?", namespace)
    return Denial(
        "service-account-missing",
        f"the ServiceAccount {ref.name} does not exist in namespace {namespace}",
        ref,
        str(ref),
    )


def _host(said: str, namespace: str) -> Denial | None:
    found = _HOST.search(said)
    if found is None:
        return None
    why = one_line(found.group(2).rpartition(": ")[2], 120)
    return Denial(
        "invalid-spec",
        f"its name and namespace ({namespace}) make the host name {one_line(found.group(1), 160)}, "
        f"an invalid domain name: {why}",
    )


def _limits(said: str, namespace: str) -> Denial | None:
    if not _LIMITS.search(said):
        return None
    why = one_line(said.rpartition("forbidden:")[2], 160)
    return Denial(
        "limit-range",
        f"a LimitRange of namespace {namespace} forbids the pod: {why}",
        Ref("Namespace", namespace),
        f"LimitRange of {namespace}",
    )


def tries(denial: Denial, root: Ref) -> tuple[Try, ...]:
    """Say what helps."""
    namespace = root.namespace
    edit = Try("mend the service", kubectl("edit", root.kind.lower(), root.name, namespace=namespace))
    if denial.cause == "quota" and denial.object is not None:
        return (
            Try("see what is used", kubectl("describe", "resourcequota", denial.object.name, namespace=namespace)),
            Try("stop or scale down what is not needed, ask for less, or have the quota raised"),
        )
    if denial.cause == "limit-range":
        return (Try("see the limits", kubectl("describe", "limitrange", namespace=namespace)), edit)
    if denial.cause == "service-account-missing" and denial.object is not None:
        return (Try("create it", kubectl("create", "serviceaccount", denial.object.name, namespace=namespace)), edit)
    if denial.cause == "secret-missing" and denial.object is not None:
        return (Try("see which there are", kubectl("get", "secrets", namespace=namespace)), edit)
    if denial.cause == "config-missing" and denial.object is not None:
        # It belongs into the namespace of KServe's controller, which its message does not name.
        there = kubectl("get", "configmaps", "-A", "--field-selector", f"metadata.name={denial.object.name}")
        return (
            Try("see whether there is one beside KServe's controller", there),
            kserve_config("create it, or mend its name in KServe's configuration"),
        )
    if denial.cause == "webhook-unreachable":
        return _of_webhook(denial, root)
    if denial.cause == "pod-security" and denial.object is None:
        return (Try("see which constraints there are", kubectl("get", "securitycontextconstraints")), edit)
    if denial.cause == "pod-security":
        return (Try("see the level", kubectl("get", "namespace", namespace, "--show-labels")), edit)
    return (edit,)


def _of_webhook(denial: Denial, root: Ref) -> tuple[Try, ...]:
    """Say where to look when a webhook does not answer: at its Service, and at KServe if it is one of KServe's."""
    every = Try(
        "see what is registered, with which failurePolicy and certificate",
        kubectl("get", "validatingwebhookconfigurations,mutatingwebhookconfigurations"),
    )
    own = (controller(root)[0],) if denial.object is not None and "kserve" in denial.object.name else ()
    if denial.behind is None:
        return (every, *own)
    name, space = denial.behind.name, denial.behind.namespace
    choice = f"kubernetes.io/service-name={name}"
    return (
        Try("see whether its Service is there", kubectl("get", "service", name, namespace=space)),
        Try("see whether pods stand behind it", kubectl("get", "endpointslices", "-l", choice, namespace=space)),
        *own,
        every,
    )
