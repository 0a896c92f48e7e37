"""The ways that a request takes to a model."""

from __future__ import annotations

from enum import StrEnum


class Via(StrEnum):
    """The ways a request may travel."""

    FORWARD = "forward"
    """Through a tunnel of our own to a ready pod; nothing else on this machine can use it."""
    URL = "url"
    """To the address in the service's status."""
    INGRESS = "ingress"
    """To a gateway that is named, with the service's Host header."""

    @property
    def wakes(self) -> bool:
        """Whether a request on this way wakes a service that is scaled to zero."""
        return self is not Via.FORWARD
