"""When an autoscaler says that it cannot do its work: the same for a row of the fleet and for a diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kmon_tui.domain.service import Condition

IDLE = frozenset({"ScalingDisabled", "NoTraffic"})
"""Reasons of an autoscaler whose target is scaled to zero."""
_TELLING = ("Ready", "ScalingActive", "AbleToScale")
"""Conditions of a ScaledObject and of a HorizontalPodAutoscaler, the most telling first."""


def can_scale(least: int | None, most: int | None) -> bool:
    """Tell whether an autoscaler with these bounds of replicas could ever do anything; one without a bound could.

    KServe makes one for every service, by default of one pod at least and at
    most: that it cannot read its metric then does no harm to anybody.
    """
    return most is None or most > (1 if least is None else least)


def failing(conditions: Mapping[str, Condition]) -> Iterator[Condition]:
    """Give the conditions that tell of a failure; by type as they came."""
    for type_ in _TELLING:
        condition = conditions.get(type_)
        if condition is not None and condition.status == "False" and condition.reason not in IDLE:
            yield condition
