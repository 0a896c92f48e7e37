"""The settings of a Prometheus that a person chose in place of the one that was configured. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from urllib.parse import urlsplit

from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings.parse import matchers, split_user_info
from kmon_tui.settings.values import PrometheusSettings

FOUND_BY = ":prom"


def chosen(old: PrometheusSettings, wish: ChoosePrometheus, offered: Collection[str] = ()) -> PrometheusSettings:
    """Give the settings of what was chosen. Raises SettingsError for a URL or a matcher that is none.

    Passwords, tokens and headers go only where they went already: to the same
    server, or to one that was found in the same cluster (``offered``).
    """
    if wish.url is None:
        return replace(old, matchers=_joined(old.matchers, wish.matchers))
    asked = _matchers(wish.matchers or ())
    if not wish.url:
        return replace(old if old.url is None else PrometheusSettings(), url=None, found_by="", matchers=asked)
    text = wish.url if "//" in wish.url else f"http://{wish.url}"
    try:
        url, user, password = split_user_info(text)
    except ValueError as error:
        raise SettingsError(f"Prometheus: {error}", "Type it as :prom http://localhost:9090") from None
    known = old.url is not None and _origin(old.url) == _origin(url)
    kept = old if known or (old.url is None and url in offered) else PrometheusSettings()
    if user is not None:
        kept = replace(kept, username=user, password=password, bearer_token_file=None)
    return replace(kept, url=url, found_by=FOUND_BY, matchers=asked)


def _joined(old: tuple[str, ...], new: tuple[str, ...] | None) -> tuple[str, ...]:
    """Put new matchers in the place of those of the same labels; none at all takes all away."""
    if new is None or not new:
        return old if new is None else ()
    asked = _matchers(new)
    labels = {_label(one) for one in asked}
    return (*(one for one in _matchers(old) if _label(one) not in labels), *asked)


def _label(matcher: str) -> str:
    return re.split("[=!]", matcher, maxsplit=1)[0]


def _matchers(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(one for text in texts for one in matchers(text)))
    except ValueError as error:
        raise SettingsError(str(error), """Type it as :prom cluster="prod-eu\"""") from None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
