"""The sources files of a machine, read in both spellings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import apt

STANZA = """# a comment
Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/mirror.gpg

Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm
Components: main
"""
LINE = """deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib # ours
# deb http://x.test/ y z
"""


def test_a_stanza_is_one_archive_and_sources_of_source_code_are_left_out() -> None:
    (archive,) = apt.parse_stanzas(STANZA)

    assert archive.uri == "http://mirror.test/debian"
    assert archive.suites == ("bookworm", "bookworm-updates")
    assert archive.signed_by == "/usr/share/keyrings/mirror.gpg"


def test_a_line_is_one_archive_and_a_commented_one_is_left_out() -> None:
    (archive,) = apt.parse_lines(LINE)

    assert archive == apt.Source("http://mirror.test/debian", ("bookworm",), ("main", "contrib"), "/k.gpg")


def test_another_release_comes_from_the_same_mirror_with_the_same_key() -> None:
    text = apt.private_sources("trixie", list(apt.parse_stanzas(STANZA)))

    assert text == "deb [signed-by=/usr/share/keyrings/mirror.gpg] http://mirror.test/debian trixie main\n"


def test_extra_archives_of_the_machine_are_not_asked() -> None:
    extra = apt.Source("http://extra.test/repo", ("stable",), ("main",))

    text = apt.private_sources(None, [*apt.parse_stanzas(STANZA), extra])

    assert text.count("http://mirror.test/debian") == 2
    assert "extra.test" not in text


def test_another_release_cannot_be_had_without_a_mirror_of_debian() -> None:
    with pytest.raises(apt.AptError, match="no mirror of Debian"):
        apt.private_sources("sid", [apt.Source("http://mirror.test/ubuntu", ("noble",), ("main",))])


def test_both_kinds_of_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(LINE)
    (tmp_path / "sources.list.d" / "a.sources").write_text(STANZA)

    assert len(apt.sources(tmp_path)) == 2
