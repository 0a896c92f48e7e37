"""Which contexts want their name typed before a write: nobody takes away what another protects."""

from __future__ import annotations

from tests.settings.test_configuration import configuration


def test_patterns_of_all_sources_count() -> None:
    said = configuration(
        environ={"KMON_PROTECTED_CONTEXTS": "live-*,eu"},
        user={"protected_contexts": ["prod-*"]},
        system={"protected_contexts": "bank"},
    )

    assert set(said.here().protected_contexts) == {"live-*", "eu", "prod-*", "bank"}
    assert set(said.elsewhere("other").protected_contexts) == {"live-*", "eu", "prod-*", "bank"}


def test_patterns_that_cannot_be_understood_protect_everything() -> None:
    assert configuration(user={"protected_contexts": {"a": 1}}).here().protected_contexts == ("*",)
