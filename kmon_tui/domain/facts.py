"""What one object of the cluster says of itself, before anything is concluded from it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.conditions import Hearing
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Condition, Key, Mode, TrafficShare


@dataclass(frozen=True, slots=True)
class Failure:
    """``status.modelStatus.lastFailureInfo``; KServe never clears it, so it may tell of the past."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = None


class Facts(NamedTuple):
    """One InferenceService, LLMInferenceService or InferenceGraph as the API server holds it.

    A NamedTuple, because ten thousand of them are made at the start: it costs a quarter of a frozen dataclass.
    """

    key: Key
    uid: str = ""
    generation: int = 0
    created: datetime | None = None
    deleted: datetime | None = None
    """When its deletion was asked for; it stays while finalizers hold it."""
    conditions: tuple[Condition, ...] | Hearing = ()
    transition: str = ""
    """``modelStatus.transitionStatus``: UpToDate, InProgress, BlockedByFailedLoad, InvalidSpec."""
    failure: Failure | None = None
    mode: Mode = Mode.UNKNOWN
    runtime: str = ""
    format: str = ""
    protocol: str = ""
    url: str = ""
    address: str = ""
    traffic: tuple[TrafficShare, ...] = ()
    components: tuple[str, ...] = ()
    least_replicas: int = 0
    """Replicas that the spec asks for at least, all components together."""
    complaint: str = ""
    """What of its spec has no effect, though it says Ready."""
    by_keda: bool = False
    """It asks for KEDA, which makes a HorizontalPodAutoscaler for it if it can."""
