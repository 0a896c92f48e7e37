"""The shapes of the sandbox's custom resources: what the fields that people write must look like."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.values import JsonObject

_OPEN = {"x-kubernetes-preserve-unknown-fields": True}
_TYPES: dict[str, JsonObject] = {
    "any": dict(_OPEN),
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
    "obj": {"type": "object", **_OPEN},
    "objs": {"type": "array", "items": {"type": "object", **_OPEN}},
    "quantity": {"x-kubernetes-int-or-string": True},
    "str": {"type": "string"},
    "strs": {"type": "array", "items": {"type": "string"}},
}

_POD = """
activeDeadlineSeconds:int affinity:obj automountServiceAccountToken:bool containers:objs dnsConfig:obj dnsPolicy:str
enableServiceLinks:bool ephemeralContainers:objs hostAliases:objs hostIPC:bool hostNetwork:bool hostPID:bool
hostUsers:bool hostname:str hostnameOverride:str imagePullSecrets:objs initContainers:objs nodeName:str
nodeSelector:map os:obj overhead:obj preemptionPolicy:str priority:int priorityClassName:str readinessGates:objs
resourceClaims:objs resources:obj restartPolicy:str runtimeClassName:str schedulerName:str schedulingGates:objs
securityContext:obj serviceAccount:str serviceAccountName:str setHostnameAsFQDN:bool shareProcessNamespace:bool
subdomain:str terminationGracePeriodSeconds:int tolerations:objs topologySpreadConstraints:objs volumes:objs
"""
_CONTAINER = """
args:strs command:strs env:objs envFrom:objs image:str imagePullPolicy:str lifecycle:obj livenessProbe:obj name:str
ports:objs readinessProbe:obj resizePolicy:objs resources:obj restartPolicy:str restartPolicyRules:objs
securityContext:obj startupProbe:obj stdin:bool stdinOnce:bool terminationMessagePath:str terminationMessagePolicy:str
tty:bool volumeDevices:objs volumeMounts:objs workingDir:str
"""
_SCALING = """
annotations:map autoScaling:obj batcher:obj canaryTrafficPercent:int containerConcurrency:int deploymentStrategy:obj
labels:map logger:obj maxReplicas:int minReplicas:int scaleMetric:str scaleMetricType:str scaleTarget:int timeout:int
"""
_MODEL_SERVER = f"{_CONTAINER} protocolVersion:str runtimeVersion:str storage:obj storageUri:str"
_FRAMEWORKS = "huggingface lightgbm onnx paddle pmml pytorch sklearn tensorflow triton xgboost"


def schema_of(kind: str) -> JsonObject:
    """Return the openAPIV3Schema of a kind: field by field for what people deploy, open for the rest."""
    spec = _SPECS.get(kind, {"type": "object", **_OPEN})
    return {
        "type": "object",
        "description": f"{kind} as the sandbox serves it.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": {"type": "object", **_OPEN},
        },
    }


def described(text: str, **more: JsonObject) -> JsonObject:
    """Describe an object by words of the form name:type, and by schemas for what needs more than a word."""
    properties = {name: _TYPES[word] for name, word in (pair.split(":") for pair in text.split())}
    return {"type": "object", "properties": {**properties, **more}}


def _inference_service() -> JsonObject:
    model_format = {**described("name:str version:str"), "required": ["name"]}
    model = described(f"{_MODEL_SERVER} runtime:str", modelFormat=model_format)
    framework = described(_MODEL_SERVER)
    workers = described(f"{_POD} pipelineParallelSize:int tensorParallelSize:int")
    predictor = described(
        f"{_POD} {_SCALING} storageUris:objs",
        model=model,
        workerSpec=workers,
        **dict.fromkeys(_FRAMEWORKS.split(), framework),
    )
    explainer = described(f"{_POD} {_SCALING}", art=described(f"{_MODEL_SERVER} config:map type:str"))
    transformer = described(f"{_POD} {_SCALING}")
    return {
        "type": "object",
        "properties": {"predictor": predictor, "explainer": explainer, "transformer": transformer},
        "required": ["predictor"],
    }


def _llm_inference_service() -> JsonObject:
    model = {**described("criticality:str lora:obj name:str storage:obj uri:str"), "required": ["uri"]}
    spec = described(
        "baseRefs:objs parallelism:obj prefill:obj replicas:int router:obj scaling:obj storageInitializer:obj "
        "template:obj tracing:obj worker:obj annotations:map labels:map",
        model=model,
    )
    return {**spec, **_OPEN}


_SPECS: dict[str, JsonObject] = {
    "InferenceService": _inference_service(),
    "LLMInferenceService": _llm_inference_service(),
    "InferenceGraph": {**described("affinity:obj maxReplicas:int minReplicas:int nodes:obj timeout:int"), **_OPEN},
    "TrainedModel": {
        **described("inferenceService:str model:obj"),
        **_OPEN,
        "required": ["inferenceService", "model"],
    },
}
