"""Port-forwards: what one leads to, how it goes, and what has happened to it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Key, Kind

MOST_LINES = 200
"""So many lines of a forward's log are kept."""
COMPONENTS = ("predictor", "transformer", "explainer", "workload", "prefill", "scheduler", "router")
_HINT = "Write isvc/NAME, llm/NAME, svc/NAME:PORT or pod/NAME:PORT, with NAMESPACE/ before it for another namespace."
_PORT_HINT = "Give a number from 1 to 65535, 0 for any free one, or LOCAL:PORT."
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_PORT = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", re.IGNORECASE)


class Aim(StrEnum):
    """What kind of thing a target is."""

    ISVC = "isvc"
    LLM = "llm"
    GRAPH = "graph"
    SERVICE = "svc"
    POD = "pod"


_AIMS = {
    Aim.ISVC: ("isvc", "isvcs", "inferenceservice", "inferenceservices"),
    Aim.LLM: ("llm", "llmisvc", "llminferenceservice", "llminferenceservices"),
    Aim.GRAPH: ("graph", "ig", "inferencegraph", "inferencegraphs"),
    Aim.SERVICE: ("svc", "service", "services"),
    Aim.POD: ("pod", "po", "pods"),
}
_WORDS = {word: aim for aim, words in _AIMS.items() for word in words}
_OF_KIND = {Kind.ISVC: Aim.ISVC, Kind.LLM: Aim.LLM, Kind.GRAPH: Aim.GRAPH}


@dataclass(frozen=True, slots=True)
class Target:
    """What a forward leads to; which pod that is may change."""

    aim: Aim
    name: str
    namespace: str = ""
    """Empty: that of the context."""
    port: str = ""
    """A number or a name; empty: the one that callers of the model use."""
    component: str = ""
    """Of a model: predictor, transformer, explainer…; empty: the one that callers meet first."""
    revision: str = ""
    """Of a model: a Knative revision or a pod-template-hash; empty: the one with the most traffic."""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        pick = self.component or self.revision
        return f"{place}{self.aim}/{self.name}{f'@{pick}' if pick else ''}{f':{self.port}' if self.port else ''}"

    def within(self, namespace: str) -> Target:
        """Give the same with this namespace where none was said."""
        return self if self.namespace else replace(self, namespace=namespace)


def parse_target(text: str) -> Target:
    """Read ``[NAMESPACE/]KIND/NAME[@COMPONENT|@REVISION][:PORT]``; a name alone is an InferenceService."""
    words = text.strip().split("/")
    if len(words) == 1:
        words.insert(0, "isvc")
    aim = _WORDS.get(words[-2].lower().partition(".")[0]) if len(words) in (2, 3) else None
    if aim is None:
        raise SettingsError(f"{text!r} is no target of a forward", _HINT)
    rest, colon, port = words[-1].partition(":")
    name, at, pick = rest.partition("@")
    namespace = words[0] if len(words) == 3 else ""
    if not all(
        _NAME.fullmatch(word) for word in (name, *((namespace,) if namespace else ()), *((pick,) if at else ()))
    ):
        raise SettingsError(f"{text!r} is no target of a forward: names have small letters, digits and dashes", _HINT)
    if at and aim in (Aim.SERVICE, Aim.POD):
        raise SettingsError(f"{text!r}: only models have components and revisions", _HINT)
    if colon and not _is_port(port):
        raise SettingsError(f"{port!r} is no port: a number from 1 to 65535, or a name", _HINT)
    component = pick if pick in COMPONENTS else ""
    return Target(aim, name, namespace, port, component, "" if component else pick)


def target_of(key: Key) -> Target:
    """Give the target for a row of the fleet."""
    return Target(_OF_KIND[key.kind], key.name, key.namespace)


