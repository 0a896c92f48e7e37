"""What the clients of storages say when they fail, in their own words, tells the cause."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kmon_tui.domain.diagnosis.storage import classify

_FILE = Path(__file__).parent.parent / "data" / "storage-words.yaml"
_SAID: dict[str, list[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("cause", "said"), [(cause, said) for cause, lines in _SAID.items() for said in lines])
def test_the_words_of_a_storage_client_tell_the_cause(cause: str, said: str) -> None:
    assert classify(said) == cause
