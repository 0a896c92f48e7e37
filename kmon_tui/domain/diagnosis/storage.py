"""Why a model's files could not be fetched, from what the storage-initializer or ModelMesh's puller says."""

from __future__ import annotations

import re

from kmon_tui.domain.diagnosis.finding import kubectl
from kmon_tui.domain.diagnosis.last_words import telling_line
from kmon_tui.domain.diagnosis.reading import both_ends
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("storage-full", re.compile(r"no space left on device|disk quota exceeded|ENOSPC|not enough free disk", re.I)),
    (
        # A file of the container itself may not be written: that is about the pod's user, not about the storage.
        "storage-failed",
        re.compile(r"permission ?denied:? *'?(b')?/(?!var/secrets|mnt/pvc)|ModuleNotFoundError|No module named", re.I),
    ),
    ("storage-rate-limit", re.compile(r"\b429\b|too many requests|\bSlowDown\b|rateLimitExceeded", re.I)),
    (
        "storage-scheme",
        re.compile(
            r"cannot recognize storage type|storage ?type .*not supported|storageURI.*not supported"
            r"|unsupported (storage|uri|scheme|protocol)|unknown (storage|scheme)|invalid storage ?uri",
            re.I,
        ),
    ),
    (
        "storage-credentials",
        re.compile(
            r"unable to locate credentials|nocredentials|no credentials|credentials (were|was)? ?not found"
            r"|could not automatically determine credentials|default credentials (were|was) not found|anonymous caller"
            r"|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|token (has )?expired"
            r"|invalid (credentials|api key|user token|token)|authentication ?failed|invalid_grant"
            r"|PartialCredentials|NoAuthenticationInformation|DefaultCredentialsError|Engine metadata service"
            r"|no such file or directory:? *'?/var/secrets/",
            re.I,
        ),
    ),
    # To somebody without a token the hub says "Invalid username or password" of a repository that is not there, too.
    ("storage-missing", re.compile(r"repository not ?found|RepositoryNotFoundError", re.I)),
    ("storage-credentials", re.compile(r"invalid username or password", re.I)),
    ("storage-unreachable", re.compile(r"check your internet connection|LocalEntryNotFoundError", re.I)),
    (
        "storage-denied",
        re.compile(
            r"\b403\b|forbidden|access ?denied|AllAccessDisabled|permission ?denied|AuthorizationPermissionMismatch"
            r"|gated ?repo|not authorized|does not have storage\.|PermissionError",
            re.I,
        ),
    ),
    (
        "storage-missing",
        re.compile(
            r"no (model|objects?|files?) found|NoSuchBucket|NoSuchKey|\b404\b|not ?found|does not exist"
            r"|no such file or directory"
            r"|no such (bucket|key|container)|is not a valid model identifier|invalid repo",
            re.I,
        ),
    ),
    ("storage-credentials", re.compile(r"\b401\b|unauthori[sz]ed", re.I)),
    (
        "storage-unreachable",
        re.compile(
            r"could not connect|connection (refused|reset|aborted)|name or service not known|name resolution"
            r"|no such host|timed? ?out|max retries|unreachable|certificate|SSL|TLS|EndpointConnectionError"
            r"|\b50[0234]\b|network is",
            re.I,
        ),
    ),
)
_HUB_REPOSITORY = re.compile(r"repository not ?found|RepositoryNotFoundError", re.I)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://\S+", re.I)
_FRAME = re.compile(r'^[ \t|]*File "[^"\n]*", line \d+.*(?:\n[ \t|]{4,}\S.*)*', re.M)
"""Where a traceback came by, with the source there: numbers and words of code, not of an answer."""
_PLACE = re.compile(r'File "[^"\n]*", line \d+')
"""The same where somebody has put all lines on one: what follows it may be the answer."""


def classify(said: str) -> str:
    """Name the cause; ``storage-failed`` when nothing known is said."""
    # Numbers and words inside of an address are names, not answers; those of a program's lines are neither.
    plain = _ADDRESS.sub(" ", _PLACE.sub(" ", said) if "\n" not in said.strip() else _FRAME.sub("", said))
    return next((cause for cause, rule in _RULES if rule.search(plain)), "storage-failed")


def verdict(cause: str, uri: str, said: str, who: str = "the storage-initializer") -> str:
    """Say it in one sentence."""
    line = both_ends(telling_line(said).removeprefix("Storage initialization failed: "))
    because = f": {line}" if line else ""
    model = uri or "the model"
    # A hub does not tell a repository that is private from one that is not there.
    unseen = ", or may not be seen" if _HUB_REPOSITORY.search(said) else ""
    return {
        "storage-full": f"{model} does not fit on the disk{because}",
        "storage-scheme": f"{model} is of a kind that {who} does not know{because}",
        "storage-credentials": f"{who} has no valid credentials for {model}{because}",
        "storage-denied": f"{who} may not read {model}{because}",
        "storage-missing": f"there is nothing to fetch at {model}{unseen}{because}",
        "storage-unreachable": f"{who} cannot reach the storage of {model}{because}",
        "storage-rate-limit": f"{who} asks the storage of {model} too often and is turned away{because}",
    }.get(cause, f"{who} cannot fetch {model}{because or ', and does not say why'}")


def shared(cause: str, uri: str, account: str) -> str:
    """Say what other models may share: the bucket, and who asks for it."""
    scheme, _, rest = uri.partition("://")
    if not rest or cause in ("storage-missing", "storage-scheme", "storage-full", "storage-failed"):
        return ""
    place = f"{scheme}://{rest.partition('/')[0]}"
    return place if cause in ("storage-unreachable", "storage-rate-limit") else f"{place} as ServiceAccount {account}"


def tries(cause: str, uri: str, root: Ref, account: str) -> tuple[Try, ...]:
    """Say what helps."""
    edit = Try("mend storageUri", kubectl("edit", root.kind.lower(), root.name, namespace=root.namespace))
    see_account = Try(
        "see which Secret the ServiceAccount brings",
        kubectl("get", "serviceaccount", account, "-o", "yaml", namespace=root.namespace),
    )
    hub = (Try("accept the model's terms on the hub, and give the pod a token that may read it"),)
    if cause in ("storage-scheme", "storage-missing"):
        return (edit, *(hub if uri.startswith("hf://") and cause == "storage-missing" else ()))
    if cause in ("storage-credentials", "storage-denied"):
        return (see_account, *(hub if uri.startswith("hf://") else ()))
    if cause == "storage-full":
        return (Try("raise the ephemeral-storage limit of the storage-initializer, or use a volume (pvc://)"),)
    if cause == "storage-rate-limit":
        account_helps = "fetch with an account (a token or key) that may ask more often, or keep the model in a volume"
        return (see_account, Try(account_helps))
    if cause == "storage-unreachable":
        return (see_account, Try("see endpoint, DNS, proxy and certificates of the storage"))
    return ()
