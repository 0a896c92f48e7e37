"""Our questions to Prometheus as text, for the families of ``packs``. Pure.

Counters are asked for raw and summed per target only: what they gained is worked out by us, step by step, because
``rate()`` misses a series that is born with its first error, and a sum over targets would hide a restart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live import natives
from kmon_tui.live.guards import BY, GUARDS
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import FAILED, GOOD, NAMES, TARGET, Dialect, Histogram, also
from kmon_tui.live.packs.gauges import GAUGES, Gauges
from kmon_tui.live.parts import (
    BEFORE,
    CLOCK,
    COPIES,
    EXPORTED,
    FIRST_TOKEN,
    GAUGE_TIME,
    NEW,
    NEXT_TOKEN,
    NOW_UP,
    PART,
    SAMPLED,
    UNREAD,
)
from kmon_tui.live.selectors import in_namespaces, only_targets, quoted, quoted_choice
from kmon_tui.live.unreadable import DOTTED_NAMES

MOST_NAMES = 1500
"""Of so many letters may all names of services be that are put into a selector."""


def probe(matchers: str, scopes: Collection[Scope] = tuple(Scope)) -> str:
    """Ask which families have series, how many, in how many clusters and replicas, which gauges, and what time it is.

    Without Scope.USERS nothing is asked of what is counted before the pods.
    """
    by = ", ".join(("__name__", *GUARDS))
    parts = [_named_as(f"count by ({by}) ({{{one}{also(matchers)}}})", name) for one, name in _counted_in(scopes)]
    parts.append(f"count by (__name__) ({{{_named(_gauge_names(GAUGES))}{also(matchers)}}})")
    names = [name for dialect in DIALECTS.values() if dialect.scope is Scope.PODS for name in dialect.requests]
    exported = f'count by (__name__) ({{{_named(names)},exported_namespace!=""{also(matchers)}}})'
    unread = f"count by (__name__) ({{__name__=~{quoted_choice((*DOTTED_NAMES, *natives.NAMES))}{also(matchers)}}})"
    told = (_told(exported, EXPORTED), _told(unread, UNREAD), _told("vector(time())", CLOCK))
    return " or ".join((_either(parts), *told))


def present(matchers: str, scope: Scope) -> str:
    """Ask which names of request counters there are."""
    return " or ".join(
        _named_as(f"count by (__name__) ({{{one}{also(matchers)}}})", name) for one, name in _counted_in((scope,))
    )


def probed(matchers: str) -> list[str]:
    """Give selectors of what pods count, one a family, for the index of series."""
    return [f"{{{_requests(dialect)}{also(matchers)}}}" for dialect in DIALECTS.values() if dialect.scope is Scope.PODS]


def counters(
    families: Sequence[Family],
    matchers: str,
    namespaces: Collection[str],
    names: Collection[str] = (),
    native: Collection[str] = natives.NONE,
) -> str:
    """Ask for the raw counters of all services, one row per target, metric and code."""
    parts = []
    for dialect in (DIALECTS[family] for family in families):
        by = ", ".join(("__name__", *TARGET, *dialect.names, *BY, *dialect.code_labels))
        rest = _scope(dialect, matchers, namespaces, names)
        parts += [f"sum by ({by}) ({{{only}{rest}}})" for only in _selectors(dialect)]
        parts += natives.counters(dialect, native, by, rest)
    return _either(parts)


def gauges(packs: Sequence[Gauges], matchers: str, namespaces: Collection[str]) -> str:
    """Ask for what goes up and down, one row per revision, deployment or pod; empty when there is nothing to ask."""
    parts = []
    for pack in packs:
        by = ", ".join(("__name__", *pack.by, *BY))
        only = in_namespaces(pack.namespaces[0], namespaces) if len(pack.namespaces) == 1 else ""
        inner = f"{{{_named(pack.levels)}{also(pack.own)}{only}{also(matchers)}}}"
        parts.append(f"{pack.over} by ({by}) ({inner})")
    return _either(parts, "gauge ")


def sampled(
    families: Sequence[Family],
    packs: Sequence[Gauges],
    matchers: str,
    namespaces: Collection[str],
    names: Collection[str] = (),
    native: Collection[str] = natives.NONE,
) -> str:
    """Ask when each target was last sampled, in Prometheus' time; with Knative >= 1.19 also who the targets are."""
    parts = []
    for dialect in (DIALECTS[family] for family in families):
        by = ", ".join((*TARGET, *BY))
        scope = _scope(dialect, matchers, namespaces, names)
        rest = f"{also(dialect.requests_own)}{scope}".lstrip(",")
        classic = [f"timestamp({name}{{{rest}}})" for name in dialect.requests]
        times = " or ".join((*classic, *natives.times(dialect, native, scope)))
        parts.append(f"max by ({by}) ({times})")
    if Family.KNATIVE_S in families:
        by = ", ".join((*TARGET, *NAMES, *BY))
        parts.append(f'max by ({by}) (timestamp(target_info{{kn_revision_name!=""{also(matchers)}}}))')
    for source in dict.fromkeys(pack.source for pack in packs if pack.names):
        levels = [name for pack in packs if pack.source == source for name in pack.levels]
        times = " or ".join(f"max(timestamp({name}{_braced(matchers)}))" for name in levels[:2])
        parts.append(_told(times, f"{GAUGE_TIME}{source}"))
    return " or ".join(parts)


