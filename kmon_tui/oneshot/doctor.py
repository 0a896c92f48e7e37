"""`kmon-tui doctor [NAME]`: what keeps numbers away, as findings with their fixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.doctor.facts import Case, PortFact
from kmon_tui.domain.doctor.finding import Report, Status
from kmon_tui.domain.doctor.local_ports import forward_port, walk_ports
from kmon_tui.domain.errors import Forbidden, Unreachable
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.names import Wanted
from kmon_tui.domain.service import Key, Kind
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.render.doctor import report_text
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.settings import Settings
from kmon_tui.settings.forwards import ForwardsFile

FORMATS = ("table", "json", "yaml")
FINE, FOUND = 0, 1
FIRST_MODEL = Key(Kind.ISVC, "default", "sklearn-iris")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted | None = None
    form: str = "table"
    ascii_only: bool = False


async def doctor(open_backend: OpenBackend, settings: Settings, wish: Wish, forwards: ForwardsFile) -> Answer:
    """Examine once. Exit code 0: nothing to do; 1: a finding. Raises BackendError when it cannot look at all."""
    async with open_backend(settings) as backend:
        if backend.doctor is None:
            raise Unreachable("nothing can be examined here")
        case = await _case(backend, settings, wish.wanted, forwards)
        report = await backend.doctor.examine(case, backend.metrics, lambda _: None)
    code = FOUND if report.has_finding else FINE
    return Answer(write(report, wish.form, ascii_only=wish.ascii_only), code=code)


async def _case(backend: Backend, settings: Settings, wanted: Wanted | None, forwards: ForwardsFile) -> Case:
    """Look at the services first; without the right to list them the rest is still worth looking at."""
    read_only = bool(backend.place.read_only)
    namespace = None if settings.kube.all_namespaces else backend.place.namespace

    def ports(key: Key | None) -> tuple[PortFact, ...]:
        return () if settings.demo else wanted_ports(forwards, backend.place.context, key or FIRST_MODEL)

    try:
        fleet = await complete_fleet(backend, settings)
    except Forbidden as error:
        if wanted is not None:
            raise
        return Case((), namespace, None, ports(None), error.message, read_only)
    key = _key(fleet, wanted)
    first = next((one.key for one in fleet.services if one.key.kind is Kind.ISVC), None)
    return Case(fleet.services, fleet.namespace, key, ports(key or first), read_only=read_only)


def wanted_ports(forwards: ForwardsFile, context: str, model: Key) -> tuple[PortFact, ...]:
    """Give the ports of the saved forwards, and those that the walk opens to a model and to Prometheus."""
    saved, _ = forwards.read(context)
    own = tuple(forward_port(one, f"the saved forward {one.name}") for one in saved if one.local_port)
    known = {one.port for one in own}
    return (*own, *(one for one in walk_ports(model) if one.port not in known))


def _key(fleet: Fleet, wanted: Wanted | None) -> Key | None:
    return None if wanted is None else chosen(fleet, wanted).key


def write(report: Report, form: str, *, ascii_only: bool = False) -> str:
    """Write a report in one format."""
    if form == "json":
        return json_text(document(report), ascii_only=ascii_only)
    if form == "yaml":
        return yaml_text(document(report))
    return report_text(report, ascii_only=ascii_only)


def document(report: Report) -> dict[str, Any]:
    """Give what JSON shows; text that is not there is empty."""
    key = report.key
    return {
        "context": report.context,
        "service": None if key is None else {"kind": str(key.kind), "namespace": key.namespace, "name": key.name},
        "time": report.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "counts": {status.value: report.count(status) for status in Status},
        "findings": [
            {
                "id": one.id,
                "title": one.title,
                "status": one.status.value,
                "text": one.text,
                "evidence": list(one.evidence),
                "fix": one.fix,
            }
            for one in report.findings
        ],
    }
