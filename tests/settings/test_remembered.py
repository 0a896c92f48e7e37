"""prometheus.yaml: what was chosen comes back in its context, and no secret is in it or goes to another server."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kmon_tui.settings import PrometheusSettings, Secret
from kmon_tui.settings.remembered import PrometheusMemory, Remembered, as_remembered

EU = Remembered("http://eu:9090", ('cluster="eu"',))
CONFIGURED = PrometheusSettings(
    url="https://metrics:9090", found_by="config", matchers=('team="a"',), bearer_token_file=Path("/token"),
    headers=(("X-Scope-OrgID", Secret("team")),),
)  # fmt: skip


def test_a_choice_comes_back_in_its_own_context_for_its_owner_alone(tmp_path: Path) -> None:
    memory = PrometheusMemory(tmp_path / "state" / "prometheus.yaml")
    memory.put("prod", EU)
    memory.put("arn:aws:eks:1:cluster/x", Remembered("", None))

    assert memory.read("prod") == EU
    assert memory.read("arn:aws:eks:1:cluster/x") == Remembered("", None)
    assert memory.read("else") is None
    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600
    assert [one.name for one in memory.path.parent.iterdir()] == ["prometheus.yaml"]


def test_one_choice_is_forgotten_and_the_others_stay(tmp_path: Path) -> None:
    memory = PrometheusMemory(tmp_path / "prometheus.yaml")
    memory.put("prod", EU)
    memory.put("test", EU)

    assert memory.forget("prod")
    assert not memory.forget("prod")
    assert (memory.read("prod"), memory.read("test")) == (None, EU)


@pytest.mark.parametrize(
    "content",
    ["contexts: [", "- a", "contexts: {prod: 7}", "contexts: {prod: {url: 7}}", "contexts: {prod: {url: 'http://'}}",
     "contexts: {prod: {matchers: [x]}}", "\xff"],
)  # fmt: skip
def test_what_cannot_be_read_leaves_the_decision_to_the_settings(tmp_path: Path, content: str) -> None:
    path = tmp_path / "prometheus.yaml"
    path.write_text(content, encoding="latin-1")

    assert PrometheusMemory(path).read("prod") is None


def test_a_remembered_server_is_stronger_than_the_config_file_and_gets_none_of_its_secrets() -> None:
    made = as_remembered(CONFIGURED, EU)

    assert made == PrometheusSettings(url="http://eu:9090", found_by=":prom, remembered", matchers=('cluster="eu"',))


def test_the_configured_server_keeps_what_opens_it() -> None:
    made = as_remembered(CONFIGURED, Remembered("https://metrics:9090/tenant"))

    assert (made.headers, made.bearer_token_file) == (CONFIGURED.headers, CONFIGURED.bearer_token_file)


def test_remembered_series_of_the_configured_server() -> None:
    assert as_remembered(CONFIGURED, Remembered(None, ())).matchers == ()
    assert as_remembered(CONFIGURED, Remembered(None, ('cluster="eu"',))).url == CONFIGURED.url


@pytest.mark.parametrize("found_by", ["--prometheus", "PROMETHEUS_URL"])
def test_a_url_of_this_call_is_stronger(found_by: str) -> None:
    said = PrometheusSettings(url="http://said:9090", found_by=found_by)

    assert as_remembered(said, EU) == said


def test_matchers_of_this_call_are_stronger() -> None:
    said = PrometheusSettings(matchers=('cluster="us"',))

    assert as_remembered(said, EU, own_matchers=True).matchers == ('cluster="us"',)


def test_the_one_in_the_cluster_can_be_remembered_against_a_configured_one() -> None:
    assert as_remembered(CONFIGURED, Remembered("")) == PrometheusSettings()
