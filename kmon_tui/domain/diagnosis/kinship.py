"""Who made what: a label may be written over in a service's spec, an ownerReference may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kmon_tui.domain.diagnosis.reading import nodes, text
from kmon_tui.domain.service import Kind
from kmon_tui.domain.tree import Object

MAKERS = ("Deployment", "LeaderWorkerSet", "StatefulSet", "ReplicaSet")
"""Kinds that make pods, or what makes them: owners come before what they own."""


def makers_of_others(root: Object, kinds: Mapping[str, Sequence[Object]]) -> set[str]:
    """Give the uids of the makers that belong to another LLMInferenceService, whatever their labels say."""
    own, found = text(root, "metadata", "uid"), set[str]()
    if text(root, "kind") != Kind.LLM or not own:
        return found
    for kind in MAKERS:
        for one in kinds.get(kind, ()):
            for owner in nodes(one, "metadata", "ownerReferences"):
                another = text(owner, "kind") == Kind.LLM and text(owner, "uid") != own
                if another or text(owner, "uid") in found:
                    found.add(text(one, "metadata", "uid"))
    return found - {""}


def uids_of_makers(root: Object, kinds: Mapping[str, Sequence[Object]]) -> set[str]:
    """Give the uids of all that may own a pod of the service."""
    makers = [one for kind in MAKERS for one in kinds.get(kind, ())]
    return {text(one, "metadata", "uid") for one in (root, *makers)} - {""}


def made_by(one: Object, uids: Collection[str]) -> bool:
    """Tell whether one of these owns an object."""
    return any(text(owner, "uid") in uids for owner in nodes(one, "metadata", "ownerReferences"))
