"""Why an image cannot be pulled, from what the kubelet or Knative's controller says."""

from __future__ import annotations

import re
from typing import NamedTuple

from kmon_tui.domain.diagnosis.reading import both_ends
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

WAITING = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "ErrPullImage",
        "SignatureValidationFailed",
    }
)
"""Reasons for which a container waits because of its image."""

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("image-rate-limit", re.compile(r"toomanyrequests|\b429\b|rate limit|pull limit", re.I)),
    (
        "image-platform",
        re.compile(
            r"no match(ing)? (for platform|manifest for)|does not match the specified platform"
            r"|no image found in \w+ \w+ for architecture",
            re.I,
        ),
    ),
    (
        "image-auth",
        re.compile(
            r"unauthori[sz]ed|authentication required|authorization failed|no basic auth|denied|insufficient_scope"
            r"|forbidden|\b40[13]\b|not authorized",
            re.I,
        ),
    ),
    (
        "image-name",
        re.compile(
            r"not ?found|manifest unknown|name unknown|name_unknown|manifest_unknown|InvalidImageName"
            r"|invalid reference format|couldn't parse image|could not parse|does not exist|ErrImageNeverPull"
            r"|not present with pull policy|\b404\b",
            re.I,
        ),
    ),
    (
        "image-registry-unreachable",
        re.compile(
            r"no such host|dial tcp|i/o timeout|connection re(fused|set)|Client\.Timeout exceeded|no route to host"
            r"|x509|certificate|tls|deadline exceeded"
            r"|server gave HTTP response|server misbehaving|network is unreachable|\bEOF\b|\b50[0234]\b"
            r"|RegistryUnavailable",
            re.I,
        ),
    ),
    ("storage-full", re.compile(r"no space left on device", re.I)),
)
_WORD_ONLY = re.compile(r"\s*(Error: ?)?\w*\s*")
"""A reason alone, as the kubelet repeats it with each back-off: ``Error: ImagePullBackOff``."""
_STEPS = re.compile(
    r'^(?:Back-off pulling image "[^"]*": |Failed to pull image "[^"]*": |Err\w+: |rpc error: code = \w+ desc = '
    r'|failed to pull and unpack image "[^"]*": |failed to resolve reference "[^"]*": |failed to do request: )+'
)
"""What a kubelet and containerd put before the reason, one after the other."""
_UNREAD_SECRET = re.compile(r"image pull secrets \(([^)]+)\)")
_NO_LINE = re.compile(r"dial tcp|no such host|i/o timeout|refused|unreachable", re.I)


class PullFailure(NamedTuple):
    """Why an image is not here."""

    cause: str
    verdict: str
    shared: str


def registry_of(image: str) -> str:
    """Give the host that an image comes from."""
    host, slash, _ = image.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"


def tells_why(message: str) -> bool:
    """Tell whether an event of a failed pull holds more than the word for it."""
    return _WORD_ONLY.fullmatch(message) is None and not message.startswith("Back-off")


def without_secret(message: str) -> str:
    """Add to a sentence that a pull secret, which the pod names, cannot be read."""
    named = _UNREAD_SECRET.search(message)
    return f"; the pull secret {named.group(1)} that it names cannot be read" if named is not None else ""


def explain(image: str, said: str, reason: str, who: str = "", unread: bool = False) -> PullFailure:
    """Tell why an image cannot be pulled. ``who`` is the subject of the sentence if it is not a node's kubelet.

    ``unread``: the events, which would tell, may not be read.
    """
    # The name of the image may hold any of the words.
    plain = re.sub(r'"[^"]*"', " ", said.replace(image, " ")) if image else said
    cause = next((cause for cause, rule in _RULES if rule.search(plain) or rule.search(reason)), "image-pull")
    registry = registry_of(image)
    by = f" by {who}" if who else ""
    silent = not said or (said.startswith("Back-off") and "rr" not in said)
    lost = "told in events, which may not be read" if unread else "not known any more"
    tail = f"; why is {lost}" if silent else f": {both_ends(_bare(said), 220)}"
    verdicts = {
        "image-rate-limit": f"the pull limit of {registry} is used up, so the image {image} cannot be pulled{by}",
        "image-platform": f"the image {image} is not built for this node's kind of CPU",
        "image-auth": f"{registry} does not let the image {image} be pulled{by}: no permission, or no such repository",
        "image-name": f"there is no image {image}",
        "image-registry-unreachable": f"{who or 'its node'} cannot talk to {registry}, so the image {image} is not "
        f"pulled{tail}",
        "storage-full": f"the node's disk is full, so the image {image} cannot be pulled{tail}",
        "image-pull": f"the image {image} cannot be pulled{by}{tail}",
    }
    if cause == "image-name" and reason == "ErrImageNeverPull":
        verdicts[cause] = f"the image {image} is not on the node, and imagePullPolicy Never forbids to pull it"
    if cause == "image-name" and reason == "InvalidImageName":
        verdicts[cause] = f"{image!r} is not the name of an image"
    if cause == "image-registry-unreachable" and "deadline exceeded" in plain and not _NO_LINE.search(plain):
        # Large images end so, too, over a line that works.
        verdicts[cause] = f"{who or 'its node'} does not get the image {image} from {registry} in time{tail}"
    return PullFailure(cause, verdicts[cause], _shared(cause, registry, image))


def _bare(said: str) -> str:
    """Leave out that the image could not be pulled, which is said already, and how the kubelet came to say so."""
    return _STEPS.sub("", said.partition("\n")[0]) or said


def _shared(cause: str, registry: str, image: str) -> str:
    if cause == "image-auth" and registry == "docker.io":
        # Everybody's registry: a right that one owner's images need tells nothing of another's.
        owner = image.removeprefix("docker.io/").partition("/")[0]
        return f"registry docker.io/{owner}"
    wide = cause in ("image-rate-limit", "image-registry-unreachable", "image-auth")
    return f"registry {registry}" if wide else f"image {image}"


def tries(cause: str, image: str, root: Ref, account: str) -> tuple[Try, ...]:
    """Say what helps."""
    namespace = root.namespace
    if cause in ("image-auth", "image-rate-limit"):
        patch = '{"imagePullSecrets":[{"name":"SECRET"}]}'
        return (
            Try(
                "see which pull secrets the account has", f"kubectl -n {namespace} get serviceaccount {account} -o yaml"
            ),
            Try(
                "give it one (SECRET of type dockerconfigjson)",
                f"kubectl -n {namespace} patch serviceaccount {account} -p '{patch}'",
            ),
        )
    if cause in ("image-name", "image-platform"):
        return (
            Try(f"ask the registry for the image {image}"),
            Try("mend the image or runtimeVersion", f"kubectl -n {namespace} edit {root.kind.lower()} {root.name}"),
        )
    return (Try("see whether the nodes reach the registry: DNS, proxy, certificates"),)