def latency(
    dialect: Dialect,
    matchers: str,
    targets: Iterable[Mapping[str, str]],
    window_s: int | None,
    native: Collection[str] = natives.NONE,
) -> list[str]:
    """Ask what fell into the buckets of these targets in the window, cumulative, one row per target and bound.

    PART says of which family, and which of a language model's histograms it is. No window: all that was ever counted,
    for targets that began in the window: ``increase()`` does not see what a series is born with.
    """
    parts = []
    on = ", ".join(dialect.place_labels)
    by = f"le, {on}"
    histograms = {"": dialect.latency, FIRST_TOKEN: dialect.first_token, NEXT_TOKEN: dialect.next_token}
    for only in only_targets(targets, dialect):
        for part, histogram in histograms.items():
            if histogram is not None:
                inner = f"{{{only}{_rest(dialect, histogram, matchers)}}}"
                names = [name for name in (histogram.series, histogram.older) if name]
                gained = " or ".join(_gained(name + inner, window_s) for name in names)
                of = f"{dialect.family} {part}".rstrip() + (NEW if window_s is None else "")
                parts.append(_told(f"sum by ({by}) ({gained})", of))
                if natives.is_native(histogram, native):
                    whole = f"sum by ({on}) ({_gained(natives.base_of(histogram.series) + inner, window_s)})"
                    parts.append(_told(natives.unless_classic(whole, on, histogram.series + inner), of))
    return parts


def detail(
    dialect: Dialect, matchers: str, targets: Iterable[Mapping[str, str]], native: Collection[str] = natives.NONE
) -> list[str]:
    """Ask for the raw counters by code and the raw buckets of these targets; for a range. Parts for ``together``."""
    by_code = ", ".join(("__name__", *dialect.place_labels, *dialect.code_labels))
    by_le = ", ".join(("__name__", "le", *dialect.place_labels))
    parts = []
    for only in only_targets(targets, dialect):
        rest = f",{only}{also(dialect.own)}{also(matchers)}"
        parts += [f"sum by ({by_code}) ({{{selector}{rest}}})" for selector in _selectors(dialect)]
        parts += natives.counters(dialect, native, by_code, rest)
        inner, where = f"{also(dialect.requests_own)}{rest}".lstrip(","), ", ".join(dialect.place_labels)
        times = (*(f"timestamp({name}{{{inner}}})" for name in dialect.requests), *natives.times(dialect, native, rest))
        sampled = f"max by ({where}) ({' or '.join(times)})"
        parts.append(f'label_replace({sampled}, "{SAMPLED}", "{dialect.family}", "", "")')
        if dialect.latency is not None:
            inner = f"{{{only}{_rest(dialect, dialect.latency, matchers)}}}"
            parts.append(f"sum by ({by_le}) ({dialect.latency.series}{inner})")
            if natives.is_native(dialect.latency, native):
                on = ", ".join(dialect.place_labels)
                whole = f"sum by (__name__, {on}) ({natives.base_of(dialect.latency.series)}{inner})"
                parts.append(natives.unless_classic(whole, on, dialect.latency.series + inner))
    return parts


