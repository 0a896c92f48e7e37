"""A name that is not among the services is only said not to exist where that can be seen."""

from __future__ import annotations

import pytest

from kmon_tui.domain.errors import Absent
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.names import wanted
from kmon_tui.domain.service import Kind
from kmon_tui.oneshot.metrics import chosen

REFUSED = "may not list inferenceservices in namespace ml"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("iris", "whether there is a service iris cannot be seen: may not list inferenceservices in namespace ml"),
        ("isvc/iris", "whether there is a service iris cannot be seen"),
        ("llm/iris", "there is no service iris"),
    ],
)
def test_nobody_says_there_is_none_of_a_kind_that_may_not_be_listed(name: str, says: str) -> None:
    fleet = Fleet(synced=True, hidden={Kind.ISVC: REFUSED})

    with pytest.raises(Absent) as raised:
        chosen(fleet, wanted(name))

    assert str(raised.value).startswith(says)
