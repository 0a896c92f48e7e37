"""Settings from the files of this machine: the two config files, and the small files that they name."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from kmon_tui.settings.build import Configuration, Said
from kmon_tui.settings.document import Document, broken, document_of
from kmon_tui.settings.keys import Layer
from kmon_tui.settings.nesting import not_too_deep
from kmon_tui.settings.paths import Paths

_LARGEST = 1_000_000


def load_configuration(flags: Layer, environ: Mapping[str, str], paths: Paths) -> Configuration:
    """Read the config files; whatever is wrong with them becomes a note."""
    named = bool(environ.get("KMON_CONFIG"))
    user = read_config(paths.config, must_exist=named)
    if user.broken:
        user = _kept_aside(user, paths.config)
    return Configuration(Said(flags, environ, user, read_config(paths.system_config)), read_text)


def read_config(path: Path, *, must_exist: bool = False) -> Document:
    """Read one config file; one that is not there is empty, one that cannot be read is said and guards."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        return broken(f"{path}, which KMON_CONFIG names, does not exist") if must_exist else Document()
    except NotADirectoryError:
        return Document()
    except OSError as error:
        return broken(f"cannot read {path}: {error.strerror}")
    except UnicodeDecodeError:
        return broken(f"{path} is not UTF-8 text")
    if not text.strip():
        return Document()
    import yaml  # costs 12 ms, and most people have no config file

    try:
        content = yaml.load(not_too_deep(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark is not None else ""
        return broken(f"{path}{where} is not YAML: {getattr(error, 'problem', None) or 'it cannot be parsed'}")
    except (ValueError, RecursionError):
        return broken(f"{path} is not YAML that can be read")
    return document_of(content, path.name)


def read_text(path: Path) -> str:
    """Give the text of a small file; a huge one is cut, a device or a pipe without end cannot hang the start."""
    with path.open("rb") as file:
        return file.read(_LARGEST).decode("utf-8-sig")


def _kept_aside(document: Document, path: Path) -> Document:
    """Copy a broken file, so that nothing is lost when somebody writes a new one over it."""
    aside = path.with_name(f"{path.name}.invalid")
    try:
        shutil.copyfile(path, aside)
    except OSError:
        return document
    return Document(document.everywhere, {}, (*document.notes, f"a copy of it is {aside}"), broken=True)
