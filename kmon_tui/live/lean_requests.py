"""prometheus-api-client over requests without the guessing of character sets, which Prometheus' JSON never needs.

requests does without it where it is not installed; its tables take 3 MB.
"""

from __future__ import annotations

import warnings

from kmon_tui.live.left_out import left_out

# It warns on stderr, which is the screen.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
with left_out("chardet", "charset_normalizer"):
    from prometheus_api_client import PrometheusConnect

__all__ = ["PrometheusConnect"]
