"""How a service comes by its models beside storageUri: a server of several is given them, a cache has them already."""

from __future__ import annotations

from kmon_tui.domain.peek import at, rows, text
from kmon_tui.domain.service import OLD_STYLE
from kmon_tui.domain.tree import Object

CACHE_LABEL = "internal.serving.kserve.io/localmodel"
CACHE_SPACE_LABEL = f"{CACHE_LABEL}-namespace"
"""Of a LocalModelNamespaceCache, which only one namespace may use."""
CACHE_CLAIM = f"{CACHE_LABEL}-pvc-name"
CACHE_SOURCE = f"{CACHE_LABEL}-sourceuri"
"""What KServe's webhook writes on a service whose model is in a cache (LocalModelCache), since KServe 0.14."""
CACHE_JOBS = "kserve-localmodel-jobs"
"""Where KServe fetches models for caches, unless its configuration names another namespace."""
TRAINED_LABEL = "inferenceservice"
"""On a TrainedModel: the service that serves it."""
_SEVERAL = "MULTI_MODEL_SERVER"


def serves_several(root: Object | None) -> bool:
    """Tell whether an InferenceService is a server of several models, by KServe's own rule.

    A predictor without any storage is one, but not of the format huggingface, which fetches by itself; a custom one
    says so in its environment.
    """
    predictor = at(root, "spec", "predictor")
    containers = rows(predictor, "containers")
    if containers:
        return any(text(env, "name") == _SEVERAL and text(env, "value") == "true" for env in rows(containers[0], "env"))
    leaf = next((found for name in ("model", *OLD_STYLE) if (found := at(predictor, name)) is not None), None)
    hub = at(predictor, "huggingface") is not None or text(leaf, "modelFormat", "name") == "huggingface"
    stored = text(leaf, "storageUri") or at(leaf, "storage") is not None or bool(rows(predictor, "storageUris"))
    return leaf is not None and not hub and not stored
