"""What KServe calls the workloads of an LLMInferenceService: labels may be written over, these names may not."""

from __future__ import annotations

import re

_WORKLOAD = re.compile(r"(?P<llm>.+)-kserve(?:-prefill|-mn|-mn-prefill|-router-scheduler)?(?:-[a-z0-9]{1,10})?")
"""A Deployment or LeaderWorkerSet, with the end of a child's name."""
_SUM = re.compile(r"[0-9a-f]{32}$")
"""Knative's ChildName puts it in place of the end of a name that is too long."""


def llm_of(maker: str) -> str:
    """Give the LLMInferenceService whose workload, or a child of it, is called so; empty when no name tells."""
    found = _WORKLOAD.fullmatch(maker)
    return found["llm"] if found and not _SUM.search(found["llm"]) else ""
