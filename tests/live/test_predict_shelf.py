"""What is kept of predictions on this machine, and who may read it."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.predict import SavedBody, Sent, Speech, Via
from kmon_tui.domain.service import Key, Kind
from kmon_tui.live.predict_shelf import KEPT_LINES, Shelf

KEY = Key(Kind.ISVC, "default", "iris")
SENT = Sent(datetime(2026, 11, 22, 12, 0, tzinfo=UTC), Speech.V1, Via.FORWARD, 200, 38.04, 75, 23)


def test_the_history_holds_no_body_and_is_for_this_user_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "here")

    shelf.remember(KEY, SENT)

    (file,) = tmp_path.rglob("*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "instances" not in file.read_text()
    assert shelf.read(KEY)[0] == (replace(SENT, latency_ms=38.0),)


def test_the_history_does_not_grow_for_ever(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "here")

    for number in range(2 * KEPT_LINES + 2):
        shelf.remember(KEY, replace(SENT, sent_bytes=number))

    (file,) = tmp_path.rglob("*.jsonl")
    assert len(file.read_text().splitlines()) <= KEPT_LINES + 1
    assert shelf.read(KEY)[0][0].sent_bytes == 2 * KEPT_LINES + 1


def test_a_broken_line_of_the_history_is_left_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "here")
    shelf.remember(KEY, SENT)
    (file,) = tmp_path.rglob("*.jsonl")
    with file.open("a") as more:
        more.write('{"at": "20')

    assert len(shelf.read(KEY)[0]) == 1


def test_a_saved_body_comes_back_and_is_for_this_user_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "here")
    saved = SavedBody("iris 2 rows", Speech.V2, '{"inputs": []}')

    shelf.save(KEY, saved)

    (file,) = tmp_path.rglob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert shelf.read(KEY)[1] == (saved,)
    assert shelf.read(KEY._replace(name="other"))[1] == ()


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".", "..", "x" * 80, "a\x1bb"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(KmonError, match="is no name"):
        Shelf(tmp_path, "here").save(KEY, SavedBody(name, Speech.V1, "{}"))

    assert list(tmp_path.rglob("*.json")) == []


def test_services_of_hostile_names_stay_in_their_folder(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data", "../../evil")

    shelf.remember(Key(Kind.ISVC, "..", "../x"), SENT)

    assert [path for path in tmp_path.rglob("*.jsonl") if not path.resolve().is_relative_to(tmp_path / "data")] == []
    assert len(list((tmp_path / "data").rglob("*.jsonl"))) == 1
