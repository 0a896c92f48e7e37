"""What may be done with the rights that there are, feature by feature, and the binding that would add the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.facts import Right, RightsFacts
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.doctor.scraping import FORWARD

_KSERVE, _KNATIVE = "serving.kserve.io", "serving.knative.dev"
VIEW, DEPLOY = "kmon-tui-view", "kmon-tui-deploy"


class Feature(NamedTuple):
    """Something that kmon-tui does, and what it needs for it."""

    id: str
    title: str
    rights: tuple[Right, ...]
    role: str
    """The role of manifests/rbac.yaml that grants it."""
    writes: bool = False
    off: str = ""
    """What is missing on the screen without it."""


FEATURES = (
    Feature(
        "services",
        "see services",
        (Right("list", "inferenceservices", _KSERVE), Right("watch", "inferenceservices", _KSERVE)),
        VIEW,
        off="nothing is shown",
    ),
    Feature("pods", "see pods", (Right("list", "pods"), Right("watch", "pods")), VIEW, off="replicas are not known"),
    Feature(
        "scalers",
        "see autoscalers",
        (
            Right("list", "horizontalpodautoscalers", "autoscaling"),
            Right("watch", "horizontalpodautoscalers", "autoscaling"),
        ),
        VIEW,
        off="a service whose autoscaler fails looks well in the list",
    ),
    Feature(
        "why",
        "explain",
        (
            Right("list", "events"),
            Right("list", "deployments", "apps"),
            Right("list", "replicasets", "apps"),
            Right("list", "revisions", _KNATIVE),
        ),
        VIEW,
        off="reasons are less exact",
    ),
    Feature("logs", "read logs", (Right("get", "pods/log"),), VIEW, off="there are no logs"),
    Feature(
        "forward",
        "forward, predict",
        (Right("list", "pods"), Right("get", "services"), Right("create", "pods/portforward")),
        FORWARD,
        off="there are no forwards, and predict needs --via url",
    ),
    Feature(
        "deploy",
        "deploy, edit",
        (Right("create", "inferenceservices", _KSERVE), Right("patch", "inferenceservices", _KSERVE)),
        DEPLOY,
        writes=True,
        off="nothing can be deployed",
    ),
    Feature(
        "delete",
        "delete",
        (Right("delete", "inferenceservices", _KSERVE),),
        DEPLOY,
        writes=True,
        off="nothing can be deleted",
    ),
)
PROMETHEUS = Feature(
    "prometheus",
    "reach Prometheus",
    (Right("list", "pods"), Right("create", "pods/portforward")),
    FORWARD,
    off="give its address with --prometheus URL",
)

EVERYWHERE = (*FEATURES[0].rights, *FEATURES[1].rights, *FEATURES[2].rights)
"""What is asked for in all namespaces at once, where all are watched."""


def needed() -> tuple[Right, ...]:
    """Give all rights that the features need in a namespace, each once."""
    return tuple(dict.fromkeys(right for feature in FEATURES for right in feature.rights))


def rights_findings(facts: RightsFacts, *, read_only: bool, served: Collection[str] | None = None) -> Iterator[Finding]:
    """Judge the rights, a feature at a time; a missing right to write is no fault, it is a role.

    ``served``: the API groups that there are; rights in others are not needed. None: not known.
    """
    for feature in FEATURES:
        needed_here = tuple(one for one in feature.rights if not one.group or served is None or one.group in served)
        names = tuple(name for name in facts.missing if name != facts.prometheus_namespace)
        yield _of(feature._replace(rights=needed_here), facts, names, read_only)
    if facts.prometheus_namespace:
        yield _of(PROMETHEUS, facts, (facts.prometheus_namespace,), read_only)


def _of(feature: Feature, facts: RightsFacts, namespaces: tuple[str, ...], read_only: bool) -> Finding:
    id_, title = f"rights.{feature.id}", f"right to {feature.title}"
    if feature.writes and read_only:
        return Finding(id_, title, Status.SKIPPED, "kmon-tui runs read-only")
    everywhere = set(feature.rights) <= set(EVERYWHERE)
    asked = [name for name in namespaces if name not in facts.unknown and (name or everywhere)]
    if not asked:
        why = next(iter(facts.unknown.values()), "no namespace was asked about")
        return Finding(id_, title, Status.UNKNOWN, why)
    refused: dict[str, list[str]] = {}
    for name in asked:
        for right in facts.missing.get(name, ()):
            if right in feature.rights:
                refused.setdefault(str(right), []).append(name)
    more = f" ({facts.unseen} namespaces were not asked about)" if facts.unseen else ""
    if not refused:
        return Finding(id_, title, Status.OK, f"in {_places(asked)}{more}")
    text = "; ".join(f"may not {right} in {_places(names)}" for right, names in refused.items())
    where = next(iter(refused.values()))[0]
    fix = fixes.grant(feature.role, where, facts.user)
    status = Status.SKIPPED if feature.writes else Status.WARN
    if feature.id == "services" and len(next(iter(refused.values()))) == len(asked):
        status = Status.FAIL
    return Finding(id_, title, status, f"{text}: {feature.off}", (f"as {facts.user}",) if facts.user else (), fix)


def _places(names: list[str]) -> str:
    if names == [""]:
        return "all namespaces"
    return ", ".join(name or "all namespaces" for name in names[:4]) + ("…" if len(names) > 4 else "")
