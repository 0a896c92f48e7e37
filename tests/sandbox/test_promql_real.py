"""The evaluator against a real Prometheus, over random samples: every query at many instants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kmon_tui.sandbox.promql import Dialect, Engine, dialect_of
from tests.e2e import tools
from tests.sandbox.promql_cases import families, open_metrics, samples_of
from tests.sandbox.promql_compare import difference
from tests.sandbox.promql_record import all_asked
from tests.sandbox.real_prometheus import ask, serving


def disagreements(binary: Path, folder: Path, seed: int, dialect: Dialect) -> dict[str, str]:
    """Ask both everything; give what differs by query."""
    found = families(seed)
    engine = Engine(samples_of(found), dialect)
    wrong = {}
    with serving(binary, folder, open_metrics(found)) as url:
        for asked in all_asked(step_s=37):
            path, parameters = asked.parameters()
            ours = json.loads(json.dumps(asked.answer(engine)))
            ordered = "k(" in asked.query or "sort" in asked.query
            told = difference(ask(url, path, **parameters), ours, ordered=ordered)
            if told:
                wrong[asked.query] = told
    return wrong


@pytest.mark.e2e
@pytest.mark.parametrize("seed", [2, 3])
def test_every_query_agrees_with_a_real_prometheus(seed: int, tmp_path: Path) -> None:
    binary = tools.prometheus()
    assert binary is not None

    assert disagreements(binary, tmp_path, seed, Dialect()) == {}


@pytest.mark.e2e
@pytest.mark.parametrize("version", ["2.53", "3.5"])
def test_every_query_agrees_with_other_versions(version: str, tmp_path: Path) -> None:
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(version))

    assert disagreements(binary, tmp_path, 4, dialect_of(version)) == {}
