"""From the books to what is told of each service: its own numbers, what callers saw, its pods, its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from kmon_tui.domain.beside import Llm, Users
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Scope, Traffic
from kmon_tui.live.flow import Flow, Latency
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.levels import Levels
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Role
from kmon_tui.live.packs.gauges import Level


def traffic_of_all(
    ledger: Ledger, levels: Levels, owners: Owners, keys: Iterable[Key] | None = None
) -> dict[Key, Traffic]:
    """Give the traffic of each service of which anything is known, or of these, of which something is."""
    if keys is not None:
        return {key: traffic_of(ledger, levels, owners, key) for key in keys}
    users, beside = ledger.users, levels.keys()
    told = {
        key: _of_pods(flow, ledger, owners, key)
        if flow.is_plain and key not in users and key not in beside
        else traffic_of(ledger, levels, owners, key)
        for key, flow in ledger.flows.items()
    }
    for key in (*users, *ledger.ended):
        if key not in told:
            told[key] = traffic_of(ledger, levels, owners, key)
    return told


def traffic_of(ledger: Ledger, levels: Levels, owners: Owners, key: Key) -> Traffic:
    """Give the traffic of one service that is in the books."""
    flow, users = ledger.flows.get(key), ledger.users.get(key)
    if flow is None and users is None:
        ended = ledger.ended.of(key)
        assert ended is not None
        return ended
    if flow is None:
        assert users is not None
        told = users.traffic(ledger.step_s, Scope.USERS)
    else:
        told = _of_pods(flow, ledger, owners, key)
    chosen = flow is not None and DIALECTS[flow.family].scope is Scope.USERS
    seen = None if users is None or chosen else users_of(users)
    if users is not None and chosen:
        told = told._replace(families=tuple(dict.fromkeys((*told.families, *users.families))))
    elif users is not None and seen is not None and not users.problem and not users.lost:
        told = told._replace(
            scope=Scope.USERS,
            error_ratio=seen.error_ratio,
            errors=users.traffic(ledger.step_s).errors,
            families=tuple(dict.fromkeys((*told.families, *users.families))),
        )
    scaling, llm = levels.scaling(key), llm_of(flow or users, levels, key)
    if seen is None and scaling is None and llm is None:
        return told
    return told._replace(users=seen, scaling=scaling, llm=llm)


def _of_pods(flow: Flow, ledger: Ledger, owners: Owners, key: Key) -> Traffic:
    """Give what a service's own numbers say, whoever counts in front of it."""
    scope = DIALECTS[flow.family].scope
    return flow.traffic(ledger.step_s, scope, serves=scope is not Scope.PODS or owners.may_serve(key))


def users_of(flow: Flow) -> Users | None:
    """Give what callers saw; None when the sums of it would mean nothing."""
    if flow.problem:
        return None
    young = flow.new_requests is not None
    told = flow.traffic(1)
    return Users(
        flow.family.value,
        told.requests_per_s,
        told.error_ratio,
        flow.latency.p50_ms,
        flow.latency.p90_ms,
        flow.latency.p99_ms,
        flow.latency.top_bound_ms,
        () if young else tuple(flow.coded().items()),
        told.sampled_at,
    )


def llm_of(flow: Flow | None, levels: Levels, key: Key) -> Llm | None:
    """Give what only a language model has; None when it is none."""
    now = levels.llm(key)
    prompt = flow.per_s(Role.PROMPT_TOKENS) if flow else None
    if flow is None or flow.problem or (not now and prompt is None and flow.tokens is None):
        return None
    first, following = flow.tokens or (Latency(), Latency())
    asked, hits = flow.per_s(Role.PREFIX_QUERIES), flow.per_s(Role.PREFIX_HITS)
    cache = now.get(Level.KV_CACHE)
    told = [share for share in now.get(Level.PREFIX_HITS, ()) if share >= 0]
    return Llm(
        running=sum(now[Level.RUNNING]) if Level.RUNNING in now else None,
        waiting=sum(now[Level.WAITING]) if Level.WAITING in now else None,
        kv_cache_ratio=sum(cache) / len(cache) if cache else None,
        kv_cache_max_ratio=max(cache) if cache else None,
        prompt_tokens_per_s=prompt,
        generation_tokens_per_s=flow.per_s(Role.GENERATION_TOKENS),
        prefix_hit_ratio=min(1.0, hits / asked)
        if asked and hits is not None
        else (sum(told) / len(told) if told else None),
        preemptions_per_s=flow.per_s(Role.PREEMPTIONS),
        ttft_p50_ms=first.p50_ms,
        ttft_p90_ms=first.p90_ms,
        ttft_p99_ms=first.p99_ms,
        ttft_top_ms=first.top_bound_ms,
        itl_p50_ms=following.p50_ms,
        itl_p90_ms=following.p90_ms,
        itl_p99_ms=following.p99_ms,
        itl_top_ms=following.top_bound_ms,
        sampled_at=None if flow.sampled_s is None else datetime.fromtimestamp(flow.sampled_s, UTC),
    )
