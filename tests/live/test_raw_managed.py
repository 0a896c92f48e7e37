"""Of many objects the managedFields are left out, except where they tell how long a controller has been silent."""

from __future__ import annotations

import json
from typing import Any

from kmon_tui.live.raw import RawCodec

_WRITTEN = [{"manager": "kserve-manager", "operation": "Update", "time": "2026-11-28T12:43:18Z"}]


def test_who_wrote_what_is_left_out_of_lists_of_many() -> None:
    found = _read(_deployment(generation=2, seen=2))

    assert "managedFields" not in found["metadata"]


def test_it_is_kept_of_what_its_controller_has_yet_to_look_at() -> None:
    found = _read(_deployment(generation=2, seen=1))

    assert found["metadata"]["managedFields"] == _WRITTEN


def test_services_copy_another_number_and_are_left_without() -> None:
    found = _read({**_deployment(generation=5, seen=2), "kind": "InferenceService"})

    assert "managedFields" not in found["metadata"]


def _deployment(generation: int, seen: int) -> dict[str, Any]:
    metadata = {"name": "iris-predictor", "generation": generation, "managedFields": _WRITTEN}
    return {"kind": "Deployment", "metadata": metadata, "status": {"observedGeneration": seen}}


def _read(obj: dict[str, Any]) -> Any:
    return RawCodec("Deployment", "apps/v1", managed=False).thing(json.dumps(obj).encode()).object
