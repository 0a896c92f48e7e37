"""Kinds that only some clusters have, for tests about them."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.store import Store

_KINDS = (
    ("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"),
    ("gateway.networking.k8s.io", "v1", "gateways", "Gateway"),
    ("networking.istio.io", "v1beta1", "virtualservices", "VirtualService"),
    ("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"),
    ("inference.networking.k8s.io", "v1", "inferencepools", "InferencePool"),
    ("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet"),
)


def put_extra_kinds(store: Store) -> None:
    """Install Gateway API, Istio, KEDA, the inference extension and LeaderWorkerSets."""
    for group, version, plural, kind in _KINDS:
        names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        served = {"name": version, "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
        store.put(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}"},
                "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [served]},
            }
        )
