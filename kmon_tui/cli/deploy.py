"""`kmon-tui deploy -f PATH`: wires the one-shot to the outside, and asks whoever sits at the terminal."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from kmon_tui.cli import out
from kmon_tui.cli.answers import now, put
from kmon_tui.cli.manifests import manifests_of
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.manifest import Bundle
from kmon_tui.domain.rollout import WAIT_S
from kmon_tui.oneshot.deploy import Wish, deploy
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.plans import FORMATS
from kmon_tui.settings.parse import duration_s


def run(start: Start) -> int:
    """Deploy, and give the exit code."""
    wish = Wish(
        bundle=Bundle(()),
        wait_s=_wait_s(start.text("wait")),
        yes=start.switched_on("yes"),
        dry_run=start.switched_on("dry_run"),
        force=start.switched_on("force_conflicts"),
        form=checked(start.text("output", "text"), FORMATS),
        defaults=start.switched_on("defaults"),
        skip_unknown=start.switched_on("skip_unknown"),
        ascii_only=not out.stdout_is_utf8(),
    )
    _check_person(start, wish)
    wish = replace(wish, bundle=manifests_of(start))
    with outside(start) as (open_backend, settings):
        answer = asyncio.run(deploy(open_backend, settings, wish, Terminal(), now))
    return put(answer)


class Terminal:
    """Whoever sits there: words go to standard error, answers come from standard input."""

    def tell(self, text: str) -> None:
        """Write it as it is: it was cleaned where it was made."""
        for line in text.splitlines():
            sys.stderr.write(f"{''.join(char if char.isprintable() else ' ' for char in line)}\n")
        sys.stderr.flush()

    def agrees(self, question: str, name: str = "") -> bool:
        """Ask; everything but yes, or the name where one is wanted, means no."""
        how = f"type {name} to do it" if name else "y/N"
        sys.stderr.write(f"{''.join(char if char.isprintable() else ' ' for char in question)} [{how}] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        return answer == name if name else answer.lower() in {"y", "yes"}


def _check_person(start: Start, wish: Wish) -> None:
    """Refuse to write when nobody can be asked. Raises SettingsError."""
    if wish.yes or wish.dry_run:
        return
    sources = start.said.get("file")
    reads_manifest = isinstance(sources, list) and "-" in sources
    if reads_manifest or sys.__stdin__ is None or not sys.__stdin__.isatty():
        why = "standard input is the manifest" if reads_manifest else "standard input is no terminal"
        raise SettingsError(f"nobody can be asked, for {why}: nothing was written", "Say --yes, or --dry-run to look.")


def _wait_s(text: str) -> float:
    if not text:
        return WAIT_S
    try:
        return duration_s(text)
    except ValueError as error:
        raise SettingsError(f"--wait {error}", "Write it as 300s or 5m; 0 does not wait.") from None
