"""What a person wants done: keys send these, and what became of them arrives in the next State."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Key
from kmon_tui.domain.via import Via

if TYPE_CHECKING:  # only names of types here: the first paint waits for none of these
    from kmon_tui.domain.forward import ForwardKey, ForwardSpec
    from kmon_tui.domain.logs import LogRequest
    from kmon_tui.domain.plan import Plan
    from kmon_tui.domain.predict import PredictRequest, SavedBody, Speech
    from kmon_tui.domain.traffic import Family

WAIT_S = 300.0
"""So long a deploy waits for its services unless told otherwise."""


class Span(NamedTuple):
    """How much of the past of the selected service is looked at."""

    range_s: int
    steps: int
    """No more steps than these have room on the screen."""


@dataclass(frozen=True, slots=True)
class LookAt:
    """The rows that a person sees, and the one that is selected: their buckets are asked for."""

    selected: Key | None = None
    visible: tuple[Key, ...] = ()
    near: tuple[Key, ...] = ()
    """Rows that the next page keys bring, the nearest first."""
    span: Span | None = None
    """None: what the books hold anyway."""


@dataclass(frozen=True, slots=True)
class SwitchContext:
    """Leave this cluster and watch another context of the kubeconfig."""

    context: str


@dataclass(frozen=True, slots=True)
class SwitchNamespace:
    """Watch one namespace, or all of them (None)."""

    namespace: str | None


@dataclass(frozen=True, slots=True)
class Refresh:
    """List and poll again now."""


@dataclass(frozen=True, slots=True)
class Awake:
    """Somebody is there: a key was pressed. Without one for half an hour, polls become rare."""


@dataclass(frozen=True, slots=True)
class ChoosePrometheus:
    """Ask another Prometheus from now on, or the same one for other series."""

    url: str | None = field(default=None, repr=False)
    """As typed: it may hold user info, so it is in no repr. None: the one that is asked now; empty: the one that is
    found in the cluster."""
    matchers: tuple[str, ...] | None = None
    """Label matchers from now on; of those of the same server other labels' stay. None: as they are, and none for
    another server. Empty: none."""
    forget: bool = False
    """Only forget what was chosen in this context before: from the next start on the settings decide again."""


@dataclass(frozen=True, slots=True)
class ChooseFamily:
    """Take the numbers of all services from this family where it has them; None: from the best of each."""

    family: Family | None = None


@dataclass(frozen=True, slots=True)
class ScrapePods:
    """Read the metrics of the selected service's pods directly where Prometheus has none, or stop that."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class PreparePredict:
    """Find out how to ask a model, and with what; the activity's value becomes a Prepared."""

    key: Key
    speech: Speech | None = None
    """None: the one that the service speaks, as far as that can be known."""
    via: Via = Via.FORWARD


@dataclass(frozen=True, slots=True)
class Predict:
    """Send a request once: the value is a Prediction. Many times: the value is a Repetition."""

    request: PredictRequest
    times: int = 1
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class SaveBody:
    """Keep a body under its name, for this service."""

    key: Key
    saved: SavedBody


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Read manifests and ask the server what they would do; the activity's value becomes a Plan."""

    source: str
    """A file or a folder."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Apply a plan and wait for its services; the activity's value is a Rollout."""

    plan: Plan
    force: bool = False
    """Take fields from other managers: only after a question of its own."""
    wait_s: float = WAIT_S


@dataclass(frozen=True, slots=True)
class OpenForward:
    """Keep a new forward in the present context, and start it."""

    spec: ForwardSpec


@dataclass(frozen=True, slots=True)
class StartForward:
    """Start a forward that was stopped, or that is only saved."""

    key: ForwardKey


@dataclass(frozen=True, slots=True)
class CloseForward:
    """Stop a forward; its row stays."""

    key: ForwardKey


@dataclass(frozen=True, slots=True)
class SaveForward:
    """Write a forward into forwards.yaml, with or without autostart."""

    key: ForwardKey
    autostart: bool = False


@dataclass(frozen=True, slots=True)
class RemoveForward:
    """Stop a forward and forget it, also in forwards.yaml."""

    key: ForwardKey


@dataclass(frozen=True, slots=True)
class OpenService:
    """Watch the inside of one service, and no longer that of another; None: of none."""

    key: Key | None


@dataclass(frozen=True, slots=True)
class FollowLogs:
    """Read logs from now on, and no longer those of another request; None: none."""

    request: LogRequest | None


@dataclass(frozen=True, slots=True)
class SaveLogs:
    """Write all lines of the logs that are shown into a file; the activity's text says which."""


ForwardCommand = OpenForward | StartForward | CloseForward | SaveForward | RemoveForward


@dataclass(frozen=True, slots=True)
class Examine:
    """Have the doctor look for what keeps numbers away; the activity's value becomes a Report."""

    key: Key | None = None
    """The service whose chain is followed, too."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a running activity."""

    activity_id: int


Command = (
    LookAt
    | SwitchContext
    | SwitchNamespace
    | Refresh
    | Awake
    | ChoosePrometheus
    | ChooseFamily
    | ScrapePods
    | PreparePredict
    | Predict
    | SaveBody
    | Rehearse
    | Deploy
    | Examine
    | OpenForward
    | StartForward
    | CloseForward
    | SaveForward
    | RemoveForward
    | OpenService
    | FollowLogs
    | SaveLogs
    | Cancel
)
