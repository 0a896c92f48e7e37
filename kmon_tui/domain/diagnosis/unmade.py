"""What KServe could not make for an LLM, from its own conditions: they stay when the events are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kmon_tui.domain.diagnosis import asked, chain
from kmon_tui.domain.diagnosis.finding import Finding
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Condition, Kind
from kmon_tui.domain.verdict import Evidence

_SURE_S = 30
_ROLL_UPS = frozenset({"Ready", "WorkloadsReady", "RouterReady", "PresetsCombined"})
_REASON = re.compile(r"(?<!Fetch)Error$|^ScalingCRDNotFound$|^GatewayPreconditionNotMet$")
"""KServe's own reasons; others are copied from what it has made. What it only could not read has rules elsewhere."""


def findings(scene: Scene) -> Iterator[Finding]:
    """Find the first thing that KServe says it could not make."""
    if scene.ref.kind != Kind.LLM or scene.ready:
        return
    for condition in scene.conditions.values():
        if condition.status != "False" or condition.type in _ROLL_UPS or not _REASON.search(condition.reason):
            continue
        found = _finding(scene, condition)
        if found is not None:
            yield found
            return


def _finding(scene: Scene, condition: Condition) -> Finding | None:
    if asked.passes(condition.message) or not scene.lasts(condition, _SURE_S):
        return None
    step = Evidence(chain.said(condition), scene.ref, condition.since)
    return asked.explain(scene, condition.message, (step,))
