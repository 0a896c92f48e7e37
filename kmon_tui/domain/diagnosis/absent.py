"""Secrets and ConfigMaps that a pod needs and that are not there, from what a kubelet says."""

from __future__ import annotations

import re

from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

_SECRET = re.compile(r'secrets? "([^"]+)" not found|couldn\'t find key (\S+) in Secret (\S+)', re.I)
_CONFIG = re.compile(r'configmaps? "([^"]+)" not found|couldn\'t find key (\S+) in ConfigMap (\S+)', re.I)


def missing(pod: PodView, said: str) -> Finding | None:
    """Read which Secret or ConfigMap is not there, or lacks a key."""
    for cause, kind, rule in (("secret-missing", "Secret", _SECRET), ("config-missing", "ConfigMap", _CONFIG)):
        found = rule.search(said)
        if found is None:
            continue
        whole, key, holder = found.groups()
        name = whole or holder.rpartition("/")[2]
        ref = Ref(kind, name, pod.ref.namespace)
        where = f"the {kind} {name} of namespace {ref.namespace}"
        verdict = f"{where} does not exist" if whole else f"{where} has no key {key}"
        return Finding(
            cause,
            verdict,
            ref,
            None,
            (),
            (
                Try("see what there is", kubectl("get", kind.lower(), namespace=ref.namespace)),
                describe(pod.ref, "see who asks for it"),
            ),
            str(ref),
        )
    return None
