"""The audit file: one line a write, private, and said when it cannot be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from kmon_tui.domain.fleet import Place
from kmon_tui.live.audit import Audit

PLACE = Place(context="prod", cluster="eu", user="ops")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_line_says_when_where_who_what_and_how_it_ended(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "state" / "audit.jsonl", PLACE, "boss", now=lambda: NOON)

    assert audit.write("apply", "configmaps a/b", "created") == ""

    assert json.loads(audit.path.read_text(encoding="utf-8")) == {
        "time": "2026-11-22T12:00:00.000Z",
        "context": "prod",
        "cluster": "eu",
        "user": "ops",
        "as": "boss",
        "verb": "apply",
        "object": "configmaps a/b",
        "outcome": "created",
    }


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl", PLACE)

    audit.write("apply", "configmaps a/b", "created")

    assert audit.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way", encoding="utf-8")

    said = Audit(tmp_path / "state" / "audit.jsonl", PLACE).write("apply", "configmaps a/b", "created")

    assert said.startswith("this write is not in the audit file")
