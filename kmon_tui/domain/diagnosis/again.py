"""Having a controller look at an object again: any change of it is enough, and ours must be one each time."""

from __future__ import annotations

from kmon_tui.domain.diagnosis.finding import kubectl
from kmon_tui.domain.diagnosis.reading import node, ref_of, text
from kmon_tui.domain.service import Kind
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Try

KEY = "kmon-look-again"


def count(obj: Object, where: str) -> int:
    """Give the number that comes after the one in its ``labels`` or ``annotations``: 1 where nobody tried before."""
    last = text(node(obj, "metadata", where), KEY)
    return int(last) + 1 if last.isdecimal() and last.isascii() else 1


def labelled(obj: Object, kind: str) -> str:
    """Write the command that changes a label of an object."""
    return _written(obj, kind, "label", count(obj, "labels"))


def annotated(obj: Object, kind: str) -> str:
    """Write the command that changes an annotation of an object, which nobody hands on."""
    return _written(obj, kind, "annotate", count(obj, "annotations"))


def by_kserve(root: Object, ref: Ref) -> Try:
    """Suggest to make KServe look at a service again."""
    # KServe hands labels of an InferenceService on to its pods, and those of an LLM it does not.
    rolls = "; KServe hands it on to new pods, so they are rolled out" if ref.kind == Kind.ISVC else ""
    return Try(f"make KServe look again (a label is enough{rolls})", labelled(root, ref.kind.lower()))


def _written(obj: Object, kind: str, verb: str, number: int) -> str:
    ref = ref_of(obj)
    return kubectl(verb, kind, ref.name, f"{KEY}={number}", "--overwrite", namespace=ref.namespace)
