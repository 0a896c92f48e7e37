"""Trees of all services in trouble, from a bounded number of lists."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.watch import Around


async def reasons(
    client: KubeClient, groups: Groups, around: Around, troubled: Troubled
) -> Stream[Mapping[Key, ObjectTree]]:
    """Stream them."""
    while True:
        await troubled.changed()
        yield {}
