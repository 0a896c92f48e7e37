"""States of a deploy, made by hand, for the pictures of its screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kmon_tui.domain.command import Command, Deploy, Rehearse
from kmon_tui.domain.diff import ABSENT, Change
from kmon_tui.domain.manifest import Manifest, Origin
from kmon_tui.domain.plan import Conflict, Plan, Planned, Problem, Resource, Verdict
from kmon_tui.domain.rollout import Followed, Rollout, Step
from kmon_tui.domain.service import Condition, InferenceService, Key, Kind, Pod, Readiness, Replicas
from kmon_tui.domain.state import Activity, State
from kmon_tui.domain.verdict import Diagnosis, Try
from tests.ui.samples import NOW, PLACE, ago, ready_state

RESOURCE = Resource("serving.kserve.io", "v1beta1", "inferenceservices", True, "InferenceService")
IRIS = Manifest(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    "sklearn-iris",
    "demo",
    {},
    Origin("manifests/sklearn-iris.yaml"),
    {"spec.predictor.minReplicas": 9},
)
URI = ("spec", "predictor", "model", "storageUri")
CHANGED = Planned(
    IRIS,
    Verdict.CHANGED,
    RESOURCE,
    "demo",
    (
        Change(("spec", "predictor", "canaryTrafficPercent"), ABSENT, 10),
        Change(URI, "gs://models/iris/1", "gs://models/iris/2"),
        Change(("spec", "predictor", "timeout"), ABSENT, 60, said=False),
    ),
)
PLAN = Plan((CHANGED,), PLACE.context)
FOUGHT = Plan(
    (replace(CHANGED, conflicts=(Conflict("gitops", ".".join(URI)),), owner="Argo CD (application iris)"),),
    PLACE.context,
)
REFUSED = Plan(
    (
        CHANGED,
        Planned(
            IRIS,
            Verdict.REFUSED,
            RESOURCE,
            "demo",
            problem=Problem("expected numeric (int or float), got string", "", "spec.predictor.minReplicas"),
        ),
    ),
    PLACE.context,
)
UNKNOWN = Plan(
    (
        CHANGED,
        Planned(
            Manifest(
                "monitoring.coreos.com/v1",
                "PrometheusRule",
                "kserve",
                "",
                {},
                Origin("manifests/prometheus-rule.yaml"),
                {"apiVersion": 8},
            ),
            Verdict.REFUSED,
            problem=Problem(
                "this cluster knows no monitoring.coreos.com/v1 (kind PrometheusRule)",
                "Is the CustomResourceDefinition installed in it?",
                "apiVersion",
                unknown=True,
            ),
        ),
    ),
    PLACE.context,
    ("manifests/alerts.yaml",),
)
RIGHT = "patch inferenceservices.serving.kserve.io in namespace demo"
FORBIDDEN = Plan(
    (
        Planned(
            IRIS,
            Verdict.REFUSED,
            RESOURCE,
            "demo",
            problem=Problem(f"may not {RIGHT}", "Ask for the rights in manifests/rbac.yaml.", right=RIGHT),
        ),
    ),
    PLACE.context,
)
KEY = Key(Kind.ISVC, "demo", "sklearn-iris")
ISVC = InferenceService(
    KEY,
    generation=15,
    readiness=Readiness.ROLLING,
    reason="RevisionMissing",
    message="Configuration is waiting for a Revision to become ready.",
    replicas=Replicas(1, 2),
    conditions=(
        Condition("IngressReady", "True", since=ago(minutes=9)),
        Condition("LatestDeploymentReady", "Unknown", "RevisionMissing", since=ago(seconds=41)),
        Condition("Ready", "Unknown", since=ago(seconds=41)),
        Condition("Stopped", "False", since=ago(minutes=9)),
    ),
    pods=(
        Pod("demo", "sklearn-iris-predictor-00003-xk2lp", "1", "sklearn-iris", phase="Pending"),
        Pod("demo", "sklearn-iris-predictor-00002-9bqz4", "2", "sklearn-iris", phase="Running", ready=True),
    ),
)
WAITING = Rollout(
    ago(seconds=43),
    NOW,
    steps=(Step("InferenceService demo/sklearn-iris", "changed", ago(seconds=43)),),
    waits=(Followed(KEY, 15, ago(seconds=43), isvc=ISVC, stirred=True),),
    applied=True,
)
BROKEN = ISVC._replace(
    readiness=Readiness.FAILED,
    reason="ModelLoadFailed",
    message="GET gs://models/iris/2: 403 Forbidden. The storage-initializer may not read the bucket.",
)
FAILED = replace(
    WAITING,
    waits=(replace(WAITING.waits[0], isvc=BROKEN, outcome=False, ended=NOW - timedelta(seconds=1)),),
)


def after(command: Command, value: object = None, done: bool | None = None, text: str = "", hint: str = "") -> State:
    """Give the State in which this became of a command."""
    activity = Activity(7, command, ago(seconds=44), done, text, hint, value)
    return ready_state().with_activity(activity)


def planned(command: Command, plan: Plan) -> State:
    """Give the State in which the dry run has answered."""
    assert isinstance(command, Rehearse)
    return after(command, plan, True, "1 changed")


def running(command: Command) -> State:
    """Give the State in which a deploy waits."""
    assert isinstance(command, Deploy)
    return after(command, WAITING, None, "waiting for demo/sklearn-iris: RevisionMissing")


def failed(command: Command) -> State:
    """Give the State in which a deploy has failed."""
    words = "applied, but demo/sklearn-iris is not ready: ModelLoadFailed: GET gs://models/iris/2: 403 Forbidden."
    return after(command, FAILED, False, words, "The cluster goes on trying; deploy a manifest without the fault.")


def explained(command: Command) -> State:
    """Give the State in which a deploy has failed and somebody has looked why."""
    diagnosis = Diagnosis(
        "storage-denied",
        "the storage-initializer may not read gs://models/iris/2: 403 Forbidden",
        tries=(Try("see which Secret the ServiceAccount brings"), Try("read its log before the last restart")),
    )
    rollout = replace(FAILED, waits=(replace(FAILED.waits[0], diagnosis=diagnosis),))
    words = f"applied, but demo/sklearn-iris is not ready: {diagnosis.verdict}"
    return after(command, rollout, False, words, "The cluster goes on trying; deploy a manifest without the fault.")
