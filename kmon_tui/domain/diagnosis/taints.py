"""Names the taints that a scheduler of Kubernetes 1.35 and later only counts, from the nodes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kmon_tui.domain.diagnosis.reading import flag, name_of, nodes, number, text
from kmon_tui.domain.tree import Object

_NAMELESS = re.compile(r"(\d+) node\(s\) had untolerated taint\(s\)(?! ?\{)")
_BARRING = frozenset({"NoSchedule", "NoExecute"})


def named(said: str, pod: Object, machines: Iterable[Object]) -> str:
    """Write a scheduler's message with the name of each taint, as it was before 1.35; as it is where no node tells.

    Taints are looked at before labels and resources, so each node that has one
    is counted for the first that the pod does not tolerate.
    """
    if _NAMELESS.search(said) is None:
        return said
    tolerations = nodes(pod, "spec", "tolerations")
    counts: dict[str, int] = {}
    for machine in {name_of(one): one for one in machines}.values():
        taint = next(
            (one for one in nodes(machine, "spec", "taints") if _bars(one) and not _tolerated(one, tolerations)), None
        )
        # The scheduler passes over a cordoned node before it looks at taints.
        if taint is not None and not flag(machine, "spec", "unschedulable"):
            name = f"{text(taint, 'key')}: {text(taint, 'value')}"
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return said
    parts = ", ".join(f"{count} node(s) had untolerated taint {{{name}}}" for name, count in counts.items())
    return _NAMELESS.sub(lambda _: parts, said, count=1)


def _bars(taint: Object) -> bool:
    return text(taint, "effect") in _BARRING


def _tolerated(taint: Object, tolerations: Sequence[Object]) -> bool:
    return any(_tolerates(one, taint) for one in tolerations)


def _tolerates(toleration: Object, taint: Object) -> bool:
    effect, key, operator = (text(toleration, field) for field in ("effect", "key", "operator"))
    if effect not in ("", text(taint, "effect")) or key not in ("", text(taint, "key")):
        return False
    if operator == "Exists":
        return True
    if not key:
        return False
    if operator in ("Gt", "Lt"):
        asked, has = number(toleration, "value"), number(taint, "value")
        return asked is not None and has is not None and (has > asked if operator == "Gt" else has < asked)
    return text(toleration, "value") == text(taint, "value")
