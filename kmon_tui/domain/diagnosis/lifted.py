"""Refusals whose reason is gone: who makes the pods has not tried again, and may wait a quarter of an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kmon_tui.domain.diagnosis import again, chain
from kmon_tui.domain.diagnosis.finding import Finding, age
from kmon_tui.domain.diagnosis.reading import NOTHING, node, ref_of, text
from kmon_tui.domain.diagnosis.refusals import wants
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Try

_ONCE = "once that is mended: "
_UNITS = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}


def _at_once(made: Object) -> Try:
    """Suggest to have the pods of a ReplicaSet tried again at once: any change of it makes its controller look."""
    words = f"{_ONCE}have it tried at once (by itself within a quarter of an hour)"
    return Try(words, again.annotated(made, "replicaset"))


def checked(scene: Scene, found: Finding, made: Object, said: str, tried: datetime | None) -> Finding:
    """Give the finding of a refusal, or that its reason is gone since. ``tried``: when the pods were refused last."""
    if made is NOTHING:
        return found
    gone = _gone(scene, found, said)
    look = _at_once(made)
    if not gone:
        return replace(found, tries=(*found.tries, look))
    ago = f", and that was last tried {age(tried, scene.now)} ago" if tried is not None else ""
    return replace(
        found,
        cause="stale-condition",
        verdict=f"{gone}; before, no pods could be made for {ref_of(made).name}{ago}",
        object=ref_of(made),
        evidence=tuple([step._replace(stale=True) for step in (*chain.of_service(scene), *found.evidence)]),
        tries=(look._replace(text=look.text.removeprefix(_ONCE)),),
        shared="",
    )


def _gone(scene: Scene, found: Finding, said: str) -> str:
    """Say what is there by now, or has room; empty when that is not known."""
    ref = found.object
    if ref is None or scene.tree.shallow or not scene.tree.synced:
        return ""
    if found.cause == "service-account-missing" and scene.find("ServiceAccount", ref.name) is not NOTHING:
        return f"the ServiceAccount {ref.name} is there by now"
    if found.cause == "quota" and ref in scene.tree.absent:
        return f"the quota {ref.name} is there no more"
    if found.cause == "quota" and _has_room(scene.find("ResourceQuota", ref.name), wants(said)):
        return f"the quota {ref.name} has room by now"
    return ""


def _has_room(quota: Object, wanted: Mapping[str, str]) -> bool:
    """Tell whether a quota has room for all that was asked for."""
    used, hard = node(quota, "status", "used"), node(quota, "status", "hard")
    amounts = [[_amount(text(used, what)), _amount(asked), _amount(text(hard, what))] for what, asked in wanted.items()]
    known = [[one for one in row if one is not None] for row in amounts]
    return bool(known) and all(len(row) == 3 and row[0] + row[1] <= row[2] for row in known)


def _amount(said: str) -> float | None:
    digits = said.rstrip("mkKMGTPi")
    unit = _UNITS.get(said[len(digits) :])
    try:
        return float(digits) * unit if unit is not None else None
    except ValueError:
        return None
