"""What a person typed: addresses and matchers."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.domain.errors import SettingsError
from kmon_tui.live.prometheus_address import parse_address, parse_matchers
from kmon_tui.settings import PrometheusSettings


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:9090", "http://localhost:9090"),
        ("localhost:9090", "http://localhost:9090"),
        ("https://ann:secret@mimir.example/prometheus/", "https://mimir.example/prometheus"),
        ("http://h:9090/graph?g0.expr=up#x", "http://h:9090"),
        ("http://h/prom/api/v1", "http://h/prom"),
        ("http://[::1]:9090", "http://[::1]:9090"),
    ],
)
def test_addresses_are_cleaned(given: str, url: str) -> None:
    assert parse_address(PrometheusSettings(url=given)).url == url


@pytest.mark.parametrize("given", ["", "ftp://h", "http://", "http://h:port", "unix:///x"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(SettingsError):
        parse_address(PrometheusSettings(url=given))


def test_a_file_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        parse_address(PrometheusSettings(url="http://h", bearer_token_file=tmp_path / "none"))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ('cluster="eu"', 'cluster="eu"'),
        ('{cluster = "eu", replica!~"b|c"}', 'cluster="eu",replica!~"b|c"'),
        (r'a="q\"}"', r'a="q\"}"'),
    ],
)
def test_matchers_are_read_with_and_without_braces(given: str, text: str) -> None:
    assert parse_matchers((given,)).text == text


@pytest.mark.parametrize("given", ["cluster=eu", 'cluster="eu"} or up{a="b"', "1=", 'a="b" c="d"', 'a="b\n"'])
def test_what_is_no_matcher_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="not a label matcher"):
        parse_matchers((given,))
