"""The Prometheus chosen on the screen holds for every command; a broken memory keeps nothing from running."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.cli.start import Start, recalled
from kmon_tui.settings import PrometheusSettings, Settings
from kmon_tui.settings.remembered import PrometheusMemory, Remembered

FOUND = Settings()


def start(tmp_path: Path, **said: object) -> Start:
    return Start("metrics", said, {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)})


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_a_command_asks_what_was_chosen_in_its_context(state: Path) -> None:
    began = start(state)
    PrometheusMemory(began.paths().prometheus).put("prod", Remembered("http://eu:9090", ('cluster="eu"',)))

    made = recalled(began, FOUND, "prod").prometheus

    assert (made.url, made.matchers) == ("http://eu:9090", ('cluster="eu"',))
    assert recalled(began, FOUND, "test") == FOUND


def test_matchers_of_the_command_line_are_stronger(state: Path) -> None:
    began = start(state, **{"prometheus.matchers": ['cluster="us"']})
    PrometheusMemory(began.paths().prometheus).put("prod", Remembered("http://eu:9090", ('cluster="eu"',)))
    said = Settings(prometheus=PrometheusSettings(matchers=('cluster="us"',)))

    assert recalled(began, said, "prod").prometheus.matchers == ('cluster="us"',)


@pytest.mark.parametrize("url", ["gopher://eu:70", "http://eu:99999", "http://"])
def test_an_address_that_cannot_be_asked_keeps_nothing_from_running(state: Path, url: str) -> None:
    began = start(state)
    PrometheusMemory(began.paths().prometheus).put("prod", Remembered(url))

    assert recalled(began, FOUND, "prod") == FOUND
