"""Names of services for a half-written command line: the cluster is asked once, and whatever fails says nothing."""

from __future__ import annotations

import asyncio
import os
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO

from kmon_tui.cli.answers import now
from kmon_tui.cli.arguments import said_of
from kmon_tui.cli.flags import split_command
from kmon_tui.cli.outside import open_live
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import KmonError
from kmon_tui.live.kubeconfig import check_place
from kmon_tui.oneshot import get
from kmon_tui.settings import Settings

WAIT_S = 3.0
"""Nobody who has pressed tab waits longer."""
_HERE = "the-word-that-is-asked-for"
_KINDS = {"llminferenceservice": "llm", "inferencegraph": "graph"}


def service_names(command: str, before: list[str]) -> list[str]:
    """Give the names that this command may take after the words before; none where one is there already."""
    try:
        with redirect_stderr(StringIO()):
            said = said_of(command, "kmon-tui", [*split_command(before)[1], _HERE])
    except SystemExit:  # the words before cannot be read: the command itself will say so
        return []
    names = said.pop("name", "")
    if (names[-1] if isinstance(names, list) else names) != _HERE or "demo" in said:
        return []
    try:
        settings = _settings(Start(command, said, dict(os.environ)))
        kube = replace(settings.kube, request_timeout_s=min(WAIT_S, settings.kube.request_timeout_s or WAIT_S))
        wish = get.Wish(form="name")
        answer = asyncio.run(get.get(open_live, replace(settings, kube=kube), wish, now))
    except (KmonError, KeyboardInterrupt):
        return []
    full = command == "forward"
    return sorted({_written(line, full=full) for line in answer.text.splitlines()})


def _settings(start: Start) -> Settings:
    """Give those of the context that is meant; a login plugin that wants to ask something is not run for this."""
    configuration = start.configure()
    return configuration.here(check_place(configuration.here().kube).context)


def _written(line: str, *, full: bool) -> str:
    """Give ``kubectl -o name``'s word as the command line takes it, and as short as that may be."""
    kind, _, name = line.partition("/")
    word = _KINDS.get(kind.partition(".")[0])
    if word is None:
        return f"isvc/{name}" if full else name
    return f"{word}/{name}"
