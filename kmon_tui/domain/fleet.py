"""Everything that the Kubernetes API told of one context at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from kmon_tui.domain.health import Health
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Kind

IN_TURNS = "are watched in turns"
"""In a note that concerns only who goes on watching: at the first complete list they are counted."""
GONE = "are gone: the API does not know their kind any more"
"""In a note of rows that somebody has taken away together with their kind: more than any one row has to say."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All services in scope, sorted by key; a service that did not change keeps its identity between two values."""

    services: tuple[InferenceService, ...] = ()
    synced: bool = False
    """True once the first complete list is there; before it, an empty fleet means nothing."""
    health: Health = Health()
    """Of the way to the API: FAILING keeps the old services."""
    namespace: str | None = None
    """The namespace that is watched; None: all of them."""
    kinds: tuple[Kind, ...] = ()
    """Kinds whose CRDs exist; empty with ``synced``: KServe is not installed."""
    notes: tuple[str, ...] = ()
    """What is missing and why, one sentence each: 'may not list pods in all namespaces: replicas are not known'."""
    hidden: Mapping[Kind, str] = field(default_factory=dict)
    """Why none of a kind is shown although there may be some: 'may not list inferenceservices in namespace ml'."""
    server_version: str = ""
    """gitVersion of the API server, empty until known."""
    edition: int = 0
    """Values of one edition have the same services: nobody must keep old ones to see that; 0: unknown."""
    scaled: bool = True
    """False while autoscalers are not known that will be: they come some time after the rest."""

    @property
    def not_installed(self) -> str:
        """What of KServe the API does not know, as a sentence's beginning: 'KServe is not installed'; empty: nothing.

        LLMInferenceServices and InferenceGraphs are no part of many versions, so that nobody misses them.
        """
        if not self.synced or Kind.ISVC in self.kinds:
            return ""
        return f"{'InferenceServices are' if self.kinds else 'KServe is'} not installed"

    @property
    def notes_at_first(self) -> tuple[str, ...]:
        """The notes that concern who looks only once, too."""
        return tuple(note for note in self.notes if IN_TURNS not in note)

    def unseen(self, kind: Kind | None) -> str:
        """Say why nobody can tell whether something of this kind (None: of any) is there; empty when it can be told."""
        return "; ".join(why for hidden, why in self.hidden.items() if kind in (None, hidden))


@dataclass(frozen=True, slots=True)
class Place:
    """Where this kmon-tui looks: known before anything is asked of the network."""

    context: str = ""
    cluster: str = ""
    user: str = ""
    acting_as: str = ""
    """Whom the user impersonates; empty: nobody."""
    namespace: str | None = None
    """The namespace that was asked for or that the context names; None: all."""
    namespace_known: bool = True
    """False while the context that may name one is not read yet."""
    server: str = ""
    contexts: tuple[str, ...] = ()
    """Names of all contexts of the kubeconfig, for ``:ctx``."""
    read_only: str = ""
    """Why nothing may be written here; empty: it may."""
    protected: bool = False
    """Writing asks for the name to be typed."""

    @property
    def who(self) -> str:
        """The user, and whom it impersonates."""
        return f"{self.user} as {self.acting_as}" if self.acting_as else self.user
