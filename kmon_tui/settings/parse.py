"""Texts that people write, as values: durations, switches, label matchers, headers."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from kmon_tui.settings.values import Secret

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_QUOTED = r""" "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^"',{}]* """
_MATCHER = re.compile(rf"\s* ([A-Za-z_]\w*) \s* (=~|!~|!=|=) \s* ({_QUOTED}) \s* (?:,|$)", re.VERBOSE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def switch(text: str) -> bool:
    """Read yes or no as Go's flags and YAML spell them."""
    word = text.strip().lower()
    if word in {"1", "t", "true", "yes", "y", "on"}:
        return True
    if word in {"0", "f", "false", "no", "n", "off"}:
        return False
    raise ValueError(f"must be true or false, not {text!r}")


def duration_s(text: str) -> float:
    """Read ``90``, ``1m30s`` or ``500ms`` as kubectl does; a number alone is seconds."""
    word = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return float(word)
    parts = _DURATION.findall(word)
    if not parts or "".join(number + unit for number, unit in parts) != word:
        raise ValueError(f"must be a duration such as 30s or 1m30s, not {text!r}")
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def matchers(text: str) -> tuple[str, ...]:
    """Read label matchers, ``cluster="x",env!="dev"``; adds the quotes that a shell may have eaten.

    Braces around them are allowed, as a whole selector may be pasted.
    """
    rest = text.strip().removeprefix("{").removesuffix("}").strip()
    found: list[str] = []
    while rest:
        match = _MATCHER.match(rest)
        if match is None:
            raise ValueError(f"""must be label matchers such as cluster="x", not {text!r}""")
        label, operator, value = match.groups()
        found.append(f"{label}{operator}{_quoted(value)}")
        rest = rest[match.end() :]
    return tuple(found)


def headers(text: str) -> tuple[tuple[str, Secret], ...]:
    """Read ``Name: value`` lines; empty lines and those that start with ``#`` say nothing. No message shows a value."""
    found: list[tuple[str, Secret]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name.strip()):
            raise ValueError(f"line {number} is no header such as 'X-Scope-OrgID: team'")
        found.append((name.strip(), Secret(value.strip())))
    return tuple(found)


def split_user_info(url: str) -> tuple[str, str | None, Secret | None]:
    """Take user name and password out of a URL, so that the rest can be shown; ``host:9090`` alone means http."""
    given = url.strip()
    try:
        parts = urlsplit(given if "//" in given else f"http://{given}")
        host, user_name, password = parts.netloc.rpartition("@")[2], parts.username, parts.password
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or any(character.isspace() for character in given):
        raise ValueError("must be a URL such as http://localhost:9090")
    return (
        urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")),
        None if user_name is None else unquote(user_name),
        None if password is None else Secret(unquote(password)),
    )


def _quoted(value: str) -> str:
    if value.startswith('"'):
        return value
    if value.startswith("'"):
        return '"' + value[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    escaped = value.strip().replace("\\", "\\\\")
    return f'"{escaped}"'
