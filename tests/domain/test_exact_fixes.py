"""What the doctor gives as a fix can be run as it stands: nobody has to put a name into it first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.examine import examine
from kmon_tui.domain.doctor.facts import Bounds, Case, Container, Facts, PodFacts, RightsFacts, Scraped, Told, Workload
from kmon_tui.domain.doctor.ports import PATH, PORT
from kmon_tui.domain.doctor.rights import FEATURES
from kmon_tui.domain.doctor.scraping import down_fix
from tests.domain.test_doctor import CLUSTER, HEALTHY, PROMETHEUS, TARGET

ALL_RIGHTS = tuple(right for feature in FEATURES for right in feature.rights)
ERRORS = ("404 Not Found", "connection refused", "context deadline exceeded", "EOF", "no such host", "")
AWK = {"END", "RLENGTH"}
"""Words of that language."""
BY_WHOM = {
    "nobody": (),
    "chart": (Workload("Deployment", "monitoring", "prometheus-server", {"helm.sh/chart": "prometheus-27.1.0"}),),
    "stack": (
        Workload(
            "StatefulSet",
            "monitoring",
            "prometheus-kps",
            {"helm.sh/chart": "kube-prometheus-stack-88.5.3", "operator.prometheus.io/name": "kps"},
        ),
    ),
    "operator": (Workload("StatefulSet", "monitoring", "prometheus-main", {"operator.prometheus.io/name": "main"}),),
}


def broken(who: tuple[Workload, ...], case: Case, error: str, user: str) -> list[Facts]:
    """Give facts with one thing after the other broken."""
    down = replace(TARGET, health="down", last_error=error, url="http://10.0.0.7:8080/metrics")
    strange = Scraped("kserve-metrics", "10.0.0.9:8080", "down", error, url="http://10.0.0.9:8080/metrics")
    told = replace(HEALTHY, case=case, cluster=replace(CLUSTER, prometheus=Told(who)))
    prometheus = [
        replace(PROMETHEUS, jobs=Told(()), counts=Told({})),
        replace(PROMETHEUS, counts=Told({}), targets=Told(())),
        replace(PROMETHEUS, targets=Told((down,))),
        replace(PROMETHEUS, targets=Told((strange,))),
        replace(PROMETHEUS, families=Told(()), series=Told(())),
        replace(PROMETHEUS, families=Told(()), series=Told(()), jobs=Told(())),
        replace(PROMETHEUS, retention=Told("2h"), skew_s=Told(300.0)),
        replace(PROMETHEUS, bounds=Told((Bounds("kserve_request_duration_milliseconds", 10.0),))),
        *(replace(PROMETHEUS, failure="no way", failure_kind=kind) for kind in ("NotFound", "Forbidden", "TimedOut")),
    ]
    rights = RightsFacts(user, {"default": ALL_RIGHTS, "": ALL_RIGHTS}, prometheus_namespace="monitoring")
    return [*(replace(told, prometheus=one) for one in prometheus), replace(told, rights=rights)]


def placeholders(fix: str) -> set[str]:
    """Give the words in capitals that a person would have to replace; comments and shell variables are none."""
    if fix.startswith("---"):
        return set()
    commands = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in fix.splitlines())
    assigned = set(re.findall(r"(?:^|[\s;])([A-Z_]+)=", commands))
    blanks = {"…"} if "…" in commands else set()
    return blanks | set(re.findall(r"(?<![\w.-])[A-Z][A-Z_]+(?![\w.])", commands)) - assigned - AWK


@pytest.mark.parametrize("who", BY_WHOM)
@pytest.mark.parametrize("case", [HEALTHY.case, replace(HEALTHY.case, key=None), Case(())], ids=["one", "all", "none"])
@pytest.mark.parametrize("user", ["jane@example.com", ""], ids=["jane", "unknown"])
def test_no_fix_has_a_word_that_somebody_must_fill_in(who: str, case: Case, user: str) -> None:
    found: list[Any] = []
    for error in ERRORS:
        found += [one for facts in broken(BY_WHOM[who], case, error, user) for one in examine(facts) if one.fix]

    assert found
    assert {one.id: placeholders(one.fix) for one in found if placeholders(one.fix)} == {}


def test_a_placeholder_would_be_seen() -> None:
    assert placeholders("manifests/port-forward.sh … -p 19090") == {"…"}
    assert placeholders("kubectl create rolebinding x --user=USER") == {"USER"}
    assert placeholders("kmon-tui predict NAME -n NAMESPACE    # or the key i") == {"NAME", "NAMESPACE"}
    assert placeholders('P=/etc/x    # OR ELSE\ncat "$P"') == set()


def test_a_user_that_is_not_known_is_asked_for_by_the_command_itself() -> None:
    assert '--user="$(kubectl auth whoami -o jsonpath=' in fixes.grant("kmon-tui-view", "default", "")


def down_at(port: int, annotations: dict[str, str], image: str, error: str = "connection refused") -> str:
    """Give the fix for a Standard pod whose target is down at this port."""
    model = Container("kserve-container", image)
    pod = PodFacts("sklearn-iris-predictor-5d8-x", "10.0.0.9", "Running", True, {}, annotations, (model,))
    url = f"http://10.0.0.9:{port}/metrics"
    target = Scraped("kserve-metrics", "10.0.0.9", "down", error, pod=pod.name, namespace="default", url=url)
    return down_fix(target, replace(HEALTHY, cluster=replace(CLUSTER, pods=Told((pod,)))))


def test_an_annotation_that_leads_to_a_closed_port_is_set_to_the_port_of_the_server() -> None:
    told = down_at(9999, {PORT: "9999"}, "kserve/sklearnserver:v0.20.0")
    moved = down_at(8080, {PORT: "8080"}, "pytorch/torchserve-kfs:0.12.0")
    path = down_at(8080, {PATH: "/stats"}, "kserve/sklearnserver:v0.20.0", "server returned HTTP status 404 Not Found")

    assert told == f"kubectl annotate isvc sklearn-iris -n default --overwrite {PORT}=8080"
    assert moved == f"kubectl annotate isvc sklearn-iris -n default --overwrite {PORT}=8082"
    assert path == f"kubectl annotate isvc sklearn-iris -n default --overwrite {PATH}=/metrics"


def test_where_the_port_is_the_right_one_the_pods_logs_are_looked_at() -> None:
    assert down_at(8080, {}, "kserve/sklearnserver:v0.20.0").startswith(
        "kubectl logs -n default sklearn-iris-predictor-5d8-x --all-containers"
    )
