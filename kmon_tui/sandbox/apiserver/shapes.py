"""The shapes of metadata and of built-in kinds, as far as the server itself reads them: a wrong type is refused.

The real server decodes into Go structs and refuses what does not fit; here
only the fields that something in the sandbox relies on are looked at.
"""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.errors import bad_request
from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.schemas import described
from kmon_tui.sandbox.apiserver.validation import check_value
from kmon_tui.sandbox.apiserver.values import Json, JsonObject


def _list(item: JsonObject) -> JsonObject:
    return {"type": "array", "items": item}


_OWNER = described("apiVersion:str kind:str name:str uid:str controller:bool blockOwnerDeletion:bool")
_METADATA = described(
    "name:str generateName:str namespace:str uid:str resourceVersion:str creationTimestamp:str deletionTimestamp:str "
    "generation:int deletionGracePeriodSeconds:int labels:map annotations:map finalizers:strs managedFields:objs",
    ownerReferences=_list(_OWNER),
)
_PORT = described("name:str containerPort:int hostPort:int protocol:str hostIP:str")
_CONTAINER = described(
    "name:str image:str imagePullPolicy:str command:strs args:strs env:objs volumeMounts:objs "
    "terminationMessagePath:str terminationMessagePolicy:str",
    ports=_list(_PORT),
    resources=described("limits:obj requests:obj"),
)
_POD_SPEC = described(
    "nodeName:str restartPolicy:str serviceAccountName:str volumes:objs readinessGates:objs tolerations:objs "
    "terminationGracePeriodSeconds:int",
    containers=_list(_CONTAINER),
    initContainers=_list(_CONTAINER),
)
_TERMINATED = described("exitCode:int reason:str message:str finishedAt:str startedAt:str")
_STATE = described("running:obj", waiting=described("reason:str message:str"), terminated=_TERMINATED)
_CONTAINER_STATUS = _list(described("name:str ready:bool restartCount:int image:str", state=_STATE, lastState=_STATE))
_POD_STATUS = described(
    "phase:str podIP:str hostIP:str reason:str message:str nominatedNodeName:str conditions:objs",
    containerStatuses=_CONTAINER_STATUS,
    initContainerStatuses=_CONTAINER_STATUS,
)
_TEMPLATE = described("metadata:obj", spec=_POD_SPEC)
_REPLICAS = described(
    "replicas:int readyReplicas:int updatedReplicas:int availableReplicas:int unavailableReplicas:int conditions:objs"
)
_WORKLOAD = {
    "spec": described("replicas:int", selector=described("matchLabels:map"), template=_TEMPLATE),
    "status": _REPLICAS,
}
_SERVICE_PORT = described("name:str port:int targetPort:quantity nodePort:int protocol:str")
_EVENT = described(
    "involvedObject:obj regarding:obj source:obj deprecatedSource:obj series:obj reason:str message:str note:str "
    "type:str action:str firstTimestamp:str lastTimestamp:str eventTime:str deprecatedFirstTimestamp:str count:int "
    "deprecatedLastTimestamp:str deprecatedCount:int reportingComponent:str reportingController:str "
    "reportingInstance:str"
)["properties"]
_ADDRESS = _list(described("ip:str hostname:str nodeName:str targetRef:obj"))
_METRIC = described(
    "type:str",
    resource=described("name:str", target=described("type:str"), current=described("averageUtilization:int")),
)
_ATTRIBUTES = described("namespace:str verb:str group:str version:str resource:str subresource:str name:str")
_NAMES = described("plural:str singular:str kind:str listKind:str shortNames:strs categories:strs")
_COLUMN = described("name:str type:str jsonPath:str description:str format:str priority:int")
_VERSION = described(
    "name:str served:bool storage:bool subresources:obj",
    schema=described("openAPIV3Schema:obj"),
    additionalPrinterColumns=_list(_COLUMN),
)
_SHAPES: dict[str, JsonObject] = {
    "CustomResourceDefinition": {
        "spec": described("group:str scope:str", names=_NAMES, versions=_list(_VERSION)),
        "status": described("conditions:objs"),
    },
    "DeleteOptions": {
        "preconditions": described("uid:str resourceVersion:str"),
        **described("gracePeriodSeconds:int propagationPolicy:str orphanDependents:bool")["properties"],
    },
    "Scale": {"spec": described("replicas:int")},
    "ConfigMap": {
        "data": {"type": "object", "additionalProperties": {"type": "string"}},
        "binaryData": {"type": "object"},
    },
    "Deployment": _WORKLOAD,
    "Endpoints": {"subsets": _list(described("", ports=_list(described("port:int name:str")), addresses=_ADDRESS))},
    "EndpointSlice": {
        "addressType": {"type": "string"},
        "ports": _list(described("port:int name:str")),
        "endpoints": _list(described("addresses:strs conditions:obj")),
    },
    "Event": _EVENT,
    "HorizontalPodAutoscaler": {
        "spec": described(
            "minReplicas:int maxReplicas:int targetCPUUtilizationPercentage:int scaleTargetRef:obj",
            metrics=_list(_METRIC),
        ),
        "status": described("currentReplicas:int desiredReplicas:int conditions:objs", currentMetrics=_list(_METRIC)),
    },
    "Job": {"spec": described("completions:int parallelism:int"), "status": described("succeeded:int conditions:objs")},
    "Namespace": {"spec": described("finalizers:strs"), "status": described("phase:str")},
    "Node": {
        "spec": described("unschedulable:bool"),
        "status": described("conditions:objs", nodeInfo=described("kubeletVersion:str")),
    },
    "Pod": {"spec": _POD_SPEC, "status": _POD_STATUS},
    "ReplicaSet": _WORKLOAD,
    "Secret": {"data": {"type": "object", "additionalProperties": {"type": "string"}}, "type": {"type": "string"}},
    "SelfSubjectAccessReview": {
        "spec": described("", resourceAttributes=_ATTRIBUTES, nonResourceAttributes=described("path:str"))
    },
    "SelfSubjectRulesReview": {"spec": described("namespace:str")},
    "Service": {
        "spec": described(
            "type:str clusterIP:str externalName:str externalIPs:strs selector:map", ports=_list(_SERVICE_PORT)
        ),
    },
    "StatefulSet": _WORKLOAD,
}


