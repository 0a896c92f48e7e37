"""Secrets and ConfigMaps that a pod needs and that are not there, from what a kubelet says."""

from __future__ import annotations

import re

from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import nodes, text
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

_SECRET = re.compile(r'secrets? "([^"]+)" not found|couldn\'t find key (\S+) in Secret (\S+)', re.I)
_CONFIG = re.compile(r'configmaps? "([^"]+)" not found|couldn\'t find key (\S+) in ConfigMap (\S+)', re.I)
_VOLUME_KEY = re.compile(r"references non-existent (config|secret) key: (\S+)")
_VOLUME = re.compile(r'for volume "([^"]+)"')
"""Of a volume's items a kubelet names the volume and the key; whose key it is stands in the pod."""


def missing(pod: PodView, said: str) -> Finding | None:
    """Read which Secret or ConfigMap is not there, or lacks a key."""
    for cause, kind, rule in (("secret-missing", "Secret", _SECRET), ("config-missing", "ConfigMap", _CONFIG)):
        found = rule.search(said)
        whole, key, holder = found.groups() if found is not None else ("", *_key_of_volume(pod, kind, said))
        name = whole or holder.rpartition("/")[2]
        if not name:
            continue
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


def _key_of_volume(pod: PodView, kind: str, said: str) -> tuple[str, str]:
    """Give the key that a volume names, and the Secret or ConfigMap that lacks it; empty when it is of another kind."""
    lacking, volume = _VOLUME_KEY.search(said), _VOLUME.search(said)
    if lacking is None or volume is None or (lacking.group(1) == "secret") != (kind == "Secret"):
        return "", ""
    key = lacking.group(2)
    place, field = ("secret", "secretName") if kind == "Secret" else ("configMap", "name")
    for one in nodes(pod.object, "spec", "volumes"):
        if text(one, "name") != volume.group(1):
            continue
        if name := text(one, place, field):
            return key, name
        for source in nodes(one, "projected", "sources"):
            if any(text(item, "key") == key for item in nodes(source, place, "items")):
                return key, text(source, place, "name")
    return "", ""
