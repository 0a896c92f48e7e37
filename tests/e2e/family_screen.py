"""The program in a terminal over services of every family: what stands in their rows and in their Metrics views."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kmon_tui.domain.service import Kind
from tests.e2e import isvcs
from tests.e2e.family_cases import Case
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import KMON, plain_environment, running_sandbox
from tests.e2e.terminal import Terminal

SOURCES = {
    "kserve-alias": "kserve_request_*",
    "knative-ms": "revision_request_*",
    "knative-s": "http_server_request_duration",
    "kserve-sdk": "request_predict_seconds",
    "mlserver": "model_infer_request_*",
    "triton": "nv_inference_request_*",
    "torchserve": "ts_inference_*",
    "vllm": "vllm:request_*",
}
"""What a heading calls each family."""
_REQUESTS = re.compile(r"requests/s (\S+)  err (\S+?)%? \((users|pods)\)(?:, (\S+)% \(pods\))? ─+ (\S+)")
_LATENCY = re.compile(r"latency (?:p50 (\S+)  p90 (\S+)  p99 (\S+)|mean (\S+)) ─")
Row = dict[str, str]
_NEWEST = re.compile(r"buckets  (\S+) requests in the last (\d+)s")
_UNITS = {"ms": 1.0, "s": 1000.0, "k": 1000.0, "M": 1e6, "": 1.0}


@dataclass(frozen=True, slots=True)
class Headings:
    """What stands above the drawings of a Metrics view, as text."""

    requests: str
    errors: str
    """As the pods saw it."""
    latency: tuple[str, ...]
    """p50, p90 and p99; or a mean alone."""
    newest: str
    """Requests in the newest column of the heat map; empty without one."""
    newest_s: float
    """How much time that column holds."""


def nearly(text: str, value: float | tuple[float, float], share: float) -> bool:
    """Say whether a number that was rounded for people can be that value (or between two), give or take a share."""
    found = re.fullmatch(r"(\d*\.?\d+)(ms|s|k|M|)", text)
    if found is None:
        return False
    unit = _UNITS[found[2]]
    half = 0.5 * 10.0 ** -len(found[1].partition(".")[2])
    low, high = (unit * (float(found[1]) + part) for part in (-half, half))
    least, most = value if isinstance(value, tuple) else (value, value)
    return low * (1 - share) <= most and least <= high * (1 + share)


@dataclass(slots=True)
class FamilyScreen:
    """One run of the program, led from family to family and from service to service."""

    terminal: Terminal
    cases: Sequence[Case]
    _family: str = "best"

    @property
    def names(self) -> list[str]:
        """All services, as they are sorted."""
        return sorted({case.pod.name for case in self.cases})

    def row(self, case: Case, fits: Callable[[Row], bool]) -> Row:
        """Give the cells of a service, by column, once they fit; or those of the last moment.

        A new family comes with the next tick, and its numbers reach rows, pane and heading one after the other.
        """
        family = case.family.value
        if self._family != family:
            self._choose(family)
            # One that would show another family if nobody had chosen this one.
            self._select([one for one in self.cases if one.family is case.family][-1])
            self.terminal.wait_for(lambda seen: _tells(seen, family), 60)
        self._wait(lambda: fits(_rows(self.terminal)[case.pod.name]))
        return _rows(self.terminal)[case.pod.name]

    def headings(self, case: Case, fits: Callable[[Headings], bool]) -> Headings:
        """Open the Metrics view of a service and read what stands there, once it fits."""
        family = case.family.value
        self._choose(family)
        self._select(case)
        self._keys("m")
        self.terminal.wait_for(lambda seen: f"/{case.pod.name} " in seen.lines()[0] and _tells(seen, family), 60)
        self._wait(lambda: fits(_headings(self.terminal)))
        told = _headings(self.terminal)
        self._keys("\x1b")
        self.terminal.wait_for(" STATE ")
        return told

    def _wait(self, come: Callable[[], bool]) -> None:
        """Read on until something has come, for three slow ticks at most; whoever asks looks at what there is then."""
        end_s = time.monotonic() + 60
        while not come() and time.monotonic() < end_s:
            self.terminal.read_for(0.3)

    def _choose(self, family: str) -> None:
        if self._family != family:
            self._keys(":", f"family {family}", "\r")
            self.terminal.wait_for("? help")
            self._family = family

    def _select(self, case: Case) -> None:
        self._keys("g")
        self.terminal.wait_for(lambda seen: _is_at(seen, self.names[0]))
        self._keys("j" * self.names.index(case.pod.name))
        self.terminal.wait_for(lambda seen: _is_at(seen, case.pod.name))

    def _keys(self, *keys: str) -> None:
        """Type; what comes together is taken for pasted text, so there are pauses."""
        for one in filter(None, keys):
            self.terminal.send(one)
            self.terminal.read_for(0.25)


def _is_at(terminal: Terminal, name: str) -> bool:
    return any(line.startswith("▶") and f" {name} " in line for line in terminal.lines())


def _tells(terminal: Terminal, family: str) -> bool:
    """Say whether the heading above the requests names this family; where there is little room, by its short name."""
    told = _REQUESTS.search(terminal.text())
    return told is not None and told[5].rstrip(",") in (SOURCES[family], family)


def _headings(terminal: Terminal) -> Headings:
    view = terminal.text()
    requests, latency, newest = (form.search(view) for form in (_REQUESTS, _LATENCY, _NEWEST))
    return Headings(
        requests[1] if requests else "",
        (requests[4] or requests[2]) if requests else "",
        tuple(one for one in latency.groups() if one) if latency else (),
        *((newest[1], float(newest[2])) if newest else ("", 0.0)),
    )


def _rows(terminal: Terminal) -> dict[str, Row]:
    """Give the cells of each row that is ready, by the heads of their columns."""
    lines = terminal.lines()
    head = next((line for line in lines if line.startswith(" STATE")), "")
    ends = {word: head.find(f" {word} ") + len(word) + 1 for word in ("PODS", "RPS", "ERR%", "P90")}
    rows = [(found[1], line) for line in lines if (found := re.match(r"[ ▶]\S ready +(\S+) ", line))]
    return {name: {word: line[:end].split(" ")[-1] for word, end in ends.items()} for name, line in rows}


@contextmanager
def family_screen(cases: Sequence[Case], prometheus: str) -> Iterator[FamilyScreen]:
    """Run the program over a cluster that holds the services of these cases, and this Prometheus."""
    kinds = {case.pod.name: case.kind for case in cases}
    with running_sandbox("--world", "quiet", "--speed", "20") as place:
        kubectl = Kubectl(place.kubeconfig, "default")
        items = [_service(name, kind) for name, kind in kinds.items()]
        kubectl.create({"apiVersion": "v1", "kind": "List", "items": items})
        flags = ("--kubeconfig", str(place.kubeconfig), "--prometheus", prometheus, "-n", "default")
        command = [*KMON, *flags]
        with Terminal(command, columns=200, rows=60, env=plain_environment()) as terminal:
            terminal.wait_for(lambda seen: _rows(seen).keys() == kinds.keys(), 60)
            terminal.read_for(0.5)
            terminal.send("N")
            terminal.wait_for(lambda seen: list(_rows(seen)) == sorted(kinds))
            yield FamilyScreen(terminal, cases)


def _service(name: str, kind: Kind) -> dict[str, object]:
    if kind is Kind.ISVC:
        return isvcs.manifest(name, "default")
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "LLMInferenceService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"model": {"uri": "hf://example/model", "name": "model"}, "replicas": 1},
    }
