"""PromQL: queries over samples in memory, with the answers that Prometheus gives.

Here belongs what a query means: selecting, windows, functions, aggregation, matching.
Never: HTTP, scraping, a clock.
"""

from kmon_tui.sandbox.promql.dialect import Dialect, dialect_of
from kmon_tui.sandbox.promql.engine import Engine
from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.samples import Samples, Series

__all__ = ["Dialect", "Engine", "PromqlError", "Samples", "Series", "dialect_of"]