def levels(packs: Sequence[Gauges], matchers: str, owners: Iterable[Mapping[str, str]]) -> list[str]:
    """Ask for the gauges of one service, given the labels of its own; for a range. Parts for ``together``."""
    owners = list(owners)
    parts = []
    for pack in packs:
        by = ", ".join(("__name__", *pack.by, *BY))
        only = ",".join(
            f"{label}=~{quoted_choice(values)}"
            for label in (pack.names or TARGET[1:3])
            if all(values := [labels.get(label, "") for labels in owners])
        )
        if owners and only:
            inner = f"{{{_named(pack.levels)},{only}{also(pack.own)}{also(matchers)}}}"
            parts.append(f"{pack.over} by ({by}) ({inner})")
    return parts


def counted(dialect: Dialect, matchers: str, namespace: str) -> list[str]:
    """Give selectors of the counters in a namespace, for the index of series."""
    rest = _scope(dialect, matchers, (namespace,))
    whole = [f'__name__="{base}"' for base in natives.counted(dialect)]
    return [f"{{{selector}{rest}}}" for selector in (*_selectors(dialect), *whole)]


def identities(matchers: str) -> list[str]:
    """Give the selector of what says which process is of which revision."""
    return [f'target_info{{kn_revision_name!=""{also(matchers)}}}']


def together(parts: Iterable[str]) -> str:
    """Make one question of several parts."""
    return _either(parts)


def scraped(matchers: str, targets: Iterable[Mapping[str, str]], when: str = "") -> str:
    """Ask whether these targets answered: a scrape without a series proves zero. Empty when none has an instance."""
    instances = {labels["instance"] for labels in targets if labels.get("instance")}
    if not instances:
        return ""
    return f"max by (job, instance) (up{{instance=~{quoted_choice(instances)}{also(matchers)}}}{when})"


def newcomers(matchers: str, before_s: int, new: Iterable[Mapping[str, str]], some: Iterable[Mapping[str, str]]) -> str:
    """Ask whether targets that are new answered so many seconds ago, and for every series that tells of some now.

    Nothing is asked for a time of 0.
    """
    before = scraped(matchers, new, f" offset {before_s}s") if before_s else ""
    instances = {labels["instance"] for labels in some if labels.get("instance")}
    now = f"up{{instance=~{quoted_choice(instances)}{also(matchers)}}}" if instances else ""
    return " or ".join(_told(question, part) for question, part in ((before, BEFORE), (now, NOW_UP)) if question)


def whole(families: Sequence[Family], matchers: str, targets: Iterable[Mapping[str, str]]) -> str:
    """Ask for the counters of requests of these targets with all their labels; empty when there is nothing to ask."""
    names = [name for one in families if DIALECTS[one].scope is Scope.PODS for name in DIALECTS[one].requests]
    parts = [f"{{{_named(names)},{only}{also(matchers)}}}" for only in only_targets(targets)] if names else []
    return _told(f"({' or '.join(parts)})", COPIES) if parts else ""


def sample_times(matchers: str, metrics: Iterable[Mapping[str, str]]) -> str:
    """Ask when these series (with ``__name__``) were sampled, one row each."""
    by = ", ".join(TARGET)
    parts = []
    for metric in metrics:
        only = ",".join(f"{name}={quoted(value)}" for name, value in metric.items() if name != "__name__")
        inner = ",".join(filter(None, (only, matchers)))
        parts.append(f"max by ({by}) (timestamp({metric['__name__']}{{{inner}}}))")
    return _either(parts)


