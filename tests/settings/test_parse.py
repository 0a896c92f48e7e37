"""Durations, switches, matchers, headers and URLs as people write them."""

import pytest

from kmon_tui.settings.parse import duration_s, headers, matchers, split_user_info, switch


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("0", 0), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400), (" 2s ", 2)]
)
def test_a_duration_is_read_as_kubectl_reads_it(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1x", "1m 30s", "-5s", "1m30"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_s(text)


@pytest.mark.parametrize(("text", "on"), [("true", True), ("T", True), ("on", True), ("false", False), ("0", False)])
def test_a_switch_is_read_as_go_and_yaml_write_it(text: str, on: bool) -> None:
    assert switch(text) is on


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('cluster="x"', ('cluster="x"',)),
        ('cluster="x",env!="dev"', ('cluster="x"', 'env!="dev"')),
        ("{cluster='x'}", ('cluster="x"',)),
        ("cluster=x", ('cluster="x"',)),
        ('pod=~"a,b.*"', ('pod=~"a,b.*"',)),
        ("path='say \"hi\"'", (r'path="say \"hi\""',)),
    ],
)
def test_matchers_get_back_the_quotes_that_the_shell_took(text: str, expected: tuple[str, ...]) -> None:
    assert matchers(text) == expected


@pytest.mark.parametrize("text", ["cluster", 'a=="b"', 'a="b" c="d"', 'a="b', '0a="b"'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="label matchers"):
        matchers(text)


def test_header_lines_keep_their_values_secret() -> None:
    found = headers("# who we are\nX-Scope-OrgID: team-a\n\nX-Key: s3cret\n")

    assert [(name, value.reveal()) for name, value in found] == [("X-Scope-OrgID", "team-a"), ("X-Key", "s3cret")]
    assert "s3cret" not in repr(found)


def test_a_wrong_header_line_is_named_by_its_number_and_not_shown() -> None:
    with pytest.raises(ValueError, match="line 2") as caught:
        headers("A: b\nsecretwithoutcolon\n")

    assert "secret" not in str(caught.value)


def test_user_info_leaves_the_url() -> None:
    url, user, password = split_user_info("https://me:p%40ss@prom.example:9090/prom/?x=1")

    assert (url, user) == ("https://prom.example:9090/prom", "me")
    assert password is not None
    assert password.reveal() == "p@ss"


def test_a_host_and_port_alone_mean_http() -> None:
    assert split_user_info("localhost:9090") == ("http://localhost:9090", None, None)


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://h:notaport", "http://a b", "http://[::1"])
def test_what_is_no_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="must be a URL"):
        split_user_info(url)
