"""Long messages of Kubernetes and KServe in little room: what says nothing goes, what tells stays."""

from __future__ import annotations

import re

from kmon_tui.render.cells import fit, middle

SAY_NOTHING = re.compile(
    r"""
    Storage\ initialization\ failed:\ |
    Failed\ to\ fetch\ model\.\ |
    Revision\ "[^"]*"\ failed\ with\ message:\ |
    Container\ failed\ with:\ |
    rpc\ error:\ code\ =\ \w+\ desc\ =\ |
    failed\ to\ (?:pull\ and\ unpack\ image|resolve\ reference)\ "[^"]*":\ |
    failed\ to\ create\ (?:containerd\ task|shim\ task):\ |
    OCI\ runtime\ create\ failed:\ |
    failed\ to\ get\ \w+\ utilization:\ |
    unable\ to\ get\ metrics\ for\ resource\ \w+:\ |
    unable\ to\ fetch\ metrics\ from\ resource\ metrics\ API:\ |
    \ preemption:\ 0/.*$
    """,
    re.VERBOSE,
)
"""Where a message came through, in the words of the storage initializer, Knative, containerd, the autoscaler and the
scheduler."""
TAINTED = re.compile(r"node\(s\) had untolerated taint \{[^}]*\}")
SAID_TWICE = re.compile(r"(?<!\S)(\S{8,300}): (?:[A-Z]+ )?\1: ")
"""An address, and the message of who asked for it, which names it once more."""
HOLDERS = re.compile(r" \(held by .*\)$")
"""Who has what is missing: told where there is room for it."""
END_SHARE = 0.6
"""Of a sentence that is cut: its end is the cause more often than its beginning."""


def telling(text: str) -> str:
    """Give the message without the words that only say where it came through, or say something twice."""
    return SAID_TWICE.sub(r"\1: ", TAINTED.sub("tainted", SAY_NOTHING.sub("", text)))


def without_own_names(text: str, name: str, width: int) -> str:
    """Give a sentence about a service without the names of its own objects, where it is too long for its line.

    The line stands below the service's own; in full they stand where the service is shown alone.
    """
    if len(text) <= width:
        return text
    own = rf"{re.escape(name)}-[\w.-]*\w"
    text = re.sub(rf"(?:^the | of ){own}(?: of)?", "", text)
    text = re.sub(rf"^(?:the )?(revision) {own}-(\d+)\b", r"\1 \2", text)
    return re.sub(rf"^{own}", "its pod", re.sub(rf"^(?:the )?(autoscaler|route) {own}", r"its \1", text))


def in_short(text: str, width: int, *, ellipsis: str = "…") -> str:
    """Give the message in at most ``width`` cells.

    Its first sentence goes before the others; when not even that fits, its
    middle goes: the beginning says what it is about, the end what is wrong.
    """
    text = telling(text)
    if len(text) > width:
        text = HOLDERS.sub("", text)
    sentence = text.partition(". ")[0]
    if len(sentence) > len(text) // 8 and fit(sentence, width, ellipsis="").rstrip() == sentence.rstrip():
        return fit(text, width, ellipsis=ellipsis).rstrip()
    return middle(sentence, width, ellipsis=ellipsis, end_share=END_SHARE)