def code_class(dialect: Dialect, labels: Mapping[str, str]) -> str:
    """Give ``2xx``, ``5xx``…; ``ok`` or ``failed`` where the scrape job says so; empty where the series has no code."""
    for label in dialect.code_labels:
        code = labels.get(label, "")
        if code[:1].isdigit():
            return f"{code[0]}xx"
        if code in (GOOD, FAILED):
            return code
    return ""


def _selectors(dialect: Dialect) -> list[str]:
    """Names of the counters, those together that need no matcher of their own."""
    plain = [name for name, count in dialect.counters.items() if not count.own]
    others = [f'__name__="{name}",{count.own}' for name, count in dialect.counters.items() if count.own]
    return [_named(plain), *others]


def _counted_in(scopes: Collection[Scope]) -> list[tuple[str, str]]:
    """Give matchers of everything that counts requests, and the name that is meant where it is another one."""
    of_scope = [dialect for dialect in DIALECTS.values() if dialect.scope in scopes]
    plain = [dialect for dialect in of_scope if not (dialect.own or dialect.requests_own)]
    only = [(_named([name for dialect in plain for name in dialect.requests]), "")] if plain else []
    only += [(_requests(dialect), "") for dialect in of_scope if dialect not in plain]
    # Native histograms of requests; a part of their own, since their names say nothing of codes or ``le``.
    return only + [
        (f'__name__="{base}"{also(natives.own_of(dialect.counters[name]))}{also(dialect.own)}', name)
        for dialect in of_scope
        for base, name in natives.counted(dialect).items()
        if name in dialect.requests
    ]


def _named_as(question: str, name: str) -> str:
    return f'label_replace({question}, "__name__", "{name}", "", "")' if name else question


def _requests(dialect: Dialect) -> str:
    return f"{_named(dialect.requests)}{also(dialect.requests_own)}{also(dialect.own)}"


def _named(names: Iterable[str]) -> str:
    names = list(names)
    return f'__name__="{names[0]}"' if len(names) == 1 else f'__name__=~"{"|".join(names)}"'


def _gauge_names(packs: Iterable[Gauges]) -> list[str]:
    return [name for pack in packs for name in pack.levels]


def _rest(dialect: Dialect, histogram: Histogram, matchers: str) -> str:
    return f"{also(dialect.own)}{also(histogram.own)}{also(matchers)}"


def _either(parts: Iterable[str], of: str = "") -> str:
    """Join questions. ``or`` looks at all labels but the name, so rows of later parts get a label of their own."""
    return " or ".join(
        f'label_replace({part}, "{PART}", "{of}{n}", "", "")' if n or of else part for n, part in enumerate(parts)
    )


def _gained(selector: str, window_s: int | None) -> str:
    return selector if window_s is None else f"increase({selector}[{window_s}s])"


def _told(question: str, part: str) -> str:
    return f'label_replace({question}, "{PART}", "{part}", "", "")'


def _scope(dialect: Dialect, matchers: str, namespaces: Collection[str], names: Collection[str] = ()) -> str:
    """Matchers behind the name. Series without a namespace pass: target_info or the pod may say whose they are."""
    only = in_namespaces(dialect.namespace_label, namespaces) if dialect.namespace_label else ""
    return f"{also(dialect.own)}{only}{_about(dialect, names)}{also(matchers)}"


def _about(dialect: Dialect, names: Collection[str]) -> str:
    """Give a matcher, behind a comma, that keeps away most strangers of a process that serves everybody.

    In a mesh all services of a namespace may be in it. What follows a service's name there begins with a dash.
    """
    if not dialect.patterns or not names or sum(map(len, names)) > MOST_NAMES:
        return ""
    choice = quoted_choice(names)[1:-1]
    alone = len(dialect.names) == 1
    return f',{dialect.names[-1]}=~"{f".*({choice}).*" if alone else f"({choice})(-.*)?"}"'


def _braced(matchers: str) -> str:
    return f"{{{matchers}}}" if matchers else ""
