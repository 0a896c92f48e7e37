"""Versions as programs write them: v1.21.1, 1.31.4-gke.100, kserve/kserve-controller:v0.15.0."""

from __future__ import annotations

import re

Version = tuple[int, int, int]

OPENTELEMETRY: Version = (1, 19, 0)
"""From this Knative on its metrics are OpenTelemetry's, and off until they are switched on."""


def version_of(text: str) -> Version | None:
    """Read the first three numbers; None when it is none, as a digest is."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def tag_of(image: str) -> str:
    """Give the tag of an image; empty where it has none or only a digest."""
    name = image.partition("@")[0]
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return tag if colon else ""


def words(version: Version) -> str:
    """Write it without the third number, as people name it."""
    return f"{version[0]}.{version[1]}"
