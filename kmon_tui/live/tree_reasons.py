"""Trees of all services in trouble, from a bounded number of lists: nobody gets a watch of its own.

A round reads what is new in trouble (see ``tree_round.py``): one service costs some twenty requests, two hundred cost
fifty, and what is asked of single pods and names has a limit (see ``tree_words.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tree_round import Round
from kmon_tui.live.tree_words import Words

if TYPE_CHECKING:
    from kmon_tui.live.tree_peaks import PeaksOf

GAP_S = 15.0
"""At least so long between two rounds."""
PER_LIST_S = 3.0
"""And so long for each request that the last one took: twenty a minute."""
LONGEST_S = 30.0
"""But no longer: what is new in trouble is read to the end within a minute."""
ONCE_S = 10.0
"""Who looks only once waits no longer for further namespaces, where not all may be listed at once."""
REFRESH_S = 300.0
"""What stays in trouble is read again so often: warnings come without a change of the service."""
Gist = tuple[object, ...]


class Reasons:
    """Reads rounds and keeps what they found."""

    def __init__(self, client: KubeClient, groups: Groups, peaks_of: PeaksOf | None = None) -> None:
        self._client, self._groups = client, groups
        self._words = Words(client, peaks_of)
        self._glanced: dict[Key, Gist] = {}
        """For which state of a service its first lists were read, and in ``_seen`` all of it."""
        self._seen: dict[Key, Gist] = {}
        self._trees: dict[Key, ObjectTree] = {}
        self._glance_due_s = self._due_s = self._refreshed_s = float("-inf")

    async def follow(self, troubled: Troubled, *, at_once: bool) -> Stream[Mapping[Key, ObjectTree]]:
        """Stream the trees of what is in trouble; see ``backend.Trees``."""
        clock = self._clock
        began_s = clock()
        while True:
            rows = troubled.rows
            gone = self._forget(rows)
            if clock() - self._refreshed_s > REFRESH_S:
                self._seen.clear()
                self._refreshed_s = clock()
            unread = [row for row in rows if self._seen.get(row.key) != _gist(row)]
            new = [row for row in unread if self._glanced.get(row.key) != _gist(row)]
            whole, glance = bool(unread) and clock() >= self._due_s, bool(new) and clock() >= self._glance_due_s
            if whole or glance:
                await self._groups.ask()
                reading = Round(self._client, self._groups, unread if whole else new, self._words)
                await self._glance(reading, whole)
                if glance and at_once:
                    yield dict(self._trees)
                if whole:
                    await self._read(reading)
                    if not at_once and reading.left and clock() - began_s < ONCE_S:
                        self._due_s = clock()  # the next four namespaces
                        del reading
                        continue
                    yield dict(self._trees)
                del reading  # megabytes, of which the trees are kept
                continue
            if gone:
                yield dict(self._trees)
            if troubled.rows is rows:
                due_s = min([self._due_s, *([self._glance_due_s] if new else [])])
                await _wait(troubled, due_s - clock() if unread else REFRESH_S if rows else None)

    async def _glance(self, reading: Round, whole: bool) -> None:
        """Read what tells most causes. ``whole``: the rest comes next, and until then what was read whole stays."""
        first = await reading.first()
        known = {key for key, tree in self._trees.items() if whole and not tree.shallow}
        self._trees |= {key: tree for key, tree in first.items() if key not in known}
        self._glanced |= {row.key: _gist(row) for row in reading.rows}
        self._glance_due_s = self._clock() + max(GAP_S, PER_LIST_S * reading.asked)

    async def _read(self, reading: Round) -> None:
        """Read the rest of it."""
        rest = await reading.rest()
        known = {key for key in reading.left if key in self._trees and not self._trees[key].shallow}
        self._trees |= {key: tree for key, tree in rest.items() if key not in known}
        later = self._words.unread | reading.left
        self._seen |= {row.key: _gist(row) for row in reading.rows if row.key not in later}
        self._due_s = self._clock() + min(LONGEST_S, max(GAP_S, PER_LIST_S * reading.asked))

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()

    def _forget(self, rows: Sequence[InferenceService]) -> bool:
        """Forget what is no longer in trouble, and say whether there was any."""
        gone = self._trees.keys() - {row.key for row in rows}
        for key in gone:
            del self._trees[key]
            self._seen.pop(key, None)
            self._glanced.pop(key, None)
            self._words.forget(key)
        return bool(gone)


def _gist(row: InferenceService) -> Gist:
    """Give what a reading may depend on; one more restart of a container that crashes is none of that."""
    pods = tuple((pod.uid, pod.trouble, pod.ready) for pod in row.pods)
    return row.uid, row.generation, row.readiness, row.reason, row.complaint, row.since, pods


async def _wait(troubled: Troubled, longest_s: float | None) -> None:
    """Wait until other services are in trouble, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await troubled.changed()
