"""The list of forwards and the log of one, as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from kmon_tui.domain.forward import Forward, ForwardKey, Phase
from kmon_tui.domain.service import Readiness
from kmon_tui.domain.state import State
from kmon_tui.render.cells import clean, middle
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line, in_look, shortened
from kmon_tui.render.units import NOTHING, coarse_age, number

_LOOKS = {
    Phase.OPEN: Readiness.READY,
    Phase.OPENING: Readiness.ROLLING,
    Phase.WAITING: Readiness.ROLLING,
    Phase.FAILING: Readiness.FAILED,
    Phase.STOPPED: Readiness.STOPPED,
}
_STATE_W, _UP_W, _BYTES_W, _WHO_W = 10, 5, 6, 8
_WIDE = 100
"""From this width on the whole local address has room."""


def shown(state: State) -> tuple[Forward, ...]:
    """Give the forwards that have a row: those of this context, and what runs in others."""
    context = state.place.context
    return tuple(one for one in state.forwards if one.context == context or one.listening)


def title_line(forwards: Sequence[Forward], note: str, width: int) -> Line:
    """Say how many there are of each state."""
    counts = Counter(_word(one) for one in forwards)
    words = [f"{counts[word]} {word}" for word in ("failing", "waiting", "opening", "open", "stopped", "saved")]
    told = "  ".join(word for word in words if not word.startswith("0"))
    spans = [(" Port forwards  ", "context"), (told or "none", ""), (f"   {clean(note)}" if note else "", "warn")]
    return shortened(tuple(spans), width)


def forward_lines(
    forwards: Sequence[Forward], selected: ForwardKey | None, state: State, drawing: Drawing, width: int, height: int
) -> tuple[Line, ...]:
    """Write the list, scrolled so that the selected one is to be seen; an empty one says what to press."""
    if not forwards:
        return (
            (),
            ((" no forwards in this context yet", ""),),
            ((" F", "key"), (" opens one: isvc/NAME, llm/NAME, svc/NAME:PORT or pod/NAME:PORT", "")),
        )
    widths = _Widths(width)
    first = _first(forwards, selected, height)
    blocks = [_block(one, one.key == selected, state, drawing, widths) for one in forwards[first:]]
    lines = [line for block in blocks for line in block]
    return (_header(widths), *lines[: max(0, height - 1)])


def at_line(forwards: Sequence[Forward], selected: ForwardKey | None, height: int, y: int) -> ForwardKey | None:
    """Give the forward whose row, or what is said below it, stands on a line of the list."""
    line = 1
    for one in forwards[_first(forwards, selected, height) :]:
        if line <= y < line + _height(one):
            return one.key
        line += _height(one)
    return None


def log_title(forward: Forward | None) -> str:
    """Say whose log it is."""
    if forward is None:
        return "log"
    return f"log of {clean(forward.spec.name)}" + (f"  {forward.address}" if forward.listening else "")


def log_lines(forward: Forward | None, drawing: Drawing, width: int, height: int) -> tuple[Line, ...]:
    """Write the newest lines of a log."""
    if forward is None:
        return ()
    lines = [
        shortened(((f"{line.at.astimezone(drawing.zone):%H:%M:%S} ", "dim"), (clean(line.text), "")), width)
        for line in forward.log[-height:]
    ]
    return tuple(lines) or (((" nothing has happened yet: enter starts it", "dim"),),)


def _first(forwards: Sequence[Forward], selected: ForwardKey | None, height: int) -> int:
    """Give the first one that is to be seen, so that the selected one is."""
    at = first = next((index for index, one in enumerate(forwards) if one.key == selected), 0)
    if not forwards:
        return 0
    room = height - 1 - _height(forwards[at])
    while first > 0 and room >= _height(forwards[first - 1]):
        first -= 1
        room -= _height(forwards[first])
    return first


def _height(forward: Forward) -> int:
    return 2 if forward.error else 1


def quit_lines(busy: Sequence[Forward]) -> tuple[Line, ...]:
    """Ask whether to quit although connections are open."""
    lines = [(("Connections are open, and quitting cuts them:", ""),)]
    lines += [((f"  {clean(one.spec.name)}  {one.address}  {one.connections} open", ""),) for one in busy[:5]]
    return tuple(lines)


def remove_lines(forward: Forward) -> tuple[Line, ...]:
    """Ask whether to forget a forward."""
    where = "It is stopped, and taken out of forwards.yaml." if forward.saved else "It is stopped and forgotten."
    return (((f"{clean(forward.spec.name)}  {clean(str(forward.spec.target))}", "bold"),), ((where, ""),))


class _Widths:
    """How wide the columns are that share what is left."""

    def __init__(self, width: int) -> None:
        self.all = width
        self.local = 16 if width >= _WIDE else 7
        rest = width - 2 - _STATE_W - self.local - _UP_W - 2 * _BYTES_W - _WHO_W - 3
        self.target = max(8, rest * 2 // 3)
        self.pod = max(0, rest - self.target)


def _header(widths: _Widths) -> Line:
    text = (
        f"  {'STATE':<{_STATE_W}}{'LOCAL':<{widths.local}}{'TARGET':<{widths.target}} {'POD':<{widths.pod}}"
        f"{'UP':>{_UP_W}}{'IN':>{_BYTES_W}}{'OUT':>{_BYTES_W}}  FOR"
    )
    return shortened(((text, "header"),), widths.all)


def _block(forward: Forward, selected: bool, state: State, drawing: Drawing, widths: _Widths) -> list[Line]:
    """Write the row of one forward, and below it what is wrong."""
    row = _row(forward, state, drawing, widths)
    cursor = drawing.glyphs.cursor if selected else " "
    line = shortened(((f"{cursor} ", "key"), *row), widths.all)
    if selected:
        line = in_look(shortened((*line, (" " * widths.all, "")), widths.all), "selected")
    if not forward.error:
        return [line]
    words = clean(f"{forward.error}. {forward.hint}" if forward.hint else forward.error)
    look = "reason" if forward.phase in (Phase.FAILING, Phase.STOPPED) else "warn"
    return [line, shortened((("    " + drawing.glyphs.branch + " ", "dim"), (words, look)), widths.all)]


def _row(forward: Forward, state: State, drawing: Drawing, widths: _Widths) -> Line:
    readiness = _LOOKS[forward.phase]
    target = clean(str(forward.spec.target))
    if forward.context != state.place.context:
        target = f"{clean(forward.context)}: {target}"
    port = forward.local_port or forward.spec.local_port
    local = NOTHING if not port else f"127.0.0.1:{port}" if widths.local > 10 else f":{port}"
    who = "shared" if forward.spec.shared else "only you"
    auto = "*" if forward.spec.autostart else ""
    moved = (
        number(value) if value or forward.listening else NOTHING for value in (forward.bytes_in, forward.bytes_out)
    )
    numbers = "".join(f"{text:>{_BYTES_W}}" for text in moved)
    up = coarse_age(forward.since, drawing.now) if forward.since is not None else NOTHING
    return (
        (f"{drawing.glyphs.readiness[readiness]} {_word(forward) + auto:<{_STATE_W - 2}}", readiness.value),
        (f"{local:<{widths.local}}", "" if forward.listening else "dim"),
        (f"{_fit(target, widths.target)} ", ""),
        (_fit(clean(forward.pod) or NOTHING, widths.pod), "dim"),
        (f"{up:>{_UP_W}}{numbers}", ""),
        (f"  {who}", "warn" if forward.spec.shared else "dim"),
    )


def _fit(text: str, width: int) -> str:
    cut = middle(text, width)
    return cut if cell_len(cut) == width else set_cell_size(cut, width)


def _word(forward: Forward) -> str:
    """Name the state; what is saved and does not run is told from what was stopped."""
    if forward.phase is Phase.STOPPED and forward.saved and not forward.error:
        return "saved"
    return forward.phase.value
