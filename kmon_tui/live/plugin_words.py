"""A login plugin as a person would type it, to try it in a shell; secrets of the kubeconfig are left out."""

from __future__ import annotations

import re
import shlex

from kmon_tui.live.access import ExecPlugin

LONGEST = 400
_SECRET = r"(?:secret|pass(?:word|wd|phrase)?|token|key|credentials?|pin)"
_FLAG = re.compile(rf"--?[\w-]*{_SECRET}", re.IGNORECASE)
"""A flag whose value is a secret; one that ends otherwise names a file, an id or an address."""
_ASSIGNED = re.compile(rf"([\w-]*{_SECRET})=.+", re.IGNORECASE | re.DOTALL)
_INSIDE = ((re.compile(r"://[^/\s@]+@"), "://***@"), (re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "***"))


def typed(plugin: ExecPlugin) -> str:
    """Give variables, program and arguments; what a variable or a secret flag holds is ``***``."""
    words, secret = [_quoted(plugin.command)], False
    for arg in plugin.args:
        words.append("***" if secret and not arg.startswith("-") else _quoted(_without_secrets(arg)))
        secret = _FLAG.fullmatch(arg) is not None
    text = " ".join([*(f"{name}=***" for name, _ in plugin.env), *words])
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _without_secrets(arg: str) -> str:
    arg = _ASSIGNED.sub(r"\1=***", arg)
    for pattern, instead in _INSIDE:
        arg = pattern.sub(instead, arg)
    return arg


def _quoted(word: str) -> str:
    return word if "***" in word and " " not in word else shlex.quote(word)