def parse_ports(text: str) -> tuple[int, str]:
    """Read ``LOCAL``, ``LOCAL:PORT`` or ``:PORT`` into a local port and a port of the target; 0: any free one."""
    digits, _, port = text.strip().partition(":")
    port = "" if port == "0" else port
    if not (digits or port or text.strip() == ":0"):
        raise SettingsError(f"{text!r} is no local port", _PORT_HINT)
    if digits and not (digits.isascii() and digits.isdigit() and int(digits) < 65536):
        raise SettingsError(f"{text!r} is no local port", _PORT_HINT)
    if port and not _is_port(port):
        raise SettingsError(f"{port!r} is no port of a target", _PORT_HINT)
    return int(digits or 0), port


def _is_port(text: str) -> bool:
    if text.isascii() and text.isdigit():
        return 0 < int(text) < 65536
    return _PORT.fullmatch(text) is not None


class Phase(StrEnum):
    """How a forward is; drawn from the last probe and connection, not from the wish."""

    STOPPED = "stopped"
    """Nobody listens: it is only saved, or was stopped."""
    OPENING = "opening"
    """The port listens; the way to a pod is being made."""
    OPEN = "open"
    """The last probe or connection reached the pod."""
    WAITING = "waiting"
    """No pod is ready; the port listens, and connections wait."""
    FAILING = "failing"
    """The last probe or connection failed, or there is no right to forward."""


class Obstacle(StrEnum):
    """What no patience overcomes."""

    ABSENT = "absent"
    """There is no such target, or it has no such port."""
    FORBIDDEN = "forbidden"
    """There is no right to look for the pods, or to forward to them."""
    UNAUTHORIZED = "unauthorized"
    """The API server does not know who asks."""


@dataclass(frozen=True, slots=True)
class ForwardSpec:
    """What a person wants: saved as it is."""

    name: str
    """Unique in its context."""
    target: Target
    local_port: int = 0
    """0: any free one."""
    shared: bool = False
    """Other users of this machine may connect."""
    autostart: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened to a forward."""

    at: datetime
    text: str


class ForwardKey(NamedTuple):
    """What makes a forward the same forward."""

    context: str
    name: str


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward at one moment."""

    spec: ForwardSpec
    context: str = ""
    saved: bool = False
    """It stands in forwards.yaml."""
    phase: Phase = Phase.STOPPED
    local_port: int = 0
    """Where it listens; 0: it does not."""
    hosts: tuple[str, ...] = ()
    """Where it listens: 127.0.0.1, and ::1 where that exists."""
    pod: str = ""
    """The pod that new connections go to."""
    pod_port: int = 0
    https: bool = False
    """The pod speaks TLS there."""
    error: str = ""
    """What is wrong now, or what the last connection died of."""
    hint: str = ""
    obstacle: Obstacle | None = None
    """Why waiting alone will not help; somebody has to do something."""
    since: datetime | None = None
    """Since when it listens."""
    connections: int = 0
    """Open now."""
    bytes_in: int = 0
    """From the pod."""
    bytes_out: int = 0
    log: tuple[LogLine, ...] = ()
    """The newest last."""

    @property
    def key(self) -> ForwardKey:
        """What makes it the same forward."""
        return ForwardKey(self.context, self.spec.name)

    @property
    def listening(self) -> bool:
        """Whether programs can connect."""
        return self.local_port != 0

    @property
    def address(self) -> str:
        """Where to connect; empty while nobody listens."""
        return f"127.0.0.1:{self.local_port}" if self.local_port else ""

    @property
    def url(self) -> str:
        """The same as a URL."""
        return f"http{'s' if self.https else ''}://{self.address}" if self.local_port else ""

    def with_line(self, at: datetime, text: str) -> Forward:
        """Give the forward with one more line in its log."""
        return replace(self, log=(*self.log, LogLine(at, text))[-MOST_LINES:])


def free_name(wish: str, taken: set[str]) -> str:
    """Give the name, or it with the first number that makes it one of its own."""
    numbers = (f"{wish}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wish, *numbers) if name not in taken)
