"""Faults as folders: ``before/`` and ``after/`` hold what somebody applies, ``broken/`` that and what comes of it.

``service.yaml`` (and any ``more.yaml``) are objects as one applies them. What comes of the broken ones lies beside
them: ``pod.yaml``, ``status.yaml``, ``objects.yaml``, ``events.yaml``, ``logs.yaml``;
``about.yaml`` names the component.
"""

from __future__ import annotations

from typing import Any

from kmon_tui.sandbox.world_templates import documents, exists, names_in

BEFORE, BROKEN, AFTER = "before", "broken", "after"
STAGES = (BEFORE, BROKEN, AFTER)
ANNOTATION = "sandbox.kmon-tui/fault"
"""On a service: it fails as this fault says, whatever its storageUri."""
PREFIX = "faults/"
_APPLIED = ("service.yaml", "more.yaml")


def names() -> list[str]:
    """Give the names of all faults."""
    return names_in("faults")


def part(fault: str, name: str) -> Any:
    """Give what comes of a fault: one of its files, parsed; None when it has none of that name."""
    path = f"faults/{fault}/{BROKEN}/{name}.yaml"
    return documents(path)[0] if fault and exists(path) else None


def component_of(fault: str, entry: str) -> str:
    """Give the component that fails."""
    about = part(fault, "about") or {}
    return str(about.get("component", entry))


def shows(fault: str, stage: str) -> bool:
    """Say whether a fault shows at a stage of a service: while it rolls out, unless the fault names another one."""
    named = (part(fault, "about") or {}).get("stage")
    return bool(fault) and (stage == named if named else stage in ("rolling", "updating"))


def age_s(fault: str) -> float:
    """Give for how long a service has been broken when it is first seen so: some faults show after a deadline only."""
    return float((part(fault, "about") or {}).get("age_s", 0.0))


def with_pods(fault: str) -> bool:
    """Say whether the pods come up in spite of the fault."""
    return bool((part(fault, "about") or {}).get("pods") == "ready")


def cause_of(fault: str) -> str:
    """Give the word for what is wrong, as people call it."""
    return str((part(fault, "about") or {}).get("cause", fault))


def applied(fault: str, stage: str) -> list[dict[str, Any]]:
    """Give the objects that somebody applies at a stage."""
    found: list[dict[str, Any]] = []
    for name in _APPLIED:
        path = f"faults/{fault}/{stage}/{name}"
        if exists(path):
            found.extend(documents(path))
    return found


def is_playable(fault: str) -> bool:
    """Say whether a fault can be played from its beginning to its end."""
    return all(applied(fault, stage) for stage in STAGES)
