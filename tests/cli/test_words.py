"""What is read out of the words of a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.cli.arguments import said_of
from kmon_tui.cli.candidates import complete
from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, split_command
from kmon_tui.cli.help import help_text
from kmon_tui.cli.said import layer_of
from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings import Secret

ALL_COMMANDS = [None, *COMMANDS]


def said(*words: str) -> dict[str, object]:
    """Read words as the program does."""
    command, rest = split_command(list(words))
    return said_of(command or "tui", "kmon-tui", rest)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("get -n ml", "get"),
        ("-n ml get", "get"),
        ("--context get get iris", "get"),
        ("--context=get iris", None),
        ("-o json get", "get"),
        ("iris", None),
        ("-A", None),
        ("-- get", None),
        ("tui get", "tui"),
        ("-nget", None),
    ],
)
def test_the_command_is_found_wherever_it_stands(words: str, command: str | None) -> None:
    assert split_command(words.split())[0] == command


def test_flags_count_before_and_after_the_command() -> None:
    assert said("-n", "ml", "--as-group", "a", "get", "iris", "--as-group=b", "-A") == {
        "namespace": "ml",
        "as_groups": ["a", "b"],
        "name": "iris",
        "all_namespaces": True,
    }


def test_flags_stand_between_a_name_and_what_follows_it() -> None:
    assert said("forward", "isvc/ocr", "-n", "vision", "8081") == {
        "name": "isvc/ocr",
        "second": "8081",
        "namespace": "vision",
    }
    assert said("check", "a", "-n", "ml", "b") == {"name": ["a", "b"], "namespace": "ml"}


def test_a_name_behind_two_dashes_is_no_flag() -> None:
    assert said("tui", "--", "-a") == {"name": "-a"}


@pytest.mark.parametrize(("word", "on"), [("-A=true", True), ("--all-namespaces=false", False), ("-A", True)])
def test_switches_take_the_values_that_kubectl_takes(word: str, on: bool) -> None:
    assert said("get", word).get("all_namespaces", False) is on


@pytest.mark.parametrize("words", ["get --bogus", "get a b", "metrics", "--mouse=maybe -A=x", "get -o", "iris --nam x"])
def test_what_does_not_fit_is_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        said(*words.split())

    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "--help" in error


def test_a_layer_has_types_and_keeps_secrets() -> None:
    layer = layer_of(
        said(
            "--token", "s3cret", "--request-timeout", "1m", "--log-file", "~/x", "--prometheus-header", "X-Key: s3cret"
        )
    )

    assert layer["token"] == Secret("s3cret")
    assert layer["request_timeout"] == 60
    assert layer["log_file"] == Path("~/x").expanduser()
    assert "s3cret" not in repr(layer)


def test_read_only_is_stronger_than_write() -> None:
    assert layer_of(said("--write"))["read_only"] is False
    assert layer_of(said("--write", "--readonly"))["read_only"] is True


def test_an_empty_namespace_means_none_as_with_kubectl() -> None:
    assert "namespace" not in layer_of(said("get", "-n", ""))


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("--request-timeout", "soon"), "--request-timeout"),
        (("--prometheus-matcher", "cluster"), "--prometheus-matcher"),
        (("--prometheus", "ftp://x"), "--prometheus"),
        (("--log-level", "loud"), "--log-level"),
    ],
)
def test_a_flag_that_cannot_work_is_named(words: tuple[str, str], flag: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flag} must be"):
        layer_of(said(*words))


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_help_fits_80_columns_and_names_every_flag(command: str | None) -> None:
    text = help_text(command, "kmon-tui")

    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.isascii()
    rows = [*COMMANDS[command or "tui"][2], *(row for _, more in EVERYWHERE for row in more)]
    assert all(name in text for names, _, _, _ in rows for name in names)


def test_help_of_the_plugin_has_kubectls_prefix() -> None:
    assert help_text("get", "kubectl kmon").startswith("usage: kubectl kmon get [NAME] [flags]")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ge"], ["get\tprint the services", ":4"]),
        (["get", "-o", "j"], ["json", ":4"]),
        (["get", "--output=j"], ["--output=json", ":4"]),
        (["--kubeconfig", ""], [":0"]),
        (["completion", "z"], ["zsh", ":4"]),
        (["get", "iris", ""], [":4"]),
    ],
)
def test_completion_says_what_may_come(
    words: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    complete(words)

    assert capsys.readouterr().out.splitlines() == expected
