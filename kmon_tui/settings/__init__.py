"""Settings: what a person configured, from argv, environment and config file.

Here belong the frozen values and the way to them; ``cli`` decides when files are read.
Never: the network, the screen, a value that shows a secret in its repr.
"""

from kmon_tui.settings.values import (
    Credential,
    KubeSettings,
    LogSettings,
    PredictSettings,
    PrometheusSettings,
    Secret,
    Settings,
    ViewSettings,
)

__all__ = [
    "Credential",
    "KubeSettings",
    "LogSettings",
    "PredictSettings",
    "PrometheusSettings",
    "Secret",
    "Settings",
    "ViewSettings",
]
