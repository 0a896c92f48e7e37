"""`kmon-tui get`: the fleet as text, once, or again whenever it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.backend import OpenBackend
from kmon_tui.domain import errors
from kmon_tui.domain.alike import like, some
from kmon_tui.domain.errors import BackendError, TimedOut, Unreachable
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.names import Wanted, short_name
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.oneshot.formats import write
from kmon_tui.oneshot.items import Item, item_of
from kmon_tui.oneshot.table import header, row, text_of
from kmon_tui.render.escapes import json_text
from kmon_tui.settings import Settings

PATIENCE_S = 30.0
"""How long the first complete list may take when --request-timeout says nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted | None = None
    form: str = "table"
    headers: bool = True
    ascii_only: bool = False
    """Standard output is not UTF-8: JSON escapes what is beyond ASCII."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to print: data, words, and the exit code."""

    text: str = ""
    words: tuple[str, ...] = ()
    code: int = 0


async def get(open_backend: OpenBackend, settings: Settings, wish: Wish, now: Callable[[], datetime]) -> Answer:
    """Answer from the first complete list; BackendError when there is none."""
    async with open_backend(settings) as backend:
        try:
            # Not around the opening: importing takes its time, too, and no server is to blame for that.
            async with asyncio.timeout(_patience_s(settings)), aclosing(backend.cluster.watch()) as fleets:
                async for fleet in fleets:
                    if _complete(fleet):
                        return answer(fleet, backend.place, wish, now())
        except TimeoutError:
            raise _too_slow(settings) from None
    raise Unreachable("the API server's answer ended before the list was complete")


async def watch(
    open_backend: OpenBackend, settings: Settings, wish: Wish, now: Callable[[], datetime]
) -> AsyncGenerator[Answer, None]:
    """Answer, and then again with every service that changed; ends only when it is closed."""
    seen: dict[Key, Item] = {}
    widths: list[int] = []
    headed = not wish.headers
    began, trouble = now(), ""
    async with open_backend(settings) as backend, aclosing(backend.cluster.watch()) as fleets:
        async for fleet in fleets:
            if not _complete(fleet):
                continue
            if fleet.health.error != trouble:
                trouble = fleet.health.error
                yield Answer(words=(trouble or "the API server answers again",))
            if not widths:
                yield answer(fleet, backend.place, wish, now())
                widths, headed = _widths(fleet, wish, now()), headed or bool(_chosen(fleet, wish))
            # Ages are left out of the comparison: they change with every second.
            elif changed := [one for one in _chosen(fleet, wish) if seen.get(one.key) != item_of(one, began)]:
                yield Answer(_changes(changed, fleet, wish, now(), widths, headed=headed))
                headed = True
            seen = {one.key: item_of(one, began) for one in fleet.services}


def answer(fleet: Fleet, place: Place, wish: Wish, now: datetime) -> Answer:
    """Give what to print for one complete list."""
    chosen = _chosen(fleet, wish)
    text = write(
        chosen,
        wish.form,
        now,
        namespaces=fleet.namespace is None,
        headers=wish.headers,
        ascii_only=wish.ascii_only,
    )
    where = "any namespace" if fleet.namespace is None else f"namespace {fleet.namespace}"
    words = fleet.notes_at_first
    if fleet.not_installed and not fleet.services:
        where_to = place.context or "this cluster"
        words += (f"{fleet.not_installed} in {where_to}: the API has no InferenceService (serving.kserve.io)",)
    if wish.wanted is not None and not chosen:
        return Answer(text, (*words, f"there is no {_name(wish.wanted)} in {where}{_similar(fleet, wish.wanted)}"), 1)
    if not chosen and fleet.kinds:
        words += (f"no services in {where}",)
    return Answer(text, words)


def raise_if_failing(health: Health) -> None:
    """Raise what keeps the source from answering; a one-shot does not wait for better times."""
    if health.status is Status.FAILING:
        kind = getattr(errors, health.kind, Unreachable)
        raise (kind if isinstance(kind, type) and issubclass(kind, BackendError) else Unreachable)(
            health.error, health.hint
        )


def _complete(fleet: Fleet) -> bool:
    if fleet.synced:
        return True
    raise_if_failing(fleet.health)
    return False


def _chosen(fleet: Fleet, wish: Wish) -> list[InferenceService]:
    chosen = (isvc for isvc in fleet.services if wish.wanted is None or wish.wanted.fits(isvc.key))
    return sorted(chosen, key=lambda isvc: (isvc.key.namespace, isvc.key.name, isvc.key.kind))


def _name(wanted: Wanted) -> str:
    return f"{wanted.kind or 'service'} {wanted.name}"


def _similar(fleet: Fleet, wanted: Wanted) -> str:
    names = like(wanted.name, (short_name(isvc.key) for isvc in fleet.services))
    return f"; there is {some(names)}" if names else ""


def _widths(fleet: Fleet, wish: Wish, now: datetime) -> list[int]:
    wide, namespaces = wish.form == "wide", fleet.namespace is None
    rows = [header(wide=wide, namespaces=namespaces)]
    rows += [row(isvc, now, wide=wide, namespaces=namespaces) for isvc in _chosen(fleet, wish)]
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _changes(
    changed: list[InferenceService], fleet: Fleet, wish: Wish, now: datetime, widths: list[int], *, headed: bool
) -> str:
    if wish.form in {"table", "wide"}:
        wide, namespaces = wish.form == "wide", fleet.namespace is None
        above = [] if headed else [header(wide=wide, namespaces=namespaces)]
        return text_of([*above, *(row(isvc, now, wide=wide, namespaces=namespaces) for isvc in changed)], widths)
    if wish.form == "json":
        return "".join(json_text(item_of(isvc, now), ascii_only=wish.ascii_only, indent=None) for isvc in changed)
    return write(changed, wish.form, now, headers=False)


def _patience_s(settings: Settings) -> float:
    return settings.kube.request_timeout_s or PATIENCE_S


def _too_slow(settings: Settings) -> TimedOut:
    return TimedOut(f"no complete answer in {_patience_s(settings):g} s", "A larger --request-timeout waits longer.")
