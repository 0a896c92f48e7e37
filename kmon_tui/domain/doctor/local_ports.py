"""Ports of this machine that forwards want, ours and those of the walk: is somebody else there, and what to do then."""

from __future__ import annotations

import shlex

from kmon_tui.domain.doctor.facts import PortFact
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.forward import ForwardSpec
from kmon_tui.domain.service import Key

WALK = "manifests/port-forward.sh"
"""Opens the ports of docs/walkthrough.md."""


def forward_port(spec: ForwardSpec, wanted_by: str) -> PortFact:
    """Give the port of a forward that somebody has or has saved."""
    return PortFact(spec.local_port, wanted_by, otherwise=f"kmon-tui forward {shlex.quote(str(spec.target))}")


def walk_ports(model: Key) -> tuple[PortFact, ...]:
    """Give the ports that the walk opens, to a model and to Prometheus."""
    to_model = f"{WALK} {shlex.quote(model.name)} -n {shlex.quote(model.namespace)} -p"
    return (
        PortFact(8080, "port-forward.sh NAME", otherwise=to_model),
        PortFact(9090, "port-forward.sh --prometheus", otherwise=f"{WALK} --prometheus -p"),
    )


def ports_finding(ports: tuple[PortFact, ...]) -> Finding:
    """Whether somebody else listens where forwards of ours, or the walk's, want to."""
    title, id_ = "local ports", "local.ports"
    if not ports:
        return Finding(id_, title, Status.SKIPPED, "no forward wants a port of its own")
    taken = [one for one in ports if one.taken and one.owner != "this kmon-tui" and "kubectl" not in one.owner]
    if not taken:
        return Finding(id_, title, Status.OK, f"{', '.join(str(one.port) for one in ports)} free, or ours")
    told = "; ".join(f"{one.port} is taken{f' by {one.owner}' if one.owner else ''}" for one in taken)
    other = [f"{one.otherwise} {_another(one.port)}    # or any other port" for one in taken if one.otherwise]
    fix = "\n".join((*other, *(f"ss -ltnp 'sport = :{one.port}'    # who it is" for one in taken)))
    evidence = tuple(f"{one.port}: wanted by {one.wanted_by}" for one in taken)
    return Finding(id_, title, Status.WARN, told, evidence, fix)


def _another(port: int) -> int:
    """Give a port that is seldom taken, and seen to be another one of the same."""
    return port + 10000 if port < 55000 else port - 10000
