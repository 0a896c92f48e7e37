"""What keys do that not everybody may do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias


class Doing(StrEnum):
    """Something that needs a right of its own."""

    FORWARD = "forward"
    """Also to send a request through a tunnel."""
    DEPLOY = "deploy"


Lacks: TypeAlias = Mapping[str, Mapping[Doing, str]]
"""By namespace: what may not be done there, each with the right that is missing. Others were not asked about."""
