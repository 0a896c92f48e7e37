"""forwards.yaml: what is saved comes back, for its owner's eyes only, and a broken file is never lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.forward import ForwardSpec, parse_target
from kmon_tui.settings.forwards import ForwardsFile

IRIS = ForwardSpec("iris", parse_target("models/isvc/iris@transformer"), 8081, autostart=True)
GRAFANA = ForwardSpec("grafana", parse_target("monitoring/svc/grafana:http"), shared=True)


def test_what_is_saved_comes_back_in_its_own_context(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "new" / "forwards.yaml")
    file.put("prod", IRIS)
    file.put("prod", GRAFANA)
    file.put("test", GRAFANA)

    assert file.read("prod") == ((IRIS, GRAFANA), "")
    assert file.read("test") == ((GRAFANA,), "")
    assert file.read("else") == ((), "")


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "forwards.yaml")
    file.put("prod", IRIS)

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["forwards.yaml"]


def test_one_is_replaced_by_its_name_and_removed_by_it(tmp_path: Path) -> None:
    file = ForwardsFile(tmp_path / "forwards.yaml")
    file.put("prod", IRIS)
    file.put("prod", ForwardSpec("iris", IRIS.target, 9000))
    assert [one.local_port for one in file.read("prod")[0]] == [9000]

    file.remove("prod", "iris")
    assert file.read("prod") == ((), "")


def test_what_another_kmon_tui_saved_meanwhile_stays(tmp_path: Path) -> None:
    one, other = ForwardsFile(tmp_path / "forwards.yaml"), ForwardsFile(tmp_path / "forwards.yaml")
    one.put("prod", IRIS)
    other.put("prod", GRAFANA)
    one.remove("prod", "iris")

    assert other.read("prod")[0] == (GRAFANA,)


@pytest.mark.parametrize("content", ["contexts: [", "- a list", "contexts: 7", "\xff"])
def test_a_broken_file_is_said_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "forwards.yaml"
    path.write_text(content, encoding="latin-1")
    file = ForwardsFile(path)

    specs, note = file.read("prod")
    file.put("prod", IRIS)

    assert specs == ()
    assert "forwards.yaml.invalid" in note
    assert (tmp_path / "forwards.yaml.invalid").read_text(encoding="latin-1") == content
    assert file.read("prod") == ((IRIS,), "")


def test_one_broken_entry_does_not_take_the_others_along(tmp_path: Path) -> None:
    path = tmp_path / "forwards.yaml"
    path.write_text("contexts:\n  prod:\n  - {target: node/x}\n  - {target: 7}\n  - {name: iris, target: isvc/iris}\n")

    specs, note = ForwardsFile(path).read("prod")

    assert [one.name for one in specs] == ["iris"]
    assert "entry 1" in note
    assert "entry 2" in note
    assert (tmp_path / "forwards.yaml.invalid").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(KmonError, match="cannot write"):
        ForwardsFile(tmp_path / "forwards.yaml").put("prod", IRIS)


def test_a_place_where_no_file_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KmonError, match="cannot write"):
        ForwardsFile(tmp_path / "file" / "forwards.yaml").put("prod", IRIS)
