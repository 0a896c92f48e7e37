"""prometheus.yaml in the state directory: which Prometheus a person chose with P or :prom, by context.

The config file is the person's own and is never written by us. No secret gets here: a URL loses its user info, and
tokens and passwords stay where they were configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.errors import KmonError, SettingsError
from kmon_tui.settings.chosen import FOUND_BY, chosen
from kmon_tui.settings.parse import matchers, split_user_info
from kmon_tui.settings.private_file import write_privately
from kmon_tui.settings.values import PrometheusSettings

FILE = "prometheus.yaml"
REMEMBERED = f"{FOUND_BY}, remembered"
_HEAD = "# Which Prometheus was chosen in kmon-tui (P or :prom), by context. `:prom forget` takes an entry away.\n"
_SAID_NOW = ("--prometheus", "PROMETHEUS_URL")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One choice."""

    url: str | None = None
    """None: the one that is configured or found; empty: the one that is found in the cluster, and no configured one."""
    matchers: tuple[str, ...] | None = None
    """None: those that are configured."""
    offered: bool = False
    """It was found in the cluster: what opens the configured one opens this one, too."""


class PrometheusMemory:
    """Reads and writes the file; another kmon-tui may write it, too, so it is read anew before each change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, context: str) -> Remembered | None:
        """Give what was chosen in a context; None too for what cannot be read: then the settings decide."""
        return self._load().get(context)

    def put(self, context: str, choice: Remembered) -> None:
        """Remember a choice. Raises KmonError when it cannot be written."""
        self._write({**self._load(), context: choice})

    def forget(self, context: str) -> bool:
        """Take a choice away; False when there is none. Raises KmonError when the file cannot be written."""
        known = self._load()
        if known.pop(context, None) is None:
            return False
        self._write(known)
        return True

    def _load(self) -> dict[str, Remembered]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return {}
        import yaml  # the screen comes up without it

        try:
            content = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError):
            return {}
        contexts = content.get("contexts") if isinstance(content, Mapping) else None
        if not isinstance(contexts, Mapping):
            return {}
        found = {str(name): _choice(entry) for name, entry in contexts.items()}
        return {name: choice for name, choice in found.items() if choice is not None}

    def _write(self, choices: Mapping[str, Remembered]) -> None:
        import yaml  # as above

        content = {"contexts": {name: _entry(choice) for name, choice in choices.items()}}
        text = _HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_privately(self.path, text.encode())
        except OSError as error:
            raise KmonError(f"cannot write {self.path}: {error.strerror}", "Is the folder yours to write?") from error


def remembered(
    old: Remembered | None, wish: ChoosePrometheus, made: PrometheusSettings, *, offered: bool
) -> Remembered:
    """Give what is to be written down of a wish and of the settings that came of it."""
    if wish.url is None:
        return replace(old or Remembered(), matchers=made.matchers)
    return Remembered(made.url or "", made.matchers or None, offered)


def as_remembered(
    settings: PrometheusSettings, choice: Remembered | None, *, own_matchers: bool = False
) -> PrometheusSettings:
    """Give the settings with what was chosen before; a URL of this call is stronger, and so are its matchers."""
    if choice is None or settings.found_by in _SAID_NOW:
        return settings
    asked = settings.matchers if own_matchers else choice.matchers
    if choice.url is None:
        return replace(settings, matchers=settings.matchers if asked is None else asked)
    offered = (choice.url,) if choice.offered else ()
    try:
        made = chosen(settings, ChoosePrometheus(choice.url, asked), offered)
    except SettingsError:
        return settings
    return replace(made, found_by=REMEMBERED) if made.url else made


def _choice(entry: object) -> Remembered | None:
    if not isinstance(entry, Mapping):
        return None
    url, asked = entry.get("url"), entry.get("matchers")
    if not isinstance(url, str | None) or not isinstance(asked, list | None):
        return None
    try:
        if url:
            split_user_info(url)
        parsed = None if asked is None else tuple(one for text in asked for one in matchers(str(text)))
    except ValueError:
        return None
    return Remembered(url, parsed, entry.get("in_cluster") is True)


def _entry(choice: Remembered) -> dict[str, object]:
    entry: dict[str, object] = {}
    if choice.url is not None:
        entry["url"] = choice.url
    if choice.matchers is not None:
        entry["matchers"] = list(choice.matchers)
    return entry | {"in_cluster": True} if choice.offered else entry
