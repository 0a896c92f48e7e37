"""The Pods tab: every pod with its containers, those in trouble first."""

from __future__ import annotations

from kmon_tui.domain.diagnosis.scene import own_pods
from kmon_tui.domain.pod_facts import ContainerFacts, PodFacts, pods_of
from kmon_tui.domain.service import Readiness
from kmon_tui.render.cells import clean, fit, middle
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside, add_unread, no_pods, waiting_page
from kmon_tui.render.lines import Line, shortened, spread
from kmon_tui.render.page import Draft, Page, lasting, short_name
from kmon_tui.render.units import NOTHING, coarse_age

WIDE = 110
"""From this width on node and image have columns."""
OPEN_UP_TO = 4
"""Up to so many pods show their containers; of more only those in trouble do."""
STATE_WIDTH, LAST_WIDTH = 19, 14
NARROW = 72
"""Below this width how a container ended stands in its own line alone."""


def pod_page(inside: Inside, drawing: Drawing, width: int) -> Page:
    """Show the pods; a stop of the cursor is a PodFacts."""
    waiting = waiting_page(inside, "pods", width)
    if waiting is not None or inside.tree is None:
        return waiting or Page()
    draft = Draft(width, drawing.glyphs.ellipsis)
    blind = add_unread(draft, inside, "Pod")
    pods = pods_of(own_pods(inside.tree))
    named = _name_width(pods, inside.key.name, width)
    if pods:
        last = f" {fit('LAST END', LAST_WIDTH)}" if width >= NARROW else ""
        head = f" {fit('POD', named)} READY {fit('STATE', STATE_WIDTH)} RST{last} {'AGE':>4}"
        draft.add(((head + (f"  {fit('NODE', 20)} IMAGE" if width >= WIDE else ""), "header"),))
    for pod in pods:
        lines = [_pod_line(pod, inside, drawing, named, width)]
        if len(pods) <= OPEN_UP_TO or not pod.serves:
            lines.extend(_below(pod, drawing, width))
        draft.stop(pod, lines)
    if not pods and not blind:
        draft.gap()
        draft.say(_why_none(inside), "dim")
    draft.gap()
    if pods:
        draft.add(
            (("  enter or l", "key"), (" the logs of a pod   ", "dim"), ("p", "key"), (" before its restart", "dim"))
        )
    return draft.page


def _name_width(pods: tuple[PodFacts, ...], service: str, width: int) -> int:
    last = LAST_WIDTH + 1 if width >= NARROW else 0
    fixed = 2 + 6 + STATE_WIDTH + 4 + last + 6 + (22 + 30 if width >= WIDE else 0)
    longest = max((len(clean(short_name(pod.name, service))) for pod in pods), default=8)
    return max(10, min(longest, width - fixed))


def _pod_line(pod: PodFacts, inside: Inside, drawing: Drawing, named: int, width: int) -> Line:
    ellipsis = drawing.glyphs.ellipsis
    look, glyph = _look(pod), drawing.glyphs.readiness[_state(pod)]
    name = middle(clean(short_name(pod.name, inside.key.name)), named, ellipsis=ellipsis, end_share=0.7)
    state = fit(f"{glyph} {clean(pod.word)}", STATE_WIDTH, ellipsis=ellipsis)
    last = fit(clean(pod.last) or NOTHING, LAST_WIDTH, ellipsis=ellipsis)
    restarts = f"{pod.restarts:>3}" if pod.restarts < 1000 else "999"
    line: Line = (
        (f" {fit(name, named)} ", "bold" if look == "failed" else ""),
        (f"{f'{pod.ready}/{pod.total}':>5} ", "" if pod.serves else "warn"),
        (f"{state} ", look),
        (restarts, "warn" if pod.restarts else "dim"),
        (f" {last}" if width >= NARROW else "", "reason" if pod.last else "dim"),
        (f" {coarse_age(pod.created, drawing.now):>4}", ""),
    )
    if width >= WIDE:
        node = middle(clean(pod.node) or NOTHING, 20, ellipsis=ellipsis)
        line = (*line, (f"  {fit(node, 20)} ", ""), (middle(clean(pod.image), 60, ellipsis=ellipsis), "dim"))
    return shortened(line, width)


def _below(pod: PodFacts, drawing: Drawing, width: int) -> list[Line]:
    """Write what the pod says of itself, and its containers."""
    lines: list[Line] = []
    if pod.message:
        lines.append(((f"   {clean(pod.message)}", "reason"),))
    if width < WIDE and pod.node:
        lines.append(((f"   on node {clean(pod.node)}", "dim"),))
    lines.extend(_container_line(one, drawing, width) for one in pod.containers if not one.done or one.restarts)
    return lines


def _container_line(one: ContainerFacts, drawing: Drawing, width: int) -> Line:
    how = one.reason or one.state or "waits for its turn"
    if one.state == "terminated":
        how = one.ended.words
    good = one.ready or one.done or (one.init and one.state == "running")
    look = "" if good else "dim" if one.reason in {"PodInitializing", "ContainerCreating", ""} else "reason"
    ready = "" if one.init or one.state != "running" or one.ready else ", not ready"
    parts = [f"x{one.restarts}" if one.restarts else "", f"last {one.last.words}" if one.last.words else ""]
    if one.last.at is not None:
        parts.append(f"{lasting(one.last.at, drawing.now)} ago")
    parts.append(f"limits {one.limits}" if one.limits and not good else "")
    said = "  ".join(clean(part) for part in parts if part)
    name = fit(f"{'init ' if one.init else ''}{clean(one.name)}", 26, ellipsis=drawing.glyphs.ellipsis)
    left: Line = (
        (f"   {drawing.glyphs.branch} {name} ", "dim"),
        (f"{clean(how)}{ready}", look or ("warn" if ready else "dim")),
        (f"  {said}" if said else "", "warn" if one.restarts else "dim"),
    )
    image = (
        middle(clean(one.image), max(0, min(44, width - 80)), ellipsis=drawing.glyphs.ellipsis) if width > 96 else ""
    )
    return spread(left, ((f"{image} ", "dim"),) if image else (), width, drawing.glyphs.ellipsis)


def _state(pod: PodFacts) -> Readiness:
    look = _look(pod)
    return {"ready": Readiness.READY, "failed": Readiness.FAILED, "stopped": Readiness.STOPPED}.get(
        look, Readiness.ROLLING
    )


def _look(pod: PodFacts) -> str:
    if pod.serves:
        return "ready"
    if pod.word in {"Terminating", "Succeeded", "Completed"}:
        return "stopped"
    return (
        "rolling"
        if pod.word in {"Running", "Pending", "ContainerCreating", "PodInitializing"} or _starts(pod)
        else "failed"
    )


def _starts(pod: PodFacts) -> bool:
    """Whether its init containers just do their work."""
    return pod.word.startswith("Init:") and pod.word[5:6].isdigit()


def _why_none(inside: Inside) -> str:
    if inside.gone:
        return "It is not there (any more), and neither are its pods."
    if inside.tree is not None and not inside.tree.synced:
        return "pods: being read ..."
    return no_pods(inside) or "No pods: nothing has made one yet. 1 says why, 6 shows the events."
