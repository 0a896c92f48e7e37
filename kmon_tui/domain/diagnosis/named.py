"""What a service names and is not there: a secret, a config map, an account, a node. It explains a fault."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.diagnosis.finding import kubectl
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Diagnosis, Evidence, Try


def with_absent(found: Diagnosis, absent: tuple[Ref, ...]) -> Diagnosis:
    """Add to the evidence of a fault what does not exist, unless it is told already."""
    told = " ".join([found.verdict, *[step.text for step in found.evidence]])
    new = [] if found.healthy else [ref for ref in absent if ref != found.object and ref.name not in told]
    if not new:
        return found
    steps = [Evidence(f"{ref} is named by it and does not exist", ref, None, 1) for ref in new]
    tries = [
        Try(f"see which there are: {ref.name} is missing", kubectl("get", _PLURALS[ref.kind], namespace=ref.namespace))
        for ref in new
        if ref.kind in _PLURALS
    ]
    return replace(found, evidence=(*found.evidence, *steps), tries=(*found.tries, *tries))


_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps", "ServiceAccount": "serviceaccounts"}
