"""Looks whether somebody listens on a local port already. Blocking, so in a thread."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace

from kmon_tui.domain.doctor.facts import PortFact
from kmon_tui.live.port_owner import owner_of


def looked_at(ports: tuple[PortFact, ...]) -> tuple[PortFact, ...]:
    """Say of each port whether it is taken, and by whom as far as /proc tells."""
    return tuple(_looked(one) for one in ports)


def _looked(port: PortFact) -> PortFact:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port.port))
        except PermissionError:
            return replace(port, taken=True, owner="nobody but root may listen there")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return replace(port, taken=True, owner=owner_of(port.port))
            # This machine has no IPv6: nothing can be in the way there.
    return port
