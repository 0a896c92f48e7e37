"""The config files on the disk: missing, broken, huge, and where they are."""

from pathlib import Path

from kmon_tui.settings.load import load_configuration, read_config
from kmon_tui.settings.paths import Paths, paths_of


def paths(folder: Path) -> Paths:
    """Give paths that lie in one folder."""
    return Paths(folder / "config.yaml", folder / "system.yaml", folder / "state", folder / "cache")


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load_configuration({}, {}, paths(tmp_path)).here().notes == ()


def test_a_broken_file_is_said_kept_and_guards(tmp_path: Path) -> None:
    text = "theme: nord\n  bad: [\n"
    (tmp_path / "config.yaml").write_text(text)

    settings = load_configuration({}, {}, paths(tmp_path)).here()

    assert settings.view.theme is None
    assert settings.read_only
    assert "config.yaml line 2 is not YAML" in settings.notes[0]
    assert (tmp_path / "config.yaml.invalid").read_text() == text


def test_a_broken_file_of_the_system_cannot_be_written_over(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text("read_only: [")

    assert load_configuration({"read_only": False}, {}, paths(tmp_path)).here().read_only


def test_a_file_that_kmon_config_names_must_exist(tmp_path: Path) -> None:
    places = paths_of({"KMON_CONFIG": str(tmp_path / "other.yaml")}, tmp_path / "system.yaml")

    settings = load_configuration({}, {"KMON_CONFIG": str(places.config)}, places).here()

    assert places.config == tmp_path / "other.yaml"
    assert "does not exist" in settings.notes[0]


def test_odd_files_are_said_and_never_raise(tmp_path: Path) -> None:
    for name, content in (("latin", b"theme: \xe9\n"), ("tabs", b"\ttheme: x"), ("tag", b"a: !!python/object:os.x {}")):
        (tmp_path / name).write_bytes(content)

        assert read_config(tmp_path / name).broken, name
    assert read_config(tmp_path).broken
    assert not read_config(tmp_path / "latin" / "below").broken


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("# nothing yet\n")

    assert read_config(tmp_path / "config.yaml").notes == ()
