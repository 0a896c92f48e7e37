"""JSON and YAML that may be read on a terminal: nothing in them is obeyed or hidden, and nothing is lost."""

from __future__ import annotations

import json
import unicodedata

import pytest
import yaml

from kmon_tui.render.escapes import json_text, yaml_text

ODD = {
    "direction": "model\u202egpj.exe",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "nul": "a\x00b",
    "C1, which xterm obeys": "\x9b31m\x85\x7f",
    "separators": "a\u2028b\u2029c",
    "tags beyond the first plane": "x\U000e0041y",
    "markup": "[red]no[/red]",
    "a key\u200f too": [True, None, 1.5],
}
SHOWN = {"umlaut": "Größe", "japanese": "日本", "lines": "one\ntwo\n", "emoji": "\U0001f600"}


@pytest.mark.parametrize("write", [json_text, yaml_text])
def test_nothing_is_written_that_a_terminal_would_obey_or_hide(write: object) -> None:
    assert callable(write)
    text = write(ODD).replace("\n", "")

    assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_who_reads_it_gets_the_very_characters_back() -> None:
    assert json.loads(json_text(ODD)) == ODD
    assert yaml.safe_load(yaml_text(ODD)) == ODD


def test_all_else_is_shown_as_it_is() -> None:
    assert "日本" in json_text(SHOWN) and "Größe" in json_text(SHOWN)
    assert "日本" in yaml_text(SHOWN) and "Größe" in yaml_text(SHOWN)
    assert yaml.safe_load(yaml_text(SHOWN)) == SHOWN
