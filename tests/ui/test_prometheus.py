"""The page of Prometheus, and choosing another one by keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import OptionList

from kmon_tui.domain.choice import Choice
from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Traffic
from kmon_tui.render.lines import text_of
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.panel import Panel
from kmon_tui.ui.prometheus_screen import PrometheusScreen
from tests.ui.samples import ready_state
from tests.ui.test_keys import Run, press

CLUSTERS = (Choice('cluster="eu"', "only these series"), Choice('cluster="us"', "only these series"))


def with_choices(*choices: Choice, matchers: str = "") -> State:
    ready = ready_state()
    assert ready.traffic is not None
    told = replace(ready.traffic.prometheus, choices=choices, matchers=matchers)
    return replace(ready, traffic=replace(ready.traffic, prometheus=told))


def wishes(run: Run) -> list[ChoosePrometheus]:
    return [command for command in run.watcher.sent if isinstance(command, ChoosePrometheus)]


async def test_of_two_clusters_one_is_chosen_by_a_key() -> None:
    run = Run(with_choices(*CLUSTERS))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "P")
        shown = isinstance(run.app.screen, Chooser)
        await press(pilot, "j", "enter")

    assert shown
    assert wishes(run) == [ChoosePrometheus(matchers=('cluster="us"',))]


async def test_the_page_leads_to_the_choice_and_is_left_by_it() -> None:
    run = Run(with_choices(Choice("http://prometheus-server.team-b.svc:9090", "the prometheus chart")))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"prom", "enter")
        page = isinstance(run.app.screen, PrometheusScreen)
        await press(pilot, "P", "enter")
        left = len(run.app.screen_stack) == 1

    assert page and left
    assert wishes(run) == [ChoosePrometheus("http://prometheus-server.team-b.svc:9090")]


async def test_the_page_says_what_it_is_and_what_could_be_asked_instead() -> None:
    run = Run(with_choices(*CLUSTERS, matchers='replica="0"'))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"prom", "enter")
        text = "\n".join(text_of(line) for line in run.app.screen.query_one("#text", LinesView)._lines)

    for words in ('series          replica="0"', ':prom cluster="eu"', ":prom all", "ms a tick", "retention"):
        assert words in text


async def test_the_page_follows_what_happens() -> None:
    run = Run(with_choices())
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"prom", "enter")
        view = run.app.screen.query_one("#text", LinesView)
        run.watcher.put(with_choices(*CLUSTERS))
        async with asyncio.timeout(5):
            while not any("cluster=" in text_of(line) for line in view._lines):
                await pilot.pause(0.05)


async def test_another_one_can_be_typed_from_the_choice() -> None:
    run = Run(with_choices())
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "P", "end", "enter", *"http:", "slash", "slash", *"b:9090", "enter")
        closed = not run.fleet.query_one(CommandRow).display

    assert closed
    assert wishes(run) == [ChoosePrometheus("http://b:9090")]


async def test_one_in_the_cluster_is_listed_by_its_name_and_what_it_is() -> None:
    run = Run(with_choices(Choice("http://prometheus-server.team-b.svc:9090/prom", "the prometheus chart")))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "P")
        listed = str(run.app.screen.query_one(OptionList).get_option_at_index(0).prompt)

    assert listed.split() == ["team-b/prometheus-server/prom", "the", "prometheus", "chart"]


async def test_two_clusters_in_one_server_are_said_in_every_panel() -> None:
    several = "this Prometheus holds several clusters (eu, us): choose one with P"
    ready = ready_state()
    assert ready.traffic is not None
    puzzled = {key: Traffic(one.family, problem=several) for key, one in ready.traffic.traffic.items()}
    run = Run(replace(ready, traffic=replace(ready.traffic, traffic=puzzled, buckets={})))
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, "/", *"bert", "enter", "m")
        panels = [panel for panel in run.app.screen.query(Panel) if panel.id in ("requests", "latency", "heat")]
        told = [" ".join(text_of(line) for line in panel._lines) for panel in panels if panel.display]

    assert told and all("choose one with P" in words for words in told)


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("prom cluster=eu", ChoosePrometheus(matchers=("cluster=eu",))),
        ("prom all", ChoosePrometheus(matchers=())),
        ("prom found", ChoosePrometheus("")),
        ("prom forget", ChoosePrometheus(forget=True)),
        ("prom localhost:9090", ChoosePrometheus("localhost:9090")),
    ],
)
async def test_what_is_typed_behind_prom_is_chosen(typed: str, wish: ChoosePrometheus) -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *typed, "enter")

    assert wishes(run) == [wish]
