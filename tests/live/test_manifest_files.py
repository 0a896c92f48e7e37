"""YAML and JSON as kubectl reads them; what is wrong says document and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmon_tui.domain.manifest import ManifestError
from kmon_tui.live.manifest_files import parse_manifests, read_manifests

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def parsed(text: str) -> object:
    return parse_manifests(HEAD + text, "a.yaml")[0].body["data"]


def test_several_documents_are_counted_with_the_empty_ones() -> None:
    found = parse_manifests(f"{HEAD}---\n# nothing\n---\n{HEAD}", "a.yaml")

    assert [(one.origin.document, one.origin.line) for one in found] == [(1, 1), (3, 7)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-22", "2026-11-22"),
        ("1:30", "1:30"),
        ("0644", 420),
        ("1e3", 1000),
        ("yes", True),
        ('"1"', "1"),
        ("=", "="),
        ("0.5", 0.5),
    ],
)
def test_values_are_what_kubectl_takes_them_for(text: str, value: object) -> None:
    assert parsed(f"data: {{x: {text}}}") == {"x": value}


def test_a_field_that_stands_twice_is_refused_with_its_line() -> None:
    with pytest.raises(ManifestError, match=r"'x' stands twice \(line 6\)"):
        parsed("data:\n  x: 1\n  x: 2\n")


def test_broken_yaml_says_document_and_line() -> None:
    with pytest.raises(ManifestError, match=r"a.yaml, document 2 \(line 5, column 5\) is not YAML"):
        parse_manifests(f"{HEAD}---\na: b: c\n", "a.yaml")


def test_aliases_cannot_blow_it_up() -> None:
    lines = ["x0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(ManifestError, match="aliases"):
        parse_manifests(HEAD + "\n".join(lines), "a.yaml")


def test_a_document_within_itself_is_refused() -> None:
    with pytest.raises(ManifestError, match="nested too deeply"):
        parse_manifests(HEAD + "data: &a {x: *a}\n", "a.yaml")


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ManifestError, match="no number"):
        parsed("data: {x: .nan}")


def test_json_is_read_too() -> None:
    text = '{"apiVersion": "v1",\n\t"kind": "ConfigMap", "metadata": {"name": "a"}}'

    assert parse_manifests(text, "a.json")[0].name == "a"


def test_a_field_knows_its_line() -> None:
    found = parse_manifests(HEAD + "data:\n  x: 1\n", "a.yaml")[0]

    assert found.place_of("data.x") == "a.yaml line 5"
    assert found.place_of("not.there") == "a.yaml, document 1 (line 1)"


def test_a_folder_gives_its_manifests_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "notes.txt"):
        (tmp_path / name).write_text(HEAD.replace("name: a", f"name: {name[0]}"), encoding="utf-8")

    assert [one.name for one in read_manifests(str(tmp_path)).manifests] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe\x00", "not UTF-8"), (b"", "holds no objects"), (b"- 1\n", "no Kubernetes object")],
)
def test_a_file_that_is_no_manifest_says_so(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)

    with pytest.raises(ManifestError, match=words):
        read_manifests(str(path))


def test_a_missing_file_says_so() -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        read_manifests("/nowhere/a.yaml")


def test_a_file_of_a_folder_that_holds_other_things_is_skipped_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "jobs.yaml").write_text("- job_name: kserve\n- job_name: knative\n", encoding="utf-8")
    (tmp_path / "values.yaml").write_text("image: {tag: 1}\nimage2: x\n---\n", encoding="utf-8")
    (tmp_path / "dashboard.json").write_text('{"title": "KServe", "panels": []}', encoding="utf-8")

    found = read_manifests(str(tmp_path))

    assert [one.name for one in found.manifests] == ["a"]
    assert [Path(name).name for name in found.skipped] == ["dashboard.json", "jobs.yaml", "values.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: ConfigMap\nmetadata: {name: a}\n", "apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "kind is missing"),
        ("a: b: c\n", "is not YAML"),
        ("- 1\n---\napiVersion: v1\n", "no Kubernetes object"),
    ],
)
def test_half_an_object_and_broken_yaml_stay_errors_in_a_folder(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ManifestError, match=words):
        read_manifests(str(tmp_path))


def test_a_folder_of_other_things_alone_holds_no_objects(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("a: 1\n", encoding="utf-8")

    with pytest.raises(ManifestError, match="holds no objects"):
        read_manifests(str(tmp_path))
