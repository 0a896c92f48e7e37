"""Forms of histograms that are not read are named, with what to set so that they are."""

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
        ("http_server_request_duration_seconds", "is a native histogram, which is not read"),
        ("revision_request_latencies", "is a native histogram, which is not read"),
    ],
)
async def test_what_is_there_in_a_form_that_is_not_read_is_said(name: str, words: str) -> None:
    story = Story()
    story.tell(name, POD, rising(30))

    notes = (await report_of(story, serve_by_sandbox)).prometheus.notes

    assert [note for note in notes if note.startswith(f"{name} is ") and words in note]


async def test_of_what_is_read_nothing_is_said() -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, rising(30))
    story.tell("http_server_request_duration_seconds_count", POD, rising(30))

    assert (await report_of(story, serve_by_sandbox)).prometheus.notes == ()
