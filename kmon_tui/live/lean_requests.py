"""prometheus-api-client over requests without the guessing of character sets, which Prometheus' JSON never needs.

requests does without it where it is not installed; its tables take 3 MB.
"""

from __future__ import annotations

import sys
import warnings

_GUESSING = ("chardet", "charset_normalizer")


def _import_requests() -> None:
    left_out = [name for name in _GUESSING if name not in sys.modules]
    for name in left_out:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python spells that an import fails
    try:
        # It warns on stderr, which is the screen.
        warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
        import requests  # noqa: F401  (only now: see above)
    finally:
        for name in left_out:
            del sys.modules[name]


_import_requests()

from prometheus_api_client import PrometheusConnect  # noqa: E402  (only now: see above)

__all__ = ["PrometheusConnect"]
