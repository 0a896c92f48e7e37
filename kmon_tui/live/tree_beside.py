"""What no object tells and a diagnosis may use: what the model answers, how much memory a container had,
and whether what is named exists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kmon_tui.domain.peek import of_kind
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import Answer, Object, Peak
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tree_named import Names, look_up
from kmon_tui.live.tree_question import answers, question

if TYPE_CHECKING:
    from kmon_tui.live.tree_peaks import PeaksOf


class Beside:
    """The newest of all three, for one service."""

    def __init__(self, client: KubeClient, key: Key, peaks_of: PeaksOf | None) -> None:
        self._client, self._key, self._peaks_of = client, key, peaks_of
        self.answers: tuple[Answer, ...] = ()
        self.peaks: tuple[Peak, ...] = ()
        self.names = Names()

    @property
    def doubtful(self) -> bool:
        """Whether the model did not say yes: nothing in the cluster changes when it does."""
        return any(answer.status != 200 for answer in self.answers)

    async def ask(self, root: Object | None, objects: Iterable[Object]) -> None:
        """Ask anew; ``objects`` are the service's own, and its accounts."""
        from kmon_tui.live.tree_peaks import peaks

        known = tuple(objects)
        pods, space = of_kind(known, "Pod"), self._key.namespace
        self.answers, self.peaks, self.names = await asyncio.gather(
            answers(self._client, question(self._key, root, pods)),
            peaks(self._peaks_of, space, pods),
            look_up(self._client, space, root, known),
        )
