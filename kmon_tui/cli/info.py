"""`kmon-tui info`: versions, paths and what is configured, for a bug report; never a secret."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from kmon_tui import __version__
from kmon_tui.cli import out
from kmon_tui.cli.start import Start, settle
from kmon_tui.domain.errors import SettingsError
from kmon_tui.oneshot.formats import checked
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.settings import Settings

_PACKAGES = ("textual", "kubernetes", "aiohttp", "httpx", "prometheus-api-client", "plotext", "msgspec")


def run(start: Start) -> int:
    """Print it and give the exit code; a kubeconfig that cannot work is part of the answer."""
    form = checked(start.text("output", "table"), ("table", "json", "yaml"))
    content = {"versions": _versions(), "paths": _paths(start), **_configured(start)}
    if form == "json":
        out.write(json_text(content, ascii_only=not out.stdout_is_utf8()))
    elif form == "yaml":
        out.write(yaml_text(content))
    else:
        out.write("".join(f"{name + ' ' + key:<34} {_shown(value)}\n" for name, key, value in _flat(content)))
    start.say_notes()
    return out.OK


def _versions() -> dict[str, object]:
    found: dict[str, object] = {"kmon-tui": __version__, "python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return {**found, "system": platform.platform()}


def _paths(start: Start) -> dict[str, object]:
    paths = start.paths()
    return {
        "config": str(paths.config),
        "config_exists": paths.config.exists(),
        "system_config": str(paths.system_config),
        "system_config_exists": paths.system_config.exists(),
        "state": str(paths.state),
        "log": str(paths.log),
        "audit": str(paths.state / "audit.jsonl"),
        "forwards": str(paths.forwards),
        "prometheus": str(paths.prometheus),
        "data": str(paths.data),
        "kubeconfig": start.text("kubeconfig") or start.environ.get("KUBECONFIG") or "~/.kube/config",
        "python": sys.executable,
    }


def _configured(start: Start) -> dict[str, dict[str, object]]:
    configuration = start.configure()
    try:
        settings, place = settle(start, configuration)
        kubernetes: dict[str, object] = {
            "context": place.context,
            "cluster": place.cluster,
            "user": place.who,
            "server": place.server,
            "namespace": place.namespace,
        }
    except SettingsError as error:
        settings = configuration.here()
        kubernetes = {"problem": f"{error.message}. {error.hint}".strip()}
    return {"kubernetes": kubernetes, "prometheus": _prometheus(settings), "view": _view(settings)}


def _prometheus(settings: Settings) -> dict[str, object]:
    prometheus = settings.prometheus
    return {
        "url": prometheus.url,
        "found_by": prometheus.found_by or None,
        "matchers": list(prometheus.matchers),
        "headers": [name for name, _ in prometheus.headers],
    }


def _view(settings: Settings) -> dict[str, object]:
    view = settings.view
    return {
        "theme": view.theme,
        "ascii": view.ascii,
        "mouse": view.mouse,
        "bell": view.bell,
        "no_color": view.no_color,
        "over_ssh": view.over_ssh,
        "read_only": settings.read_only,
        "log_level": settings.log.level,
    }


def _flat(content: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    return [(name, key, value) for name, part in content.items() for key, value in part.items()]


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
