"""What lies inside services, as values: trees of objects as an API server has them, diagnoses, logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.state import Opened, State
from kmon_tui.domain.tree import Blind, ObjectTree, Ref, Why
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE, Diagnosis, Evidence, Try
from tests.ui.samples import LIVE, NOW, ago, ready_state

FRAUD = Key(Kind.ISVC, "risk", "fraud-xgb")
GEMMA = Key(Kind.ISVC, "llm", "gemma-2b")
IRIS = Key(Kind.ISVC, "demo", "sklearn-iris")
Json = dict[str, Any]


def stamp(moment: datetime) -> str:
    """Write a time as Kubernetes does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def obj(kind: str, name: str, namespace: str, version: str = "v1", **more: Any) -> Json:
    """Make an object; ``labels``, ``annotations``, ``created`` and ``owner`` go into its metadata."""
    metadata: Json = {"name": name, "namespace": namespace, "uid": f"uid-{kind}-{name}", "resourceVersion": "4711"}
    for field in ("labels", "annotations", "generation", "managedFields"):
        if field in more:
            metadata[field] = more.pop(field)
    metadata["creationTimestamp"] = stamp(more.pop("created", ago(days=12)))
    if owner := more.pop("owner", ""):
        metadata["ownerReferences"] = [{"uid": owner, "controller": True}]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def condition(type: str, status: str, reason: str = "", message: str = "", **more: Any) -> Json:
    """Make a condition."""
    since = more.pop("since", ago(minutes=4))
    said = {"type": type, "status": status, "lastTransitionTime": stamp(since), **more}
    return {**said, **({"reason": reason} if reason else {}), **({"message": message} if message else {})}


def pod(name: str, namespace: str, *statuses: Json, **more: Any) -> Json:
    """Make a pod; those of init containers have ``init: True``."""
    service = name.partition("-predictor")[0]
    labels = {"serving.kserve.io/inferenceservice": service, "component": "predictor", **more.pop("labels", {})}
    names = [(one["name"], one.pop("init", False), one.pop("limits", {})) for one in statuses]
    spec: Json = {"nodeName": more.pop("node", "ip-10-2-31-7.eu-central-1"), "containers": [], "initContainers": []}
    status: Json = {"phase": more.pop("phase", "Running"), "containerStatuses": [], "initContainerStatuses": []}
    for (own, init, limits), one in zip(names, statuses, strict=True):
        image = one.get("image", "kserve/xgbserver:v0.20.0")
        spec["initContainers" if init else "containers"].append(
            {"name": own, "image": image, "resources": {"limits": limits}}
        )
        status["initContainerStatuses" if init else "containerStatuses"].append({"image": image, **one})
    if "conditions" in more:
        status["conditions"] = more.pop("conditions")
    return obj("Pod", name, namespace, labels=labels, spec=spec, status=status, **more)


def running(name: str, *, ready: bool = True, restarts: int = 0, **more: Any) -> Json:
    """Make the status of a container that runs."""
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": stamp(ago(hours=2))}},
        **more,
    }


def waiting(name: str, reason: str, message: str = "", *, restarts: int = 0, **more: Any) -> Json:
    """Make the status of a container that waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "ready": False, "restartCount": restarts, "state": state, **more}


def ended(reason: str, code: int, **span: float) -> Json:
    """Make the state of a container that has ended."""
    return {"terminated": {"reason": reason, "exitCode": code, "finishedAt": stamp(ago(**(span or {"minutes": 1})))}}


def event(about: Json, reason: str, message: str, *, warning: bool = True, count: int = 1, **span: float) -> Json:
    """Make an event; ``span`` says how long ago it was seen last."""
    metadata = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{reason}", "namespace": metadata["namespace"]},
        "involvedObject": {"kind": about["kind"], "name": metadata["name"], "namespace": metadata["namespace"]},
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "count": count,
        "firstTimestamp": stamp(ago(**span) - timedelta(minutes=count)),
        "lastTimestamp": stamp(ago(**span)),
        "source": {"component": "kubelet"},
    }


def managed(manager: str, fields: Json, operation: str = "Update", **span: float) -> Json:
    """Make an entry of managedFields."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "serving.kserve.io/v1beta1",
        "time": stamp(ago(**span)),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


