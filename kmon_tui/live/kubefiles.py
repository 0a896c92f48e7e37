"""Reads kubeconfig files as kubectl does: which files, in which order, merged how."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import yaml

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.late import dataclass
from kmon_tui.live.kubetypes import check_types
from kmon_tui.settings.nesting import not_too_deep

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the machine decides where the configuration lies."""

    environ: Mapping[str, str] = field(repr=False)
    home: Path
    service_account: Path = SERVICE_ACCOUNT

    @staticmethod
    def here() -> Surroundings:
        """Give those of this process."""
        return Surroundings(os.environ, Path(os.path.expanduser("~")))  # noqa: PTH111  # Path.home() raises without HOME


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, context or user, and the file that it stands in."""

    values: Mapping[str, Any] = field(repr=False)
    file: Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """All files together: of two entries with one name the first counts."""

    source: str
    """The files, as people would name them."""
    clusters: Mapping[str, Entry] = field(default_factory=dict)
    contexts: Mapping[str, Entry] = field(default_factory=dict)
    users: Mapping[str, Entry] = field(default_factory=dict)
    current_context: str = ""
    found: bool = True
    """Whether any file was there."""


def read_kubeconfig(explicit: str | None, around: Surroundings) -> Kubeconfig:
    """Read --kubeconfig alone, or the files of KUBECONFIG, or ~/.kube/config. Raises SettingsError."""
    if explicit is not None:
        paths = [Path(explicit).expanduser()]
    elif around.environ.get("KUBECONFIG"):
        paths = [Path(part) for part in around.environ["KUBECONFIG"].split(os.pathsep) if part]
    else:
        paths = [around.home / ".kube" / "config"]
    there = [path for path in paths if path.exists()]
    if explicit is not None and not there:
        raise SettingsError(f"no file {explicit}", "--kubeconfig names the file to read.")
    source = ", ".join(shown(path, around) for path in there or paths)
    merged = Kubeconfig(source, {}, {}, {}, "", bool(there))
    for path in there:
        merged = _merge(merged, _read(path, around), path)
    return merged


def shown(path: Path, around: Surroundings) -> str:
    """Name a file as people do: ``~/.kube/config``."""
    try:
        return str(Path("~") / path.relative_to(around.home))
    except ValueError:
        return str(path)


def _read(path: Path, around: Surroundings) -> Mapping[str, Any]:
    try:
        # As kubectl does: a second document of a file is not looked at.
        document = next(yaml.load_all(not_too_deep(path.read_bytes()), _LOADER), None)
    except OSError as error:
        raise SettingsError(f"cannot read {shown(path, around)}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no text, a date or a number that cannot be
        # The error's own text quotes the file, which holds secrets.
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(
            f"{shown(path, around)} is not valid YAML{where}", "kubectl config view checks it."
        ) from None
    except RecursionError:
        message = f"{shown(path, around)} is not valid YAML: it is nested without end"
        raise SettingsError(message, "kubectl config view checks it.") from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise SettingsError(
            f"{shown(path, around)} is not a kubeconfig", "It ought to hold clusters, contexts and users."
        )
    check_types(document, shown(path, around))
    return document


def _merge(merged: Kubeconfig, document: Mapping[str, Any], path: Path) -> Kubeconfig:
    return Kubeconfig(
        merged.source,
        _first_wins(merged.clusters, _named(document, "clusters", "cluster", path)),
        _first_wins(merged.contexts, _named(document, "contexts", "context", path)),
        _first_wins(merged.users, _named(document, "users", "user", path)),
        merged.current_context or str(document.get("current-context") or ""),
    )


def _first_wins(known: Mapping[str, Entry], new: Mapping[str, Entry]) -> Mapping[str, Entry]:
    return {**known, **{name: entry for name, entry in new.items() if name not in known}}


def _named(document: Mapping[str, Any], plural: str, one: str, path: Path) -> dict[str, Entry]:
    entries = [entry for entry in document.get(plural) or () if entry]
    return {str(entry.get("name") or ""): Entry(entry.get(one) or {}, path) for entry in entries}


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
