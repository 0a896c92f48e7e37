"""forwards.yaml: the forwards that a person keeps, by context. Whether one runs stands nowhere but in the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kmon_tui.domain.errors import KmonError, SettingsError
from kmon_tui.domain.forward import ForwardSpec, parse_target
from kmon_tui.settings.private_file import write_privately

_HEAD = "# The forwards of kmon-tui, by context. Press f in kmon-tui; f, then S saves one.\n"


class ForwardsFile:
    """Reads and writes the file; another kmon-tui may write it, too, so it is read anew before each change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, context: str) -> tuple[tuple[ForwardSpec, ...], str]:
        """Give the forwards of a context, and what is wrong with the file; a broken one is kept as ``.invalid``."""
        contexts, notes = self._load()
        return contexts.get(context, ()), "; ".join(notes)

    def put(self, context: str, spec: ForwardSpec) -> None:
        """Add one, or put it in place of the one with its name. Raises KmonError when it cannot be written."""
        contexts, _ = self._load()
        others = [one for one in contexts.get(context, ()) if one.name != spec.name]
        self._write({**contexts, context: (*others, spec)})

    def remove(self, context: str, name: str) -> None:
        """Forget one. Raises KmonError when the file cannot be written."""
        contexts, _ = self._load()
        self._write({**contexts, context: tuple(one for one in contexts.get(context, ()) if one.name != name)})

    def _load(self) -> tuple[dict[str, tuple[ForwardSpec, ...]], list[str]]:
        import yaml  # the screen comes up without it

        notes: list[str] = []
        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8"))
            contexts = _contexts(content, notes)
        except FileNotFoundError:
            return {}, []
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, SettingsError) as error:
            contexts = {}
            notes.append(_reason(error))
        if notes:
            # What became of the file comes first: a row of the screen has no room for all of it.
            notes[0] = f"{self.path.name} is broken, {self._keep_broken()}: {notes[0]}"
        return contexts, notes

    def _keep_broken(self) -> str:
        copy = self.path.with_name(f"{self.path.name}.invalid")
        try:
            write_privately(copy, self.path.read_bytes())
        except OSError as error:
            return f"and could not be copied ({error.strerror})"
        return f"kept as {copy.name}"

    def _write(self, contexts: Mapping[str, tuple[ForwardSpec, ...]]) -> None:
        import yaml  # as above

        content = {name: [_entry(spec) for spec in specs] for name, specs in contexts.items() if specs}
        text = _HEAD + yaml.safe_dump({"contexts": content}, sort_keys=False, allow_unicode=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_privately(self.path, text.encode())
        except OSError as error:
            raise KmonError(f"cannot write {self.path}: {error.strerror}", "Is the folder yours to write?") from error


def _contexts(content: object, notes: list[str]) -> dict[str, tuple[ForwardSpec, ...]]:
    if content is None:
        return {}
    sections = content.get("contexts") if isinstance(content, Mapping) else None
    if not isinstance(sections, Mapping):
        raise SettingsError("it does not map contexts to lists of forwards")
    return {str(name): _specs(str(name), entries, notes) for name, entries in sections.items()}


def _specs(context: str, entries: object, notes: list[str]) -> tuple[ForwardSpec, ...]:
    found: dict[str, ForwardSpec] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [None], start=1):
        try:
            spec = _spec(entry)
        except SettingsError as error:
            notes.append(f"{context}, entry {number}: {error.message}")
            continue
        found.setdefault(spec.name, spec)
    return tuple(found.values())


def _spec(entry: object) -> ForwardSpec:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("target"), str):
        raise SettingsError("a forward needs a target, as models/isvc/iris")
    target = parse_target(entry["target"])
    port = entry.get("local_port", 0)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port < 65536:
        raise SettingsError(f"{port!r} is no local port")
    name = str(entry.get("name") or target)
    return ForwardSpec(name, target, port, entry.get("shared") is True, entry.get("autostart") is True)


def _entry(spec: ForwardSpec) -> dict[str, object]:
    entry: dict[str, object] = {"name": spec.name, "target": str(spec.target)}
    if spec.local_port:
        entry["local_port"] = spec.local_port
    if spec.shared:
        entry["shared"] = True
    return {**entry, "autostart": spec.autostart}


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}, {getattr(error, 'problem', None) or 'it is no YAML'}"
    return str(error).partition("\n")[0]