SPEC_FIELDS: Json = {
    "f:spec": {"f:predictor": {"f:model": {"f:storageUri": {}, "f:modelFormat": {"f:name": {}}}, "f:minReplicas": {}}}
}
FRAUD_ROOT = obj(
    "InferenceService",
    "fraud-xgb",
    "risk",
    "serving.kserve.io/v1beta1",
    generation=4,
    annotations={"serving.kserve.io/deploymentMode": "Standard"},
    managedFields=[
        managed("argocd-controller", SPEC_FIELDS, "Apply", minutes=5),
        managed("manager", {"f:status": {"f:conditions": {}}}, minutes=3),
    ],
    created=ago(days=40),
    spec={
        "predictor": {
            "minReplicas": 2,
            "canaryTrafficPercent": 20,
            "model": {
                "modelFormat": {"name": "xgboost"},
                "storageUri": "s3://risk/fraud",
                "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
            },
        }
    },
    status={
        "deploymentMode": "Standard",
        "url": "http://fraud-xgb.risk.example.com",
        "conditions": [
            condition("Ready", "False", "MinimumReplicasUnavailable", since=ago(minutes=3)),
            condition(
                "PredictorReady",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
                since=ago(minutes=3),
            ),
            condition("IngressReady", "True", since=ago(days=3)),
            condition("Stopped", "False", since=ago(days=3), severity="Info"),
            condition("LatestDeploymentReady", "Unknown", since=ago(days=3), severity="Info"),
        ],
    },
)
FRAUD_DEPLOYMENT = obj(
    "Deployment",
    "fraud-xgb-predictor",
    "risk",
    "apps/v1",
    labels={"component": "predictor"},
    annotations={"deployment.kubernetes.io/revision": "3"},
    spec={"replicas": 2},
    status={
        "replicas": 2,
        "conditions": [
            condition(
                "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
            ),
            condition(
                "Progressing", "True", "ReplicaSetUpdated", 'ReplicaSet "fraud-xgb-predictor-7f9c" is progressing.'
            ),
        ],
    },
)


def replica_set(number: int, source: str, *, wanted: int, ready: int, created: datetime) -> Json:
    """Make a ReplicaSet of the fraud service."""
    template = {
        "metadata": {"annotations": {"internal.serving.kserve.io/storage-initializer-sourceuri": source}},
        "spec": {"containers": [{"name": "kserve-container", "image": "kserve/xgbserver:v0.20.0"}]},
    }
    return obj(
        "ReplicaSet",
        f"fraud-xgb-predictor-{number}a",
        "risk",
        "apps/v1",
        owner="uid-Deployment-fraud-xgb-predictor",
        annotations={"deployment.kubernetes.io/revision": str(number)},
        created=created,
        spec={"replicas": wanted, "template": template},
        status={"replicas": wanted, "readyReplicas": ready},
    )


FORBIDDEN_LOG = (
    "Failed to fetch model. An error occurred (403) when calling HeadObject: AccessDenied on s3://risk/fraud"
)
FRAUD_PODS = (
    pod(
        "fraud-xgb-predictor-7f9c5d6b8-x4k2p",
        "risk",
        waiting(
            "storage-initializer",
            "CrashLoopBackOff",
            "back-off 1m20s restarting failed container=storage-initializer",
            restarts=4,
            init=True,
            image="kserve/storage-initializer:v0.20.0",
            limits={"memory": "1Gi"},
            lastState=ended("Error", 1),
        ),
        waiting("kserve-container", "PodInitializing"),
        phase="Pending",
        created=ago(minutes=5),
    ),
    pod(
        "fraud-xgb-predictor-6c8d4b7f5-q9w8e",
        "risk",
        running("kserve-container", restarts=1, lastState=ended("OOMKilled", 137, hours=5)),
        created=ago(days=3),
    ),
)
FRAUD_EVENTS = (
    event(FRAUD_ROOT, "InferenceServiceReady", "InferenceService [fraud-xgb] is Ready", warning=False, minutes=50),
    event(
        FRAUD_PODS[0],
        "Scheduled",
        "Successfully assigned risk/fraud-xgb-predictor-7f9c5d6b8-x4k2p",
        warning=False,
        minutes=5,
    ),
    event(FRAUD_PODS[0], "Pulled", "Container image already present on machine", warning=False, count=4, minutes=2),
    event(
        FRAUD_ROOT,
        "InferenceServiceNotReady",
        "InferenceService [fraud-xgb] is no longer Ready because of: PredictorReady, Ready",
        minutes=3,
    ),
    event(
        FRAUD_PODS[0],
        "BackOff",
        "Back-off restarting failed container storage-initializer in pod fraud-xgb-predictor-7f9c5d6b8-x4k2p",
        count=12,
        minutes=1,
    ),
)
FRAUD_TREE = ObjectTree(
    root=FRAUD_ROOT,
    objects=(
        FRAUD_DEPLOYMENT,
        replica_set(3, "s3://risk/fraud", wanted=2, ready=0, created=ago(minutes=5)),
        replica_set(2, "s3://risk/fraud-v1", wanted=1, ready=1, created=ago(days=3)),
        *FRAUD_PODS,
    ),
    events=FRAUD_EVENTS,
    synced=True,
)
FRAUD_WHY = Diagnosis(
    cause="storage-forbidden",
    verdict="The storage-initializer may not read s3://risk/fraud: 403 AccessDenied.",
    object=Ref("Pod", "fraud-xgb-predictor-7f9c5d6b8-x4k2p", "risk"),
    since=ago(minutes=3, seconds=12),
    evidence=(
        Evidence(
            "PredictorReady is False: MinimumReplicasUnavailable",
            Ref("InferenceService", "fraud-xgb", "risk"),
            ago(minutes=3),
        ),
        Evidence("0 of 2 pods are available", Ref("Deployment", "fraud-xgb-predictor", "risk"), ago(minutes=4), 1),
        Evidence(
            "init container storage-initializer: CrashLoopBackOff, 4 restarts, last exit 1",
            Ref("Pod", "fraud-xgb-predictor-7f9c5d6b8-x4k2p", "risk"),
            ago(minutes=5),
            2,
        ),
        Evidence(f"log: {FORBIDDEN_LOG}", None, ago(minutes=1), 3),
        Evidence("lastFailureInfo: ModelLoadFailed", None, ago(days=2), 1, stale=True),
    ),
    serving="fraud-xgb-predictor-6c8d4b7f5 takes every request (1 pod)",
    tries=(
        Try(
            "give the service account the right s3:GetObject on the bucket, or name another secret",
            "kubectl -n risk get serviceaccount default -o yaml",
        ),
        Try("see what the container wrote before its last restart", key="p"),
        Try("deploy another storageUri", key="a"),
    ),
)


