"""Targets: processes that count, what their counters gained, and which of several scrapes of one counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

from kmon_tui.domain.counters import gain
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family
from kmon_tui.live.flow import Flow
from kmon_tui.live.guards import guards_of
from kmon_tui.live.packs.dialect import TARGET, Dialect, Role
from kmon_tui.live.reckoning import Slot, reckoning_of
from kmon_tui.live.steps import Gain

T = TypeVar("T")
Handle = tuple[str, ...]
"""What names a process in all our questions; short, since it is looked up for each of thousands."""


COUNTS = frozenset({Role.REQUESTS, Role.ATTEMPTS, Role.SUCCESSES, Role.ANSWERS, Role.FAILURES, Role.FINE})
"""Where one of these cannot be read, neither rate nor errors of its process are known."""

_UNIT = ("exported_pod", "exported_instance", "k8s_pod_name", "pod", "pod_name", "instance")
"""What names a process, the best first: where one scraped address stands for many, its own pod and address do not."""


@cache
def shared(words: T) -> T:
    """Give the one tuple that all targets with the same words keep."""
    return words


class Target:
    """One process that counts, in one family, and what its counters showed when it was last seen."""

    __slots__ = (
        "_counts", "_names", "_values", "at_s", "chosen", "covered_s", "cut", "dialect", "first_sample_s", "flow",
        "gains", "generation", "guards", "handle", "owner", "sampled_s", "seen_s", "slots", "unit", "zero_s",
    )  # fmt: skip

    def __init__(self, labels: dict[str, str], dialect: Dialect) -> None:
        # Ten thousand dicts with the same keys would take three times the room.
        self._names = shared(tuple(labels))
        self._values = tuple(labels.values())
        self.dialect = dialect
        self.handle = handle_of(labels)
        self.guards = shared(guards_of(labels))
        self.unit = next((labels[name] for name in _UNIT if labels.get(name)), "")
        """Two targets of one unit are one process scraped twice."""
        if dialect.patterns:
            self.unit = "\0".join((self.unit, *(labels.get(name, "") for name in dialect.names)))
        self.owner: Key | None = None
        self.flow: Flow | None = None
        self.generation = -1
        self.chosen = False
        self.at_s = -1
        self.zero_s: float | None = None
        """When it had counted nothing yet, if that is known: a scrape proved it, or its pod was made then."""
        self.seen_s: float | None = None
        self.first_sample_s: float | None = None
        self.sampled_s: float | None = None
        # Not dicts: two of them for each of ten thousand targets would take three times the room.
        self.slots: tuple[Slot, ...] = ()
        """What it counted when it was last seen."""
        self._counts: tuple[float, ...] = ()
        self.gains: tuple[float, ...] | None = None
        """By slot, of the newest step; None when it is not known what it brought."""
        self.cut = False
        """Whether it came back after a while, so that this step does not have all that it gained."""
        self.covered_s = 0.0
        """How long it took to gain that, from sample to sample."""

    @property
    def telling(self) -> dict[str, str]:
        """The labels by which its series are found: of a process that serves many services, those of one."""
        names = (*TARGET, *self.dialect.names) if self.dialect.patterns else TARGET
        return {name: value for name, value in self.labels.items() if name in names}

    @property
    def labels(self) -> dict[str, str]:
        """What it is known by, made anew at every access."""
        return dict(zip(self._names, self._values, strict=True))

    @property
    def place(self) -> tuple[str, ...]:
        """What it is known again by in answers about some services, made anew at every access."""
        labels = self.labels
        return tuple([labels.get(name, "") for name in self.dialect.place_labels])

    @property
    def young(self) -> bool:
        """Whether only one sample of it is known."""
        return self.gains is None if self.sampled_s is None else self.sampled_s == self.first_sample_s

    @property
    def requests(self) -> float:
        """Its counter of requests."""
        counts = self._counts
        return sum([counts[place] for place in reckoning_of(self.slots).requests])

    def settle(
        self,
        at_s: int,
        step_s: int,
        sampled_s: float | None,
        born_s: float | None,
        slots: tuple[Slot, ...],
        counts: tuple[float, ...],
    ) -> None:
        """Take over what was read at ``at_s``. The gain over a gap is spread evenly; this step gets at most its share.

        ``born_s``: when its pod was made, if that happened before our eyes, so that all it counted is known to be new.
        """
        before = self._counts
        if slots != self.slots:
            known = dict(zip(self.slots, before, strict=True))
            before = tuple([known.get(slot, 0.0) for slot in slots])
            self.slots = shared(slots)
        known_s = self.sampled_s if self.seen_s is not None else born_s
        if self.seen_s is None:
            self.first_sample_s, self.zero_s = sampled_s, born_s
        if self.seen_s is None and born_s is None:
            self.gains = None
        else:
            covered_s = float(step_s) if sampled_s is None or known_s is None else max(0.0, sampled_s - known_s)
            gains = map(gain, before, counts)
            share = min(1.0, 1.5 * step_s / covered_s) if covered_s else 1.0
            self.gains = tuple(gains) if share == 1.0 else tuple([one * share for one in gains])
            self.covered_s, self.cut = covered_s * share, share < 1
        self._counts = counts
        self.seen_s = at_s
        self.sampled_s = sampled_s


def handle_of(labels: Mapping[str, str]) -> Handle:
    """Give what names the process of a series in all our questions."""
    return (shared("\0".join(guards_of(labels))), *[labels.get(name, "") for name in TARGET])


def best_of_each(arrived: list[Target]) -> dict[Family, list[Target]]:
    """Of the targets of one service choose one per process and family."""
    dialect, units = arrived[0].dialect, {target.unit for target in arrived}
    if len(units) == len(arrived) and all(target.dialect is dialect for target in arrived):
        for target in arrived:
            target.chosen = True
        return {dialect.family: arrived}
    best: dict[tuple[Family, str], Target] = {}
    for target in arrived:
        rival = best.get((target.dialect.family, target.unit))
        if rival is None or _rank(target) > _rank(rival):
            best[target.dialect.family, target.unit] = target
    families: dict[Family, list[Target]] = {}
    for target in arrived:
        target.chosen = best[target.dialect.family, target.unit] is target
        if target.chosen:
            families.setdefault(target.dialect.family, []).append(target)
    return families


def gain_of(target: Target, gains: tuple[float, ...]) -> Gain:
    """Give what a service gained that has this process alone."""
    reckoning = reckoning_of(target.slots)
    requests, bad, base, coded = reckoning.of(gains)
    return Gain(requests, target.covered_s, bad, base, coded, reckoning.beside(gains) if reckoning.extra else None)


def brought_by(targets: list[Target], beside: Mapping[Family, list[Target]]) -> Gain | None:
    """Sum what the processes of a service gained; None when that is known of none of them.

    ``beside``: the targets of its other families, which may know more of the same requests.
    """
    known = [target for target in targets if target.gains is not None]
    if not known:
        return None
    slots, gains = _summed(known)
    reckoning = reckoning_of(slots)
    requests, bad, base, coded = reckoning.of(gains)
    extra = reckoning.beside(gains) if reckoning.extra else {}
    covered_s = sum([target.covered_s for target in known]) / len(known)
    if len(beside) > 1:
        if base is None and (sdk := beside.get(Family.SDK)):
            # No codes: the SDK's own stages tell how many executions failed, if they are scraped.
            slots, gains = _summed(sdk)
            _, bad, base, _ = reckoning_of(slots).of(gains)
        if llm := beside.get(Family.VLLM):
            slots, gains = _summed(llm)
            extra = {**extra, **reckoning_of(slots).beside(gains)}
    return Gain(requests, covered_s, bad, base, coded, extra or None)


def _summed(targets: Sequence[Target]) -> tuple[tuple[Slot, ...], tuple[float, ...]]:
    """Add up what they gained, slot by slot."""
    slots = targets[0].slots
    gains = [target.gains for target in targets if target.gains is not None and target.slots is slots]
    if len(gains) == len(targets):
        return slots, gains[0] if len(gains) == 1 else tuple(map(sum, zip(*gains, strict=True)))
    sums: dict[Slot, float] = {}
    for target in targets:
        for slot, value in zip(target.slots, target.gains, strict=True) if target.gains is not None else ():
            sums[slot] = sums.get(slot, 0.0) + value
    return shared(tuple(sums)), tuple(sums.values())


def _rank(target: Target) -> tuple[float, bool, float, Handle]:
    """Of two scrapes of one process the better one: the fresher, then the one already chosen."""
    return (target.sampled_s or 0.0, target.chosen, target.requests, target.handle)
