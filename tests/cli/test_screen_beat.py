"""What Textual is told before it is imported."""

from __future__ import annotations

from kmon_tui.cli.screen import tell_textual


def test_it_paints_on_a_beat_that_no_key_waits_for() -> None:
    environ: dict[str, str] = {}

    tell_textual(environ, over_ssh=False)

    assert environ == {"TEXTUAL_FPS": "240"}


def test_nothing_is_animated_over_ssh() -> None:
    environ: dict[str, str] = {}

    tell_textual(environ, over_ssh=True)

    assert environ["TEXTUAL_ANIMATIONS"] == "none"


def test_what_a_person_has_set_stays() -> None:
    environ = {"TEXTUAL_FPS": "30", "TEXTUAL_ANIMATIONS": "full"}

    tell_textual(environ, over_ssh=True)

    assert (environ["TEXTUAL_FPS"], environ["TEXTUAL_ANIMATIONS"]) == ("30", "full")
