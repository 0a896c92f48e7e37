"""What no object tells and a diagnosis may use: what the model answers, and how much memory a container had."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import Answer, Object, Peak
from kmon_tui.live.kube import KubeClient

if TYPE_CHECKING:
    from kmon_tui.live.tree_peaks import PeaksOf


class Beside:
    """The newest of both, for one service."""

    def __init__(self, client: KubeClient, key: Key, peaks_of: PeaksOf | None) -> None:
        self._client, self._key, self._peaks_of = client, key, peaks_of
        self.answers: tuple[Answer, ...] = ()
        self.peaks: tuple[Peak, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether the model did not say yes: nothing in the cluster changes when it does."""
        return any(answer.status != 200 for answer in self.answers)

    async def ask(self, root: Object | None, pods: Iterable[Object]) -> None:
        """Ask anew."""
        from kmon_tui.live.tree_answers import answers  # late: it brings httpx
        from kmon_tui.live.tree_peaks import peaks

        known = tuple(pods)
        self.answers, self.peaks = await asyncio.gather(
            answers(self._client, self._key, root, known), peaks(self._peaks_of, self._key.namespace, known)
        )
