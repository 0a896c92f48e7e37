"""Odd forms of histograms are named: those that are read otherwise, and what to set where one is not read."""

from __future__ import annotations

import pytest

from tests.live.served import serve_by_sandbox
from tests.live.stories import COUNT, OK, POD, Story, rising
from tests.live.test_metrics_numbers import report_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "http.server.request.duration_seconds_count",
            "for the dots in its name: metric_name_validation_scheme: legacy",
        ),
        ("http.server.request.duration", "for the dots in its name"),
        ("revision_request_latencies", "is a native histogram: it is read at the bounds of the classic one"),
    ],
)
async def test_what_is_there_in_an_odd_form_is_said(name: str, words: str) -> None:
    story = Story()
    story.tell(name, POD, rising(30))

    notes = (await report_of(story, serve_by_sandbox)).prometheus.notes

    assert [note for note in notes if note.startswith(f"{name} is ") and words in note]


async def test_of_what_is_read_nothing_is_said() -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, rising(30))
    story.tell("http_server_request_duration_seconds_count", POD, rising(30))

    assert (await report_of(story, serve_by_sandbox)).prometheus.notes == ()
