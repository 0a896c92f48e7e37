"""A first, thin answer to `why?`: what the service's own conditions say, and no more."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.peek import conditions_of, ref_of
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE, Diagnosis, Evidence


def diagnose(tree: ObjectTree, now: datetime) -> Diagnosis:
    """Say healthy, or what is unusual."""
    if tree.root is None:
        return Diagnosis(UNKNOWN_CAUSE, "the service is not there")
    ref = ref_of(tree.root)
    bad = [cond for cond in conditions_of(tree.root) if cond.status == "False" and cond.type != "Stopped"]
    evidence = tuple(Evidence(f"{c.type}: {c.reason} {c.message}".strip(), ref, c.since) for c in bad)
    missing = tuple(blind.text for blind in tree.blind if blind.text)
    if not bad:
        return Diagnosis(HEALTHY, "nothing is wrong", ref, now, missing=missing)
    return Diagnosis(UNKNOWN_CAUSE, "the cause is not known", ref, bad[0].since, evidence, missing=missing)
