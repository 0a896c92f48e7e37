"""The family of metrics is chosen by a command, and pods are scraped by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.command import ChooseFamily, ScrapePods
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Family
from kmon_tui.ui.chooser import Chooser
from tests.ui.samples import ready_state
from tests.ui.test_keys import Run, press


def with_families(*families: Family, chosen: Family | None = None) -> State:
    ready = ready_state()
    assert ready.traffic is not None
    told = replace(ready.traffic.prometheus, families=families, family=chosen)
    return replace(ready, traffic=replace(ready.traffic, prometheus=told))


def wishes(run: Run) -> list[ChooseFamily | ScrapePods]:
    return [command for command in run.watcher.sent if isinstance(command, ChooseFamily | ScrapePods)]


async def test_a_family_that_is_typed_is_taken() -> None:
    run = Run(with_families(Family.ALIAS, Family.SDK))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"family", "space", *"kserve", "minus", *"sdk", "enter")

    assert wishes(run) == [ChooseFamily(Family.SDK)]


async def test_without_a_name_those_that_are_there_are_offered() -> None:
    run = Run(with_families(Family.ALIAS, Family.SDK, chosen=Family.ALIAS))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"family", "enter")
        shown = isinstance(run.app.screen, Chooser)
        await press(pilot, "j", "enter")

    assert shown
    assert wishes(run) == [ChooseFamily(Family.SDK)]


async def test_best_takes_the_choice_back() -> None:
    run = Run(with_families(Family.ALIAS, chosen=Family.ALIAS))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"family", "space", *"best", "enter")

    assert wishes(run) == [ChooseFamily(None)]


async def test_a_family_that_does_not_exist_is_refused() -> None:
    run = Run(with_families(Family.ALIAS))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"family", "space", *"nosuch", "enter")

    assert wishes(run) == []


@pytest.mark.parametrize(("typed", "on"), [("scrape", True), ("scrape on", True), ("scrape off", False)])
async def test_pods_are_scraped_when_somebody_says_so(typed: str, on: bool) -> None:
    run = Run(ready_state())
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *("space" if key == " " else key for key in typed), "enter")

    assert wishes(run) == [ScrapePods(on)]