def iris_revision(number: str, ready: str, reason: str = "", message: str = "", **span: float) -> Json:
    """Make a Knative revision of sklearn-iris."""
    return obj(
        "Revision",
        f"sklearn-iris-predictor-{number}",
        "demo",
        "serving.knative.dev/v1",
        labels={"component": "predictor", "serving.knative.dev/service": "sklearn-iris-predictor"},
        annotations={
            "serving.knative.dev/creator": "system:serviceaccount:kserve:kserve-controller-manager",
            "internal.serving.kserve.io/storage-initializer-sourceuri": f"gs://models/sklearn/1.0/model-{number[-1]}",
        },
        created=ago(**span),
        spec={"containers": [{"name": "kserve-container", "image": "kserve/sklearnserver:v0.20.0"}]},
        status={"conditions": [condition("Ready", ready, reason, message, since=ago(**span))]},
    )


IRIS_ROOT = obj(
    "InferenceService",
    "sklearn-iris",
    "demo",
    "serving.kserve.io/v1beta1",
    generation=3,
    managedFields=[managed("kubectl-client-side-apply", SPEC_FIELDS, minutes=4, seconds=10)],
    spec={
        "predictor": {
            "canaryTrafficPercent": 10,
            "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://models/sklearn/1.0/model-3"},
        }
    },
    status={
        "deploymentMode": "Knative",
        "url": "http://sklearn-iris.demo.example.com",
        "components": {
            "predictor": {
                "latestCreatedRevision": "sklearn-iris-predictor-00003",
                "latestReadyRevision": "sklearn-iris-predictor-00002",
                "traffic": [
                    {"latestRevision": True, "percent": 10, "revisionName": "sklearn-iris-predictor-00003"},
                    {"percent": 90, "revisionName": "sklearn-iris-predictor-00002", "tag": "prev"},
                ],
            }
        },
        "conditions": [condition("Ready", "Unknown"), condition("PredictorReady", "Unknown", "RevisionMissing")],
    },
)


def iris_pod(number: str, end: str, *statuses: Json, **more: Any) -> Json:
    """Make a pod of a revision of sklearn-iris."""
    labels = {"serving.knative.dev/revision": f"sklearn-iris-predictor-{number}"}
    name = f"sklearn-iris-predictor-{number}-deployment-{end}"
    return pod(name, "demo", *statuses, labels=labels, **more)


