"""What people want of the numbers, and for how long it holds."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.command import ScrapePods
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.state import State
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.store import Store


async def test_pods_of_another_context_are_not_scraped_because_those_of_this_one_are() -> None:
    store = Store(State(place=Place("dev")))
    looked = Looked(store, lambda: 0.0)
    looked.wish(ScrapePods(True))

    here = looked.scrape_pods
    store.put(replace(store.state, place=Place("prod")))
    there = looked.scrape_pods
    store.put(replace(store.state, place=Place("dev")))

    assert (here, there, looked.scrape_pods) == (True, None, True)
