"""Parsed documents become manifests, or are refused with their place."""

from __future__ import annotations

import pytest

from kmon_tui.domain.manifest import ManifestError, Origin, manifests_of

ORIGIN = Origin("a.yaml", 2, 14)
GOOD: dict[str, object] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def test_an_empty_document_is_no_manifest() -> None:
    assert manifests_of(None, ORIGIN) == ()


def test_a_list_gives_its_items() -> None:
    found = manifests_of({"apiVersion": "v1", "kind": "List", "items": [GOOD, GOOD]}, ORIGIN)

    assert [one.kind for one in found] == ["ConfigMap", "ConfigMap"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no Kubernetes object"),
        ({"kind": "ConfigMap"}, "apiVersion is missing"),
        ({**GOOD, "kind": 3}, "kind is not a text"),
        ({**GOOD, "metadata": None}, "no metadata"),
        ({**GOOD, "metadata": {"generateName": "a-"}}, "generateName"),
        ({**GOOD, "metadata": {"name": 1}}, "metadata.name is not a text: 1"),
        ({**GOOD, "metadata": {"name": "../b"}}, "no name that an object can have"),
    ],
)
def test_what_cannot_be_an_object_says_where_it_stands(document: object, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifests_of(document, ORIGIN)

    assert "a.yaml, document 2 (line 14)" in caught.value.message
    assert words in caught.value.message
