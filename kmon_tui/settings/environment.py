"""What environment variables say: KMON_A__B for the key a.b, PROMETHEUS_URL, and what the terminal can do."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.settings.keys import KEYS, Layer

PREFIX = "KMON_"
RESERVED = frozenset({"KMON_CONFIG", "KMON_WATCH_CSS"})
"""Variables of the program that are no keys; those that begin with KMON_E2E_ belong to the tests."""


def environment_layer(environ: Mapping[str, str]) -> tuple[Layer, tuple[str, ...]]:
    """Read the variables that are keys, and say what is wrong with the others that look like one."""
    found: dict[str, object] = {}
    notes: list[str] = []
    if environ.get("PROMETHEUS_URL"):
        found["prometheus.url"] = environ["PROMETHEUS_URL"]
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in RESERVED or variable.startswith("KMON_E2E_") or not value:
            continue
        name = variable.removeprefix(PREFIX).lower().replace("__", ".")
        if name not in KEYS:
            notes.append(f"{variable} means nothing to kmon-tui")
            continue
        try:
            found[name] = KEYS[name].read(value)
        except ValueError as error:
            notes.append(f"{variable} {error}; it is not used")
            if name == "read_only":
                found[name] = True
    return found, tuple(notes)


def speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Tell whether the locale writes UTF-8, by LC_ALL, LC_CTYPE and LANG in this order."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    return "utf8" in locale.lower().replace("-", "")


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal is at the other end of an SSH connection."""
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))


def wants_no_color(environ: Mapping[str, str]) -> bool:
    """Tell whether NO_COLOR is set to anything (no-color.org), or the terminal is dumb."""
    return bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
