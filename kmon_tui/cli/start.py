"""What every command begins with: its words, its environment, its settings, its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from kmon_tui.cli.out import say
from kmon_tui.cli.said import Said, layer_of, not_of_a_demo
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.late import dataclass
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from kmon_tui.settings.build import Configuration
from kmon_tui.settings.load import load_configuration
from kmon_tui.settings.paths import Paths, paths_of

DEMO = Place(context="demo", cluster="demo", user="demo")
"""Where a demo looks until its sandbox has told more."""


@dataclass(slots=True)
class Start:
    """One call of the program."""

    command: str
    said: Said
    environ: Mapping[str, str]
    log: Path | None = None
    """The log file, once it is open."""
    notes: list[str] = field(default_factory=list)

    def text(self, key: str, default: str = "") -> str:
        """Give what was said for a flag of this command alone."""
        return str(self.said.get(key, default))

    def switched_on(self, key: str) -> bool:
        """Tell whether a switch of this command was given."""
        return bool(self.said.get(key))

    def paths(self) -> Paths:
        """Give where the files are."""
        return paths_of(self.environ)

    def configure(self) -> Configuration:
        """Read the config files."""
        return load_configuration(layer_of(self.said), self.environ, self.paths())

    def open_log(self, settings: Settings) -> None:
        """Begin to log, and say so when that cannot be."""
        from kmon_tui.cli.logfile import start_log

        self.log, note = start_log(settings.log, self.paths().log)
        if note:
            self.notes.append(note)

    def say_notes(self) -> None:
        """Write what is wrong with the configuration; it keeps nothing from running."""
        say(*self.notes)
        self.notes.clear()


def settle(start: Start, configuration: Configuration) -> tuple[Settings, Place]:
    """Give the settings of the context that is meant, and that place; SettingsError when the kubeconfig cannot work.

    Asks nothing of the network: only files, context, cluster and user are checked.
    """
    settings = configuration.here()
    if settings.demo:
        if other := not_of_a_demo(start.said):
            raise SettingsError(f"--demo has a cluster and a Prometheus of its own, so {other} says nothing to it")
        start.notes.extend(settings.notes)
        return _for_demo(settings, start.said.get("namespace")), DEMO
    from kmon_tui.live.kubeconfig import check_place

    place = check_place(settings.kube)
    own = recalled(start, configuration.here(place.context), place.context)
    if own.kube != settings.kube:
        place = check_place(own.kube)
    _check_prometheus(own)
    start.notes.extend(own.notes)
    return replace(own, kube=_logged_in(own.kube)), place


def recalled(start: Start, settings: Settings, context: str) -> Settings:
    """Give the settings with the Prometheus that a person chose in this context before."""
    from kmon_tui.settings.remembered import PrometheusMemory, as_remembered

    choice = PrometheusMemory(start.paths().prometheus).read(context)
    own = "prometheus.matchers" in start.said
    return replace(settings, prometheus=as_remembered(settings.prometheus, choice, own_matchers=own))


def _logged_in(kube: KubeSettings) -> KubeSettings:
    """Run a login plugin that has to ask something, while the terminal is still free."""
    from kmon_tui.live.exec_plugin import run_interactive_plugin

    return run_interactive_plugin(kube)


def _check_prometheus(settings: Settings) -> None:
    if settings.prometheus.url is not None:
        from kmon_tui.live.prometheus_address import parse_address, parse_matchers

        parse_address(settings.prometheus)
        parse_matchers(settings.prometheus.matchers)


def _for_demo(settings: Settings, namespace: object) -> Settings:
    """Take away what was said of a real cluster; the whole fleet is shown unless -n says less."""
    kube = KubeSettings(
        namespace=str(namespace) if namespace else None,
        all_namespaces=not namespace or settings.kube.all_namespaces,
        request_timeout_s=settings.kube.request_timeout_s,
    )
    return replace(settings, kube=kube, prometheus=PrometheusSettings())
