"""The packs: what each family of metrics is called, in which unit, and what its numbers mean. Data, in one place.

Here belongs every name of a foreign metric that kmon-tui reads.
Never: a question, a number, a decision between two families.
"""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.traffic import Family
from kmon_tui.live.packs.dialect import Dialect
from kmon_tui.live.packs.ingress import ACTIVATOR, ACTIVATOR_S, ENVOY, ISTIO
from kmon_tui.live.packs.knative import ALIAS, KNATIVE_MS, KNATIVE_S
from kmon_tui.live.packs.servers import MLSERVER, SDK, TORCHSERVE, TRITON, VLLM

DIALECTS: Mapping[Family, Dialect] = {
    dialect.family: dialect
    for dialect in (
        ALIAS, KNATIVE_MS, KNATIVE_S, VLLM, SDK, MLSERVER, TRITON, TORCHSERVE, ISTIO, ENVOY, ACTIVATOR,
        ACTIVATOR_S,
    )
}  # fmt: skip
"""Best first."""

BY_COUNTER: Mapping[str, Dialect] = {name: dialect for dialect in DIALECTS.values() for name in dialect.counters}
