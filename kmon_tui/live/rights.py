"""What may not be done in a namespace, for the keys that do it: one review of the own rights, seldom more."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.doctor.facts import Right
from kmon_tui.domain.doctor.rights import FEATURES
from kmon_tui.domain.doings import Doing
from kmon_tui.live.asking import Ask
from kmon_tui.live.doctor_rights import missing_rights
from kmon_tui.live.kube import KubeClient

_FORWARD = (Right("list", "pods"), Right("create", "pods/portforward"))
_DEPLOY = next(feature.rights for feature in FEATURES if feature.id == "deploy")
_NEEDED = {Doing.FORWARD: _FORWARD, Doing.DEPLOY: _DEPLOY}


class KubeRights:
    """Asks the API server about the own rights."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def missing(self, namespace: str) -> Mapping[Doing, str]:
        """Give the first right that is missing for each thing that cannot be done. Raises BackendError."""
        wanted = tuple(dict.fromkeys(right for rights in _NEEDED.values() for right in rights))
        refused = await missing_rights(self._client, namespace, wanted)
        found: dict[Doing, str] = {}
        for doing, rights in _NEEDED.items():
            lacking = next((right for right in rights if right in refused), None)
            if lacking is not None:
                group = f".{lacking.group}" if lacking.group else ""
                found[doing] = str(Ask(lacking.verb, f"{lacking.resource}{group}", namespace))
        return found
