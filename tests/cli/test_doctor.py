"""`kmon-tui doctor` as a script calls it: documents on stdout, and the codes of the table in the README."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.test_exit_codes import changed, one_line, silent_server
from tests.e2e.sandbox import Place, run, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox("--world", "quiet") as place:
        yield place


def flags(place: Place) -> tuple[str, ...]:
    """Lead to the sandbox."""
    return ("--kubeconfig", str(place.kubeconfig), "--prometheus", place.prometheus_url)


def test_a_finding_ends_with_one_and_says_what_mends_it(sandbox: Place) -> None:
    done = run("doctor", *flags(sandbox), "-o", "json")

    document = json.loads(done.stdout)
    bad = [one for one in document["findings"] if one["status"] in ("warn", "fail")]
    assert done.returncode == 1
    assert "kserve.services" in {one["id"] for one in bad}
    assert all(one["fix"] for one in bad)
    assert document["counts"]["warn"] + document["counts"]["fail"] == len(bad)
    assert document["service"] is None


def test_yaml_is_the_same_document(sandbox: Place) -> None:
    told = run("doctor", *flags(sandbox), "-o", "yaml").stdout

    assert {one["id"] for one in yaml.safe_load(told)["findings"]} >= {"kubernetes.version", "prometheus.answer"}


def test_the_table_is_text_alone_also_without_utf8(sandbox: Place) -> None:
    told = run("doctor", *flags(sandbox), env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}).stdout

    assert told.isascii()
    assert "fix: kmon-tui deploy -f manifests/inference-service.yaml" in told


def test_a_name_that_is_not_there_is_a_finding(sandbox: Place) -> None:
    one_line(run("doctor", "nobody", *flags(sandbox)), 1, "there is no service nobody")


def test_a_form_that_does_not_exist_is_a_wrong_use(sandbox: Place) -> None:
    one_line(run("doctor", *flags(sandbox), "-o", "xml"), 2, "xml")


def test_an_api_server_that_is_not_there_cannot_be_examined(sandbox: Place, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        config = changed(sandbox, tmp_path, {"server": f"https://127.0.0.1:{free.getsockname()[1]}"})

        one_line(run("doctor", "--kubeconfig", config), 3)


def test_an_api_server_that_hangs_is_a_timeout(sandbox: Place, tmp_path: Path) -> None:
    with silent_server() as port:
        config = changed(sandbox, tmp_path, {"server": f"https://127.0.0.1:{port}"})

        one_line(run("doctor", "--kubeconfig", config, "--request-timeout", "1s"), 5)


def test_who_may_see_nothing_is_told_so_for_a_name_and_examined_without_one(sandbox: Place) -> None:
    nobody = (*flags(sandbox), "--as", "nobody", "--as-group", "strangers")

    one_line(run("doctor", "sklearn-iris", *nobody), 4, "may not list inferenceservices")
    done = run("doctor", *nobody, "-o", "json")

    found = {one["id"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert found["rights.services"]["status"] == "fail"
    assert found["kserve.services"]["status"] == "unknown"
    assert "--user=nobody" in found["rights.services"]["fix"]


def test_a_prometheus_that_is_away_is_a_finding_and_no_failure(sandbox: Place) -> None:
    done = run("doctor", "--kubeconfig", str(sandbox.kubeconfig), "--prometheus", "http://127.0.0.1:9", "-o", "json")

    found = {one["id"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert found["prometheus.answer"]["status"] == "fail"
    assert found["rights.logs"]["status"] == "ok"
