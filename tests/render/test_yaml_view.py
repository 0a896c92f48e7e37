"""The YAML tab shows an object as kubectl prints it."""

from __future__ import annotations

import yaml

from kmon_tui.render.lines import text_of
from kmon_tui.render.yaml_view import yaml_page, yaml_text
from tests.ui.insides import FRAUD_ROOT

ODD = {
    "status": {"text": "two\nlines\n", "yes": "yes", "number": "0123", "null": None, "on": True},
    "kind": "ConfigMap",
    "spec": {"cmd": ["sh", "-c", "echo: x"], "esc": "\x1b[31m", "rtl": "\u202eabc"},
    "apiVersion": "v1",
    "metadata": {"name": "odd", "managedFields": [{"manager": "kubectl"}]},
}


def test_the_fields_stand_in_the_order_that_people_know() -> None:
    lines = yaml_text(ODD).splitlines()

    assert [line for line in lines if line[:1].isalpha()] == [
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata:",
        "spec:",
        "status:",
    ]


def test_managed_fields_are_hidden_until_somebody_asks() -> None:
    assert "managedFields" not in yaml_text(ODD)
    assert "managedFields" in yaml_text(ODD, managed=True)


def test_what_is_copied_is_the_same_object() -> None:
    assert yaml.safe_load(yaml_text(ODD, managed=True)) == ODD
    assert yaml.safe_load(yaml_text(FRAUD_ROOT, managed=True)) == FRAUD_ROOT


def test_text_of_several_lines_is_a_block() -> None:
    assert "text: |" in yaml_text(ODD)


def test_what_is_drawn_holds_nothing_that_a_terminal_obeys() -> None:
    drawn = "".join(text_of(line) for line in yaml_page(yaml_text(ODD)).lines)

    assert "\x1b" not in drawn
    assert "\u202e" not in drawn


def test_a_very_long_line_is_cut_and_says_how_long_it_is() -> None:
    page = yaml_page("key: " + "x" * 1_000_000)

    assert len(text_of(page.lines[0])) < 3000
    assert text_of(page.lines[0]).endswith("(1000005 characters)")
