"""Faults: each does to a client what it says, where it says, as often as it says."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from kmon_tui.sandbox.faults import Fault, Faults
from tests.sandbox.talk import EVERYWHERE, SERVICES, events, isvc, talking


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("watch:cut@2", Fault("cut", "watch", after=2)),
        ("list/inferenceservices:410*1", Fault("410", "list/inferenceservices", times=1)),
        ("*:429=3*2", Fault("429", "*", value=3.0, times=2)),
        ("get/pods/log:delay=0.5~10", Fault("delay", "get/pods/log", value=0.5, seconds=10.0)),
        ("/version:html", Fault("html", "/version")),
    ],
)
def test_a_fault_is_read_from_its_text(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("text", ["", "watch", "watch:burn", "watch:cut@", ":drop", "watch:999"])
def test_what_is_no_fault_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="not a fault"):
        Fault.parse(text)


def test_a_fault_strikes_where_it_is_told_to() -> None:
    faults = Faults()
    faults.add("list/pods:500")
    faults.add("/apis/*:drop")

    assert [fault.action for fault in faults.strike("list", "pods", "/api/v1/pods")] == ["500"]
    assert [fault.action for fault in faults.strike("get", "", "/apis/apps")] == ["drop"]
    assert faults.strike("watch", "pods", "/api/v1/pods") == []


def test_a_fault_waits_and_ends_as_it_is_told_to() -> None:
    faults = Faults()
    faults.add(Fault("500", after=1, times=2))

    struck = [bool(faults.strike("get", "pods", "/")) for _ in range(5)]

    assert struck == [False, True, True, False, False]
    assert not len(faults)


async def test_each_status_code_has_the_servers_words() -> None:
    async with talking() as talk:
        for code, reason in ((401, "Unauthorized"), (403, "Forbidden"), (410, "Expired"), (500, "InternalError")):
            talk.api.faults.add(f"list:{code}*1")
            response = await talk.client.get(SERVICES)

            assert (response.status_code, response.json()["reason"]) == (code, reason)


async def test_what_a_fault_forbids_is_refused_in_the_servers_words() -> None:
    async with talking(faults=(Fault.parse("list/inferenceservices:403"),)) as talk:
        response = await talk.client.get(EVERYWHERE)

    assert response.json()["message"].endswith(
        'User "admin" cannot list resource "inferenceservices" in API group "serving.kserve.io" at the cluster scope'
    )


async def test_too_many_requests_says_when_to_come_again() -> None:
    async with talking(faults=(Fault.parse("list:429=7*1"),)) as talk:
        refused = await talk.client.get(SERVICES)
        again = await talk.client.get(SERVICES)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert again.status_code == 200


async def test_a_dropped_connection_gives_no_answer() -> None:
    async with talking() as talk:
        talk.api.faults.add("list:drop*1")

        with pytest.raises(httpx.RemoteProtocolError):
            await talk.client.get(SERVICES)


async def test_a_delay_comes_before_the_answer() -> None:
    async with talking() as talk:
        talk.api.faults.add("list:delay=0.3*1")
        began_s = time.monotonic()
        response = await talk.client.get(SERVICES)

    assert response.status_code == 200
    assert time.monotonic() - began_s >= 0.3


async def test_a_login_page_comes_with_status_200() -> None:
    async with talking() as talk:
        talk.api.faults.add("list:html")
        response = await talk.client.get(SERVICES)

    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/html")


async def test_an_answer_is_cut_in_the_middle() -> None:
    async with talking() as talk:
        talk.api.faults.add("list:cut")

        with pytest.raises(httpx.RemoteProtocolError):
            await talk.client.get(SERVICES)


async def test_a_watch_is_cut_in_the_middle_of_the_event_after_those_let_through() -> None:
    async with talking(faults=(Fault.parse("watch:cut@2"),)) as talk:
        for name in "abcd":
            talk.api.store.put(isvc(name))

        received = b""
        with pytest.raises(httpx.RemoteProtocolError):
            async with talk.client.stream("GET", SERVICES, params={"watch": "true"}) as response:
                async for part in response.aiter_raw():
                    received += part

    assert received.count(b"\n") == 2
    assert not received.endswith(b"\n")


async def test_a_watch_that_cannot_start_there_says_so_inside() -> None:
    async with talking() as talk:
        talk.api.faults.add("watch:410*1")
        async with talk.client.stream("GET", SERVICES, params={"watch": "true"}) as response:
            found = [event async for event in events(response)]

    assert response.status_code == 200
    assert [(event["type"], event["object"]["code"]) for event in found] == [("ERROR", 410)]


async def test_a_silent_watch_is_accepted_and_says_nothing_not_even_bookmarks() -> None:
    async with talking() as talk:
        talk.api.faults.add("watch:silent")
        talk.api.bookmark_s = 0.05
        params = {"watch": "true", "allowWatchBookmarks": "true"}
        async with talk.client.stream("GET", SERVICES, params=params) as response:
            talk.api.store.put(isvc())

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(response.aiter_raw()), 0.5)
    assert response.status_code == 200


async def test_a_silent_watch_outlives_the_time_that_was_asked_for() -> None:
    async with talking(faults=(Fault.parse("watch:silent"),)) as talk:
        params = {"watch": "true", "timeoutSeconds": "1"}
        async with talk.client.stream("GET", SERVICES, params=params) as response:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(response.aiter_raw()), 1.5)


async def test_a_slow_watch_trickles() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc())
        talk.api.faults.add("watch:slow=2000")
        began_s = time.monotonic()
        async with talk.client.stream("GET", SERVICES, params={"watch": "true"}) as response:
            event = await anext(events(response))

    assert event["type"] == "ADDED"
    assert time.monotonic() - began_s >= 0.1


async def test_faults_end_when_they_are_cleared() -> None:
    async with talking() as talk:
        talk.api.faults.add("*:500")
        assert (await talk.client.get(EVERYWHERE)).status_code == 500

        talk.api.faults.clear()

        assert (await talk.client.get(EVERYWHERE)).status_code == 200


async def test_a_far_server_answers_later() -> None:
    async with talking(round_trip_s=0.2) as talk:
        began_s = time.monotonic()
        await talk.client.get(SERVICES)

    assert time.monotonic() - began_s >= 0.2
