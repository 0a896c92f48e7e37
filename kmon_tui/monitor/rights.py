"""Which keys would be refused: asked once for each namespace that somebody looks at, and for few of those."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from kmon_tui.backend import Rights
from kmon_tui.domain.errors import BackendError, Forbidden
from kmon_tui.domain.fleet import Fleet
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.store import Store

MOST_NAMESPACES = 20
CALM_S = 0.5
"""The selection stays so long before it is asked about: scrolling asks nothing."""


async def follow_rights(store: Store, interest: Looked, rights: Rights, calm_s: float = CALM_S) -> None:
    """Keep ``State.lacks`` until cancelled."""
    await store.wait_for(lambda state: state.fleet if _is_known(state.fleet) else None)
    asked: set[str] = set()
    while True:
        await asyncio.sleep(calm_s)
        key = interest.selected
        namespace = key.namespace if key is not None else store.state.fleet.namespace
        if namespace is not None and namespace not in asked and len(asked) < MOST_NAMESPACES:
            asked.add(namespace)
            try:
                missing = await rights.missing(namespace)
            except BackendError:
                missing = {}  # not known: no key is dimmed for that
            store.put(replace(store.state, lacks={**store.state.lacks, namespace: missing}))
        if interest.selected == key:
            await interest.changed()


def _is_known(fleet: Fleet) -> bool:
    """Whether the API server has answered about the services, if only that nobody may see them."""
    return fleet.synced or fleet.health.kind == Forbidden.__name__
