"""What an empty screen says: why nothing is there, and what to press."""

from __future__ import annotations

from kmon_tui.domain.health import Status
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.state import State
from kmon_tui.render.cells import clean
from kmon_tui.render.summary import api_health


@dataclass(frozen=True, slots=True)
class Notice:
    """A headline, the sentences below it, and the keys that help."""

    title: str
    lines: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    look: str = "bold"


RETRY = ("ctrl+r", "try now")
CONTEXT = (":ctx", "another context")
QUIT = ("q", "quit")


def too_small(width: int, height: int) -> Notice:
    """Say that the terminal has no room."""
    return Notice(f"too small: {width}x{height}", ("40x8 at least",))  # two lines: five rows have no room for more


def notice(state: State, *, shown: int, filter_text: str, view: str = "", awaited: str = "") -> Notice | None:
    """Say why the list is empty; None when it is not.

    ``view`` names what else narrows the list: faults only, a namespace; ``awaited`` is the service that was named at
    the start, and alone would be shown.
    """
    if shown:
        return None
    total = len(state.fleet.services)
    if awaited and state.fleet.synced and state.fleet.kinds and (total or api_health(state).status is Status.LIVE):
        return _awaited(state, awaited)
    if total and filter_text:
        return Notice(
            f"nothing matches {clean(filter_text)}",
            (f"{total} services are hidden" + (f"; shown is only: {view}" if view else ""),),
            (("esc", "clear the filter"), ("/", "change it")),
        )
    if total:
        return Notice(f"none of {total} services: {view}", (), (("esc", "show all"), ("0", "all namespaces")))
    return _without_services(state)


def _awaited(state: State, name: str) -> Notice:
    from kmon_tui.domain.alike import like, some  # late: names are compared only when one is missing

    kind, slash, bare = name.rpartition("/")
    near = like(bare, (isvc.key.name for isvc in state.fleet.services))
    total, namespace = len(state.fleet.services), state.fleet.namespace
    others = {0: "there are no others", 1: "one other is hidden"}.get(total, f"{total} others are hidden")
    lines = [
        *([f"there is {clean(some(near))}"] if near else []),
        f"it opens as soon as it exists; {others}",
        *map(clean, state.fleet.notes),
    ]
    where = f"namespace {clean(namespace)}" if namespace is not None else "any namespace"
    keys = [("esc", "show the others" if total else "look at all")]
    keys += [("0", "look in all namespaces")] if namespace is not None else []
    return Notice(f"no service {clean(kind + slash + bare)} in {where}", tuple(lines), (*keys, CONTEXT, QUIT))


def _without_services(state: State) -> Notice:
    context = clean(state.place.context)
    health = api_health(state)
    if health.status is Status.FAILING:
        lines = tuple(clean(text) for text in (health.hint, _where(state)) if text)
        return Notice(
            clean(health.error) or "the Kubernetes API does not answer",
            (*lines, "tried again by itself"),
            (RETRY, CONTEXT, QUIT),
            look="failed",
        )
    if not state.fleet.synced:
        if not context and not state.place.server:
            return Notice("starting", ("reading the kubeconfig",), (QUIT,))
        told = tuple(map(clean, state.fleet.notes)) or ("0 services yet",)
        return Notice(f"connecting to {context or 'the cluster'}", (_where(state), *told), (CONTEXT, QUIT))
    if state.fleet.not_installed:
        return Notice(
            f"{state.fleet.not_installed} in {context or 'this cluster'}",
            (
                "the API has no InferenceService (serving.kserve.io)",
                "looked for again every few seconds; https://kserve.github.io/website says how to install it",
                *map(clean, state.fleet.notes),
            ),
            (RETRY, CONTEXT, QUIT),
        )
    if state.fleet.namespace is not None:
        return Notice(
            f"no services in namespace {clean(state.fleet.namespace)}",
            ("they appear here as soon as they exist", *map(clean, state.fleet.notes)),
            (("0", "all namespaces"), (":ns NAME", "another one"), CONTEXT),
        )
    return Notice(
        f"no services in {context or 'this cluster'}",
        ("they appear here as soon as they exist", *map(clean, state.fleet.notes)),
        (CONTEXT, QUIT),
    )


def _where(state: State) -> str:
    parts = [clean(text) for text in (state.place.context, state.place.server) if text]
    return "  ".join(parts)
