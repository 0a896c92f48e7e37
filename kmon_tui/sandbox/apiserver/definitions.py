"""The custom resources that the sandbox starts with: those of KServe 0.20 and of Knative Serving."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.sandbox.apiserver.schemas import schema_of
from kmon_tui.sandbox.apiserver.values import JsonObject

_READY = "Ready string .status.conditions[?(@.type=='Ready')].status"
_REASON = "Reason string .status.conditions[?(@.type=='Ready')].reason"
_URL = "URL string .status.url"
_AGE = "Age date .metadata.creationTimestamp"
_TRAFFIC = ".status.components.predictor.traffic"
_RUNTIME = (
    "Disabled boolean .spec.disabled",
    "ModelType string .spec.supportedModelFormats[*].name",
    "Containers string .spec.containers[*].name",
    _AGE,
)
_ISVC = (
    _URL,
    _READY,
    f"Prev integer {_TRAFFIC}[?(@.tag=='prev')].percent",
    f"Latest integer {_TRAFFIC}[?(@.latestRevision==true)].percent",
    f"PrevRolledoutRevision string {_TRAFFIC}[?(@.tag=='prev')].revisionName",
    f"LatestReadyRevision string {_TRAFFIC}[?(@.latestRevision==true)].revisionName",
    _AGE,
)
_LLM = (_URL, _READY, _REASON, _AGE, "URLs string .status.addresses[*].url 1")

# group, versions (the stored one first), plural, Kind, N(amespaced) or C(luster), short names, status, columns
_KSERVE = "serving.kserve.io"
_TABLE: tuple[tuple[str, str, str, str, str, str, bool, tuple[str, ...]], ...] = (
    (_KSERVE, "v1beta1", "inferenceservices", "InferenceService", "N", "isvc", True, _ISVC),
    (_KSERVE, "v1alpha2 v1alpha1", "llminferenceservices", "LLMInferenceService", "N", "llmisvc", True, _LLM),
    (
        _KSERVE,
        "v1alpha2 v1alpha1",
        "llminferenceserviceconfigs",
        "LLMInferenceServiceConfig",
        "N",
        "",
        True,
        (_READY, _REASON, _AGE),
    ),
    (_KSERVE, "v1alpha1", "clusterservingruntimes", "ClusterServingRuntime", "C", "", False, _RUNTIME),
    (_KSERVE, "v1alpha1", "servingruntimes", "ServingRuntime", "N", "", False, _RUNTIME),
    (_KSERVE, "v1alpha1", "inferencegraphs", "InferenceGraph", "N", "ig", True, (_URL, _READY, _AGE)),
    (_KSERVE, "v1alpha1", "trainedmodels", "TrainedModel", "N", "tm", True, (_URL, _READY, _AGE)),
    (_KSERVE, "v1alpha1", "clusterstoragecontainers", "ClusterStorageContainer", "C", "", False, ()),
    (_KSERVE, "v1alpha1", "localmodelcaches", "LocalModelCache", "C", "", True, ()),
    (_KSERVE, "v1alpha1", "localmodelnamespacecaches", "LocalModelNamespaceCache", "N", "", True, ()),
    (_KSERVE, "v1alpha1", "localmodelnodes", "LocalModelNode", "C", "", True, ()),
    (_KSERVE, "v1alpha1", "localmodelnodegroups", "LocalModelNodeGroup", "C", "", True, ()),
    (
        "serving.knative.dev",
        "v1",
        "services",
        "Service",
        "N",
        "kservice,ksvc",
        True,
        (
            _URL,
            "LatestCreated string .status.latestCreatedRevisionName",
            "LatestReady string .status.latestReadyRevisionName",
            _READY,
            _REASON,
        ),
    ),
    (
        "serving.knative.dev",
        "v1",
        "configurations",
        "Configuration",
        "N",
        "config,cfg",
        True,
        (
            "LatestCreated string .status.latestCreatedRevisionName",
            "LatestReady string .status.latestReadyRevisionName",
            _READY,
            _REASON,
        ),
    ),
    (
        "serving.knative.dev",
        "v1",
        "revisions",
        "Revision",
        "N",
        "rev",
        True,
        (
            "Config_Name string .metadata.labels['serving.knative.dev/configuration']",
            "Generation string .metadata.labels['serving.knative.dev/configurationGeneration']",
            _READY,
            _REASON,
            "Actual_Replicas integer .status.actualReplicas",
            "Desired_Replicas integer .status.desiredReplicas",
        ),
    ),
    ("serving.knative.dev", "v1", "routes", "Route", "N", "rt", True, (_URL, _READY, _REASON)),
    (
        "autoscaling.internal.knative.dev",
        "v1alpha1",
        "podautoscalers",
        "PodAutoscaler",
        "N",
        "kpa,pa",
        True,
        (
            "DesiredScale integer .status.desiredScale",
            "ActualScale integer .status.actualScale",
            _READY,
            _REASON,
        ),
    ),
)


def definitions() -> Iterator[JsonObject]:
    """All CustomResourceDefinitions, as objects to be put into a store."""
    for group, versions, plural, kind, scope, short_names, status, columns in _TABLE:
        names: JsonObject = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
        if short_names:
            names["shortNames"] = short_names.split(",")
        if group.endswith("knative.dev"):
            names["categories"] = ["all", "knative", "serving"]
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "names": names,
                "scope": "Namespaced" if scope == "N" else "Cluster",
                "conversion": {"strategy": "None"},
                "versions": [
                    {
                        "name": name,
                        "served": True,
                        "storage": number == 0,
                        "schema": {"openAPIV3Schema": schema_of(kind)},
                        **({"subresources": {"status": {}}} if status else {}),
                        **({"additionalPrinterColumns": [_column(column) for column in columns]} if columns else {}),
                    }
                    for number, name in enumerate(versions.split())
                ],
            },
        }


def _column(text: str) -> JsonObject:
    name, kind, path, *priority = text.split(" ")
    column: JsonObject = {"name": name.replace("_", " "), "type": kind, "jsonPath": path}
    if priority:
        column["priority"] = int(priority[0])
    return column
