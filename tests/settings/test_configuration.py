"""Who decides: flags, then environment, then the context's section, then the file, then the system's file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings import Secret
from kmon_tui.settings.build import Configuration, Said
from kmon_tui.settings.document import document_of

UTF8 = {"LANG": "en_US.UTF-8"}


def configuration(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    user: object = None,
    system: object = None,
    files: Mapping[str, str] | None = None,
) -> Configuration:
    """Give what was said by whom, with files that exist only here."""

    def read_text(path: Path) -> str:
        if files is None or str(path) not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[str(path)]

    said = Said(
        flags or {}, UTF8 | dict(environ or {}), document_of(user, "config.yaml"), document_of(system, "system")
    )
    return Configuration(said, read_text)


def test_a_flag_goes_before_the_environment_and_that_before_the_file() -> None:
    file, env, flag = {"theme": "file"}, {"KMON_THEME": "env"}, {"theme": "flag"}

    assert configuration(user=file).here().view.theme == "file"
    assert configuration(user=file, environ=env).here().view.theme == "env"
    assert configuration(user=file, environ=env, flags=flag).here().view.theme == "flag"


def test_a_section_of_a_context_goes_before_the_rest_of_the_file() -> None:
    file = {"namespace": "all-day", "contexts": {"prod": {"namespace": "models", "read_only": True}}}
    both = configuration(user=file)

    assert both.here("prod").kube.namespace == "models"
    assert both.here("prod").read_only
    assert both.here("dev").kube.namespace == "all-day"
    assert not both.here("dev").read_only


def test_the_file_of_the_person_goes_before_that_of_the_system() -> None:
    assert configuration(user={"theme": "mine"}, system={"theme": "ours"}).here().view.theme == "mine"
    assert configuration(system={"theme": "ours"}).here().view.theme == "ours"


def test_no_flag_takes_back_the_read_only_of_the_system() -> None:
    said = configuration(flags={"read_only": False}, user={"read_only": False}, system={"read_only": True})

    assert said.here().read_only
    assert said.here().forced_read_only
    assert not configuration(user={"read_only": True}).here().forced_read_only
    assert said.elsewhere("other").read_only


def test_the_system_can_guard_one_context_alone() -> None:
    said = configuration(flags={"read_only": False}, system={"contexts": {"prod": {"read_only": True}}})

    assert said.here("prod").read_only
    assert not said.here("dev").read_only


def test_write_takes_back_the_read_only_of_the_person() -> None:
    assert not configuration(flags={"read_only": False}, user={"read_only": True}).here().read_only


@pytest.mark.parametrize("content", [{"read_only": "maybe"}, "just text", ["a"]])
def test_what_cannot_be_understood_guards(content: object) -> None:
    settings = configuration(user=content).here()

    assert settings.read_only
    assert settings.notes


def test_a_wrong_key_is_named_and_the_right_one_offered() -> None:
    settings = configuration(user={"them": "nord", "mouse": "perhaps", "theme": "nord"}).here()

    assert settings.view.theme == "nord"
    assert settings.view.mouse
    assert any("did you mean theme?" in note for note in settings.notes)
    assert any("mouse must be true or false" in note for note in settings.notes)


def test_an_environment_variable_that_means_nothing_is_named() -> None:
    settings = configuration(environ={"KMON_THEEM": "x", "KMON_CONFIG": "/x", "KMON_E2E_POD": "p"}).here()

    assert settings.notes == ("KMON_THEEM means nothing to kmon-tui",)


def test_prometheus_url_of_the_environment_loses_its_user_info() -> None:
    prometheus = configuration(environ={"PROMETHEUS_URL": "http://me:s3cret@prom:9090"}).here().prometheus

    assert (prometheus.url, prometheus.found_by, prometheus.username) == ("http://prom:9090", "PROMETHEUS_URL", "me")
    assert prometheus.password == Secret("s3cret")
    assert "s3cret" not in repr(prometheus)


def test_a_password_of_the_file_never_reaches_a_prometheus_that_a_flag_names() -> None:
    file = {"prometheus": {"url": "https://prod", "username": "me", "password_file": "/pw", "headers_file": "/h"}}
    files = {"/pw": "s3cret\n", "/h": "X-Key: s3cret"}

    own = configuration(user=file, files=files).here().prometheus
    other = configuration(user=file, files=files, flags={"prometheus.url": "http://evil"}).here().prometheus

    assert own.password == Secret("s3cret")
    assert (other.username, other.password, other.headers) == (None, None, ())


def test_a_password_of_the_environment_goes_to_the_prometheus_that_a_flag_names() -> None:
    said = configuration({"prometheus.url": "http://prom"}, {"KMON_PROMETHEUS__PASSWORD": "s3cret"})

    assert said.here().prometheus.password == Secret("s3cret")


def test_a_missing_file_ends_the_call_only_if_the_call_named_it() -> None:
    by_file = configuration(user={"prometheus": {"url": "http://p", "password_file": "/gone"}}).here()

    assert any("cannot read /gone" in note for note in by_file.notes)
    with pytest.raises(SettingsError, match="cannot read /gone"):
        configuration({"prometheus.url": "http://p", "prometheus.password_file": Path("/gone")}).here()


def test_a_secret_in_the_file_itself_is_refused() -> None:
    settings = configuration(user={"prometheus": {"url": "http://p", "password": "s3cret"}}).here()

    assert settings.prometheus.password is None
    assert any("password_file" in note and "s3cret" not in note for note in settings.notes)


def test_another_context_gets_nothing_that_was_said_of_this_one() -> None:
    flags: dict[str, object] = {"token": Secret("t"), "server": "https://x", "user": "u", "theme": "nord"}
    said = configuration(
        {**flags, "prometheus.url": "http://here", "namespace": "mine"},
        user={"contexts": {"b": {"prometheus": "http://there"}}},
    )

    there = said.elsewhere("b")

    assert (there.kube.context, there.kube.token, there.kube.server, there.kube.user) == ("b", None, None, None)
    assert (there.kube.namespace, there.prometheus.url, there.view.theme) == (None, "http://there", "nord")


def test_a_namespace_takes_back_an_all_namespaces_of_a_weaker_source() -> None:
    assert not configuration({"namespace": "one"}, user={"all_namespaces": True}).here().kube.all_namespaces
    assert configuration({"all_namespaces": True}, user={"namespace": "one"}).here().kube.all_namespaces
    assert configuration({"all_namespaces": True, "namespace": "one"}).here().kube.all_namespaces


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "C"}, True),
        ({"LANG": ""}, True),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_CTYPE": "C.utf8"}, False),
    ],
)
def test_a_locale_without_utf8_means_ascii(environ: dict[str, str], ascii_only: bool) -> None:
    assert configuration(environ=environ).here().view.ascii is ascii_only
    assert configuration({"ascii": True}, environ).here().view.ascii


def test_the_terminal_is_known_by_its_environment() -> None:
    view = configuration(environ={"NO_COLOR": "1", "SSH_CONNECTION": "a b c d"}).here().view

    assert view.no_color
    assert view.over_ssh
