"""`kmon-tui events NAME`: events and changes of a service and of all below it, in one stream, newest last."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.change_log import ChangeLog
from kmon_tui.domain.health import Status
from kmon_tui.domain.names import Wanted
from kmon_tui.domain.timeline import Moment, timeline
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.items import age_s, time_text
from kmon_tui.oneshot.looking import Now, look, trees_of
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.oneshot.table import NONE, text_of
from kmon_tui.render.cells import clean
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.render.units import duration
from kmon_tui.settings import Settings

FORMATS = ("table", "json", "yaml")
_HEADER = ("AGE", "TYPE", "OBJECT", "REASON", "WHO", "MESSAGE")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted
    form: str = "table"
    ascii_only: bool = False


async def events(open_backend: OpenBackend, settings: Settings, wish: Wish, now: Now) -> Answer:
    """Answer once. Raises BackendError, and Absent for an unknown name."""
    async with open_backend(settings) as backend:
        fleet = await complete_fleet(backend, settings)
        tree = await look(backend, chosen(fleet, wish.wanted).key, settings)
    told = timeline(tree)
    words = _blind(tree)
    if not told:
        words = (*words, "no events: the API server forgets them after an hour, and nobody says who wrote")
    return Answer(write(told, wish, now()), words)


async def watch(open_backend: OpenBackend, settings: Settings, wish: Wish, now: Now) -> AsyncGenerator[Answer, None]:
    """Answer, and then again with everything that happens; ends only when it is closed."""
    async with open_backend(settings) as backend:
        key = chosen(await complete_fleet(backend, settings), wish.wanted).key
        seen, changes, trouble = set[Moment](), ChangeLog(), ""
        first, widths = True, list[int]()
        async with aclosing(trees_of(backend).watch(key)) as trees:
            async for tree in trees:
                if not tree.synced:
                    continue
                failing = tree.health.error if tree.health.status is Status.FAILING else ""
                if failing != trouble:
                    trouble = failing
                    yield Answer(words=(trouble or "the API server answers again",))
                changes.see(tree, now())
                told = timeline(tree, changes.edits)
                fresh = [moment for moment in told if moment not in seen]
                seen.update(fresh)
                if fresh or first:
                    text, widths = _more(fresh, wish, now(), widths)
                    yield Answer(text, _blind(tree) if first else ())
                first = False


def write(told: Sequence[Moment], wish: Wish, now: datetime) -> str:
    """Write moments in one format."""
    if wish.form == "json":
        return json_text({"items": [item(moment) for moment in told]}, ascii_only=wish.ascii_only)
    if wish.form == "yaml":
        return yaml_text({"items": [item(moment) for moment in told]})
    return text_of([_HEADER, *(_row(moment, now) for moment in told)]) if told else ""


def item(moment: Moment) -> dict[str, Any]:
    """Give what JSON shows of one moment."""
    ref = moment.object
    return {
        "time": time_text(moment.time),
        "first": time_text(moment.first),
        "count": moment.repeats,
        "type": _type(moment),
        "reason": moment.reason,
        "message": moment.text,
        "object": {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name},
        "who": moment.who,
    }


def _more(fresh: Iterable[Moment], wish: Wish, now: datetime, widths: list[int]) -> tuple[str, list[int]]:
    """Write what is new: a line each; the columns of a table stay as wide as they were."""
    if wish.form != "table":
        return "".join(json_text(item(one), ascii_only=wish.ascii_only, indent=None) for one in fresh), widths
    rows = [_row(one, now) for one in fresh]
    shown = rows if widths else [_HEADER, *rows]
    widths = widths or [*[max(map(len, column)) for column in zip(*shown, strict=True)][:-1], 0]
    return text_of(shown, widths), widths


def _row(moment: Moment, now: datetime) -> tuple[str, ...]:
    seconds = age_s(moment.time, now)
    age = NONE if seconds is None else duration(seconds)
    times = f" ({moment.repeats} times)" if moment.repeats > 1 else ""
    about = f"{moment.object.kind.lower()}/{moment.object.name}"
    cells = (age, _type(moment), about, moment.reason, moment.who or NONE, moment.text + times)
    return tuple(clean(cell) for cell in cells)


def _type(moment: Moment) -> str:
    return "Change" if moment.is_change else "Warning" if moment.warning else "Normal"


def _blind(tree: ObjectTree) -> tuple[str, ...]:
    return tuple(f"{one.text}: they are not shown" for one in tree.blind if one.kind == "Event" and one.text)
