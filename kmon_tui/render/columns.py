"""The columns of the fleet: which ones fit a width, and what stands in a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Kind, Mode, Readiness
from kmon_tui.domain.traffic import BAD_RATIO, WARN_RATIO, Scope, Traffic
from kmon_tui.render.cells import clean, fit, middle
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line, Span, in_look, joined
from kmon_tui.render.reasons import in_short, without_own_names
from kmon_tui.render.rows import BEGINNING, Row, Severity, alert_beside, has_split, split_words
from kmon_tui.render.sparkline import sparkline
from kmon_tui.render.units import COMING, NOTHING, UNKNOWN, age, coarse_age, milliseconds, number, percent

Cell = Callable[[Row, int, Drawing], Line]
PEAK_WIDTH = 5
RATE_WIDTH = 6
SCOPE_SIGNS = {Scope.PODS: "p", Scope.USERS: "u"}
"""Behind an error ratio: whose experience it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, its width in cells, and how a row fills it."""

    title: str
    width: int
    cell: Cell
    right: bool = False


def columns_for(
    width: int,
    *,
    one_namespace: bool,
    longest_name: int = 0,
    longest_namespace: int = 8,
    by_change: bool = False,
) -> tuple[Column, ...]:
    """Give the columns of a table of this width, whose names have so many cells at most.

    The order on the screen is fixed; what does not fit goes away by rank, the
    least important ones already where they would cost names their middles. What
    is left over goes to the names, then to namespaces, then to the trend.
    ``by_change``: sorted by it, so that it counts for more than how long a state has lasted.
    """
    wish = {"NAME": min(max(longest_name, NAME_WIDTH), width // 3), "NS": min(longest_namespace, 16), "TREND": 24}
    swapped = {"SINCE": LAST_USUAL, "CHG": LAST_USUAL - 1} if by_change else {}
    chosen = [(column, swapped.get(column.title, rank)) for column, rank in ALL if rank <= _rank(width)]
    if one_namespace:
        chosen = [(column, rank) for column, rank in chosen if column.title != "NS"]
    widths = {column.title: column.width for column, _ in chosen}
    if "NS" in widths:
        widths["NS"] = min(NAMESPACE_WIDTH, max(2, longest_namespace))
    while len(widths) > 2:
        column, rank = max(((c, r) for c, r in chosen if c.title in widths), key=lambda item: item[1])
        name = min(wish["NAME"], COMFORTABLE_NAME) if rank > LAST_USUAL else NAME_WIDTH
        if sum(widths.values()) + len(widths) + name - NAME_WIDTH <= width:
            break
        del widths[column.title]
    room = width - sum(widths.values()) - len(widths)
    first = (("NAME", min(wish["NAME"], USUAL_NAME)), ("NS", min(wish["NS"], USUAL_NAMESPACE)))
    for title, upto in (*first, *wish.items()):
        if title in widths and (more := min(room, upto - widths[title])) > 0:
            widths[title] += more
            room -= more
    widths["NAME"] = max(4, widths["NAME"] + room)
    return tuple(replace(column, width=widths[column.title]) for column, _ in chosen if column.title in widths)


def header_line(columns: Sequence[Column], width: int) -> Line:
    """Write the titles."""
    titles = " ".join(fit(column.title, column.width, right=column.right) for column in columns)
    return ((fit(" " + titles, width), "header"),)


def row_line(row: Row, columns: Sequence[Column], drawing: Drawing, *, twin: bool = False) -> Line:
    """Write one row, without the mark of the cursor. ``twin``: a row of another kind has the same name."""
    tell_kind = twin and all(column.title != "KIND" for column in columns)
    spans: list[Span] = [(" ", "")]
    for column in columns:
        if tell_kind and column.title == "NAME":
            word = kind_word(row.isvc.key.kind)
            spans.extend((*column.cell(row, max(1, column.width - len(word) - 1), drawing), (f" {word}", "dim")))
        else:
            spans.extend(column.cell(row, column.width, drawing))
        spans.append((" ", ""))
    line = joined(spans[:-1])
    return in_look(line, "stale") if drawing.api_failing else line


def reason_line(row: Row, width: int, drawing: Drawing, *, show_split: bool) -> Line:
    """Write the line below a row: why it fails, how its traffic is split."""
    parts = ["traffic " + clean(split_words(row.isvc.traffic))] if show_split and has_split(row.isvc.traffic) else []
    look = "reason" if row.severity >= Severity.ERRORS else "warn" if row.severity is Severity.AILING else "dim"
    text = f"   {drawing.glyphs.branch} "
    if beside := alert_beside(row):
        parts.insert(0, fit(clean(beside), min(width // 3, len(beside)), ellipsis=drawing.glyphs.ellipsis))
    if row.reason and row.severity >= Severity.AILING:
        room = max(0, width - len(text) - sum(len(part) + 3 for part in parts))
        reason = without_own_names(clean(row.reason), clean(row.isvc.key.name), room)
        parts.insert(0, in_short(reason, room, ellipsis=drawing.glyphs.ellipsis))
    words = fit(text + "   ".join(parts), width, ellipsis=drawing.glyphs.ellipsis)
    return ((words, "stale" if drawing.api_failing else look),)


def raised_line(words: str, width: int, drawing: Drawing) -> Line:
    """Write the line below a fold: which alerts fire for its services."""
    text = fit(f"   {drawing.glyphs.branch} {clean(words)}", width, ellipsis=drawing.glyphs.ellipsis)
    return ((text, "stale" if drawing.api_failing else "reason"),)


def fold_line(rows: Sequence[Row], width: int, drawing: Drawing, *, unfolded: bool) -> Line:
    """Write one line for many rows that fail alike."""
    first = rows[0]
    glyph, word, look = state_words(first, drawing)
    namespaces = len({row.isvc.key.namespace for row in rows})
    where = f" in {namespaces} namespaces" if namespaces > 1 else ""
    hint = "enter folds" if unfolded else "enter unfolds"
    head = f"{len(rows)} services{where}  "
    state = fit(f"{glyph} {word}", 9)
    room = max(0, width - 12 - len(head) - len(hint) - 1)
    told = without_own_names(clean(first.reason), clean(first.isvc.key.name), 0)
    shared = f"{clean(first.fault[1])}: " if first.fault[1] else ""
    ellipsis = drawing.glyphs.ellipsis
    reason = fit(shared + in_short(told, max(0, room - len(shared)), ellipsis=ellipsis), room, ellipsis=ellipsis)
    line = joined([(" ", ""), (state, look), (" ", ""), (head, "bold"), (reason, "reason"), (f" {hint}", "dim")])
    return in_look(line, "stale") if drawing.api_failing else line


def state_words(row: Row, drawing: Drawing) -> tuple[str, str, str]:
    """Give sign, word and look of a row's readiness.

    Ready with none serving has the sign and look of a failure; ready with something broken is marked.
    """
    readiness = row.isvc.readiness
    if row.severity is Severity.AILING:
        return drawing.glyphs.readiness[readiness], f"{readiness.value} !", "warn"
    shown = Readiness.FAILED if row.severity is Severity.NOT_SERVING else readiness
    return drawing.glyphs.readiness[shown], readiness.value, shown.value


def kind_word(kind: Kind) -> str:
    """Give the short word of a kind."""
    return {Kind.ISVC: "isvc", Kind.LLM: "llm", Kind.GRAPH: "graph"}[kind]


def mode_word(mode: Mode) -> str:
    """Give the short word of a deployment mode."""
    return {Mode.KNATIVE: "knat", Mode.STANDARD: "std", Mode.MODELMESH: "mesh", Mode.UNKNOWN: UNKNOWN}[mode]


def replicas_words(isvc: InferenceService) -> str:
    """Write ``ready/desired``; unknown parts are ``?``."""
    if isvc.readiness is Readiness.STOPPED and not isvc.replicas.ready:
        return NOTHING
    ready, desired = isvc.replicas.ready, isvc.replicas.desired
    if ready is None and desired is None:
        return UNKNOWN
    return f"{UNKNOWN if ready is None else ready}/{UNKNOWN if desired is None else desired}"


def _rank(width: int) -> int:
    """Give the rank up to which columns are offered at a width."""
    return next((rank for least, rank in RANKS if width < least), 99)


def _state(row: Row, width: int, drawing: Drawing) -> Line:
    glyph, word, look = state_words(row, drawing)
    return ((fit(f"{glyph} {word}", width), look),)


def _name(row: Row, width: int, drawing: Drawing) -> Line:
    ellipsis = drawing.glyphs.ellipsis
    return ((fit(middle(clean(row.isvc.key.name), width, ellipsis=ellipsis), width), ""),)


def _namespace(row: Row, width: int, drawing: Drawing) -> Line:
    ellipsis = drawing.glyphs.ellipsis
    return ((fit(middle(clean(row.isvc.key.namespace), width, ellipsis=ellipsis), width), ""),)


def _plain(text_of: Callable[[Row, Drawing], str], *, right: bool = False, look: str = "") -> Cell:
    def cell(row: Row, width: int, drawing: Drawing) -> Line:
        return ((fit(clean(text_of(row, drawing)), width, right=right, ellipsis=drawing.glyphs.ellipsis), look),)

    return cell


def _pods(row: Row, width: int, drawing: Drawing) -> Line:
    isvc = row.isvc
    short = isvc.replicas.ready is not None and isvc.replicas.ready < (isvc.replicas.desired or 0)
    look = "bad" if isvc.not_serving else "warn" if short else ""
    return ((fit(replicas_words(isvc), width, right=True), look),)


def _number(number_of: Callable[[Traffic], str], look_of: Callable[[Traffic], str] = lambda _: "") -> Cell:
    """A cell of the traffic: `-` for what gets no requests by its nature, `?` when not known, dim when stale.

    ``COMING`` for what was not asked for lately, and will be.
    """

    def cell(row: Row, width: int, drawing: Drawing) -> Line:
        traffic = row.traffic
        stale = traffic is not None and drawing.stale_age_s(traffic) is not None
        if traffic is None or (stale and _sleeps(row, drawing) and not drawing.prometheus_failing):
            return ((fit(NOTHING if _sleeps(row, drawing) else UNKNOWN, width, right=True), ""),)
        look = "stale" if stale else look_of(traffic)
        text = number_of(traffic)
        if text == COMING:
            text, look = drawing.glyphs.ellipsis, "dim"
        return ((fit(text, width, right=True, ellipsis=drawing.glyphs.ellipsis), look),)

    return cell


def _sleeps(row: Row, drawing: Drawing) -> bool:
    """Whether no pod is there to be asked: numbers that grow old then are no alarm."""
    return drawing.report is not None and row.isvc.readiness in {Readiness.STOPPED, Readiness.COLD}


def _rate(traffic: Traffic) -> str:
    if traffic.new_requests is not None:
        spaced = f"new: {number(traffic.new_requests)}"
        return spaced if len(spaced) <= RATE_WIDTH else spaced.replace(" ", "")
    # Where pods are missing in it there were more.
    more = ">" if traffic.remark and traffic.requests_per_s is not None else ""
    return more + number(traffic.requests_per_s)


def _error_look(traffic: Traffic) -> str:
    ratio = traffic.error_ratio
    return "" if ratio is None or ratio < WARN_RATIO else "warn" if ratio < BAD_RATIO else "bad"


def _errors(traffic: Traffic) -> str:
    if traffic.requests_per_s == 0 and traffic.error_ratio is None:
        return NOTHING
    ratio = percent(traffic.error_ratio)
    return ratio if traffic.error_ratio is None else ratio + SCOPE_SIGNS[traffic.scope]


def _latency(quantile: Callable[[Traffic], float | None]) -> Callable[[Traffic], str]:
    def text(traffic: Traffic) -> str:
        if traffic.requests_per_s == 0 and (quantile(traffic) is None or traffic.latency_due):
            return NOTHING
        if traffic.latency_due:
            return COMING
        return milliseconds(quantile(traffic), traffic.top_bound_ms)

    return text


def _trend(row: Row, width: int, drawing: Drawing) -> Line:
    """A sparkline with the value of its highest block behind it, or the age of stale numbers."""
    traffic = row.traffic
    if traffic is None or not (traffic.requests.values or traffic.ended):
        return ((" " * width, ""),)
    stale_s = drawing.stale_age_s(traffic)
    if stale_s is not None and _sleeps(row, drawing) and not drawing.prometheus_failing:
        return ((" " * width, ""),)
    if traffic.ended:
        return ((fit(f"{age(stale_s)} old" if stale_s is not None else "", width, right=True), "stale"),)
    drawn = sparkline(traffic.requests, traffic.errors, width - PEAK_WIDTH, drawing.glyphs)
    if stale_s is not None:
        text = "".join(text for text, _ in drawn.line)
        old = f" {age(stale_s)} old"
        return ((fit(text[: max(0, width - len(old))] + old, width, right=True), "stale"),)
    if drawn.peak is None:
        return ((" " * width, ""),)
    return (*drawn.line, (fit(number(drawn.peak), PEAK_WIDTH, right=True), ""))


def _since(row: Row, drawing: Drawing) -> str:
    return coarse_age(row.isvc.since, drawing.now)


def _change(row: Row, drawing: Drawing) -> str:
    return coarse_age(row.isvc.changed, drawing.now)


def _age(row: Row, drawing: Drawing) -> str:
    return coarse_age(row.isvc.created, drawing.now) if row.isvc.created != BEGINNING else UNKNOWN


def _split(row: Row, _drawing: Drawing) -> str:
    return split_words(row.isvc.traffic).replace("  ", " ") if row.isvc.traffic else NOTHING


NAME_WIDTH = 10
NAMESPACE_WIDTH = 6
"""Cells that names and namespaces have at least before a column is left out; what is over goes to them first."""
USUAL_NAME, USUAL_NAMESPACE = 12, 8
"""As wide as these before one of them gets all of the rest."""
COMFORTABLE_NAME = 18
"""So many cells of a name are worth more than a column that is less important."""
LAST_USUAL = 8
"""The rank up to which columns stand at 80 cells whatever the names; those behind it are less important."""
RANKS = ((110, 10), (118, 12), (136, 13), (150, 14), (160, 16))
"""Below so many cells, columns up to this rank."""
ALL: tuple[tuple[Column, int], ...] = (
    (Column("STATE", 9, _state), 0),
    (Column("NAME", NAME_WIDTH, _name), 0),
    (Column("NS", 8, _namespace), 5),
    (Column("KIND", 5, _plain(lambda row, _: kind_word(row.isvc.key.kind))), 13),
    (Column("RUNTIME", 18, _plain(lambda row, _: row.isvc.runtime or row.isvc.format or NOTHING)), 14),
    (Column("MODE", 4, _plain(lambda row, _: mode_word(row.isvc.mode))), 12),
    (Column("TRAFFIC", 19, _plain(_split)), 11),
    (Column("PODS", 5, _pods, right=True), 1),
    (Column("RPS", RATE_WIDTH, _number(_rate), right=True), 2),
    (Column("ERR%", 5, _number(_errors, _error_look), right=True), 3),
    (Column("P50", 5, _number(_latency(lambda traffic: traffic.p50_ms)), right=True), 15),
    (Column("P90", 5, _number(_latency(lambda traffic: traffic.p90_ms)), right=True), 4),
    (Column("P99", 5, _number(_latency(lambda traffic: traffic.p99_ms)), right=True), 16),
    (Column("TREND", 11, _trend), 6),
    (Column("SINCE", 5, _plain(_since, right=True), right=True), 7),
    (Column("CHG", 4, _plain(_change, right=True), right=True), 8),
    (Column("AGE", 4, _plain(_age, right=True), right=True), 17),
)