def check_shape(kind: Kind, obj: JsonObject) -> JsonObject:
    """Refuse an object whose fields have wrong types; returns it without the nulls that Go drops.

    Raises ApiError 400.
    """
    version = str(obj.get("apiVersion", "")).rpartition("/")[2]
    if kind.custom:
        _refuse_wrong_types({"metadata": _METADATA}, obj, kind.kind, version)
        return {**obj, "metadata": _object_without_nulls(obj["metadata"])}
    obj = _object_without_nulls(obj)
    _refuse_wrong_types({"metadata": _METADATA, **_SHAPES.get(kind.kind, {})}, obj, kind.kind, version)
    return obj


def check_options(name: str, options: Json) -> JsonObject:
    """The same for DeleteOptions and Scale, which no kind is registered for. Raises ApiError 400."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise bad_request(f"json: cannot unmarshal into Go value of type v1.{name}")
    given = _object_without_nulls(options)
    _refuse_wrong_types(_SHAPES[name], given, name, "v1")
    return given


def _refuse_wrong_types(properties: JsonObject, obj: JsonObject, kind: str, version: str) -> None:
    for name, schema in properties.items():
        if obj.get(name) is not None and (causes := check_value(schema, obj[name], name)):
            field, _, message = causes[0]
            words = f'{kind} in version "{version}" cannot be handled as a {kind}'
            raise bad_request(f"{words}: {field}: {message}")


def _object_without_nulls(obj: JsonObject) -> JsonObject:
    return {name: _without_nulls(inner) for name, inner in obj.items() if inner is not None}


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return _object_without_nulls(value)
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
