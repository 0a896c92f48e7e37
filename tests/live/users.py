"""Kubeconfigs with one context, for one way of logging in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def kubeconfig_of(folder: Path, user: dict[str, Any]) -> Path:
    """Write the kubeconfig of this user."""
    path = folder / "kubeconfig"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://a.example"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path
