"""Sources of configuration on top of each other: the first that knows a key decides."""

from __future__ import annotations

from typing import TypeVar

from kmon_tui.domain.late import dataclass
from kmon_tui.settings.keys import Layer

T = TypeVar("T")
FLAG = "flag"
ENVIRONMENT = "environment"
CONFIG = "config"
CREDENTIALS = frozenset(
    {
        "prometheus.headers",
        "prometheus.headers_file",
        "prometheus.bearer_token",
        "prometheus.bearer_token_file",
        "prometheus.username",
        "prometheus.password",
        "prometheus.password_file",
        "prometheus.certificate_authority",
        "prometheus.insecure_skip_tls_verify",
    }
)
"""Keys that belong to one Prometheus and must not reach another."""


@dataclass(frozen=True, slots=True)
class Source:
    """One layer and where it comes from."""

    kind: str
    """FLAG, ENVIRONMENT or CONFIG."""
    layer: Layer
    name: str = ""
    """What to call it in a message."""

    @property
    def said_now(self) -> bool:
        """True for what belongs to this call alone: what is wrong with it ends the call."""
        return self.kind in {FLAG, ENVIRONMENT}


@dataclass(frozen=True, slots=True)
class Stack:
    """Sources, the strongest first."""

    sources: tuple[Source, ...] = ()

    def find(self, name: str) -> tuple[object, Source] | None:
        """Give the value of a key and who said it; credentials only from sources that name no other Prometheus."""
        for source in self._for_credentials() if name in CREDENTIALS else self.sources:
            if name in source.layer:
                return source.layer[name], source
        return None

    def get(self, name: str, kind: type[T]) -> T | None:
        """Give the value of a key, or None."""
        found = self.find(name)
        return found[0] if found is not None and isinstance(found[0], kind) else None

    def switched_on(self, name: str, default: bool = False) -> bool:
        """Give a switch."""
        value = self.get(name, bool)
        return default if value is None else value

    def _for_credentials(self) -> tuple[Source, ...]:
        url = self.find("prometheus.url")
        if url is None:
            return self.sources
        return tuple(s for s in self.sources if s.said_now or s is url[1] or "prometheus.url" not in s.layer)