READY = [condition("Ready", "True")]
IRIS_PODS = (
    iris_pod(
        "00003",
        "7c9d8-xk2lp",
        waiting(
            "kserve-container",
            "CrashLoopBackOff",
            "back-off 2m40s restarting failed container=kserve-container",
            restarts=5,
            limits={"memory": "1Gi"},
            lastState=ended("OOMKilled", 137),
        ),
        running("queue-proxy", ready=False),
        created=ago(minutes=4),
    ),
    iris_pod(
        "00002",
        "5d8f7-x9abc",
        running("kserve-container"),
        running("queue-proxy"),
        conditions=READY,
        created=ago(days=2),
    ),
    iris_pod(
        "00002",
        "5d8f7-k2def",
        running("kserve-container"),
        running("queue-proxy"),
        conditions=READY,
        created=ago(days=2),
    ),
)
IRIS_TREE = ObjectTree(
    root=IRIS_ROOT,
    objects=(
        iris_revision("00003", "False", "ContainerMissing", "Container exited with 137: OOMKilled", minutes=4),
        iris_revision("00002", "True", days=2),
        iris_revision("00001", "True", days=12),
        *IRIS_PODS,
    ),
    events=(
        event(IRIS_PODS[0], "BackOff", "Back-off restarting failed container kserve-container", count=12, minutes=1),
        event(IRIS_ROOT, "InferenceServiceNotReady", "InferenceService [sklearn-iris] is no longer Ready", minutes=4),
    ),
    synced=True,
)
IRIS_WHY = Diagnosis(
    cause="oom-killed",
    verdict="kserve-container of revision 00003 is killed for memory: its limit is 1Gi.",
    object=Ref("Pod", "sklearn-iris-predictor-00003-deployment-7c9d8-xk2lp", "demo"),
    since=ago(minutes=4),
    evidence=(
        Evidence("PredictorReady is Unknown: RevisionMissing", None, ago(minutes=4)),
        Evidence("revision sklearn-iris-predictor-00003 is not ready: ContainerMissing", None, ago(minutes=4), 1),
        Evidence("kserve-container: CrashLoopBackOff, 5 restarts, last exit 137 OOMKilled, limit 1Gi", None, None, 2),
    ),
    serving="00002 takes 90 %, 10 % of the requests meet 00003",
    tries=(
        Try("raise the memory limit (now 1Gi)", key="a"),
        Try("send all traffic back to 00002", "kubectl -n demo patch isvc sklearn-iris --type merge -p '{...}'"),
    ),
)


def opened(key: Key, tree: ObjectTree | None, diagnosis: Diagnosis | None, health: Health = LIVE) -> State:
    """Give the State in which the inside of one service is shown."""
    return replace(ready_state(), opened=Opened(key, tree, diagnosis, health))


FORBIDDEN_PARTS = (
    Blind("Event", Why.FORBIDDEN, "may not list events in namespace risk"),
    Blind("Pod", Why.FORBIDDEN, "may not list pods in namespace risk"),
    Blind("Revision", Why.ABSENT, "revisions.serving.knative.dev is not installed"),
)
DOWN = Health(Status.FAILING, "no answer from https://10.0.0.1:6443", "Is the VPN up?", since=ago(minutes=2))
FINE = Diagnosis(HEALTHY, "It is ready, and both of its pods serve.", serving="", evidence=(Evidence("Ready is True"),))
PUZZLE = Diagnosis(
    UNKNOWN_CAUSE,
    "I don't know why it is not ready; this is what is unusual.",
    evidence=(Evidence("IngressReady is Unknown for 40 minutes", None, ago(minutes=40)),),
    missing=("may not list events in namespace risk (list events)",),
)


def log_view(request: LogRequest, count: int, **more: object) -> LogView:
    """Make so many lines of two pods, and a restart among them."""
    lines = tuple(
        LogLine(
            f"{'ERROR' if number % 50 == 49 else 'INFO'}  id={number:05d} predict_ms={20 + number % 17}.{number % 10}",
            "sklearn-iris-predictor-00002-deployment-5d8f7-x9abc" if number % 3 else IRIS_PODS[0]["metadata"]["name"],
            "queue-proxy" if number % 7 == 0 else "kserve-container",
            NOW - timedelta(seconds=count - number),
        )
        for number in range(count)
    )
    half = max(0, len(lines) - 5)
    mark = LogLine("pod 00003-xk2lp restarted (5): OOMKilled 137", IRIS_PODS[0]["metadata"]["name"], mark=True)
    streams = tuple(sorted({(line.pod, line.container) for line in lines}))
    usual: dict[str, Any] = {
        "chunks": (lines[:half], (mark, *lines[half:])),
        "total": count + 1,
        "streams": streams,
    }
    return LogView(request, **{**usual, **more})


def with_logs(view: LogView | None, key: Key = IRIS) -> State:
    """Give the State in which logs are shown."""
    return replace(opened(key, IRIS_TREE, IRIS_WHY), logs=view)
