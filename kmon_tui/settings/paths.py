"""Where the files of kmon-tui are: the XDG directories, on every system."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kmon_tui.domain.late import dataclass

APP = "kmon-tui"
SYSTEM_CONFIG = Path("/etc") / APP / "config.yaml"


@dataclass(frozen=True, slots=True)
class Paths:
    """The places that kmon-tui reads and writes."""

    config: Path
    """The person's config.yaml; KMON_CONFIG names another."""
    system_config: Path
    state: Path
    """Directory of the log."""
    cache: Path
    data: Path = Path()
    """What is kept for the person: histories and saved bodies."""

    @property
    def forwards(self) -> Path:
        """The saved forwards, beside the config file."""
        return self.config.with_name("forwards.yaml")

    @property
    def prometheus(self) -> Path:
        """Which Prometheus was chosen, by context."""
        return self.state / "prometheus.yaml"

    @property
    def log(self) -> Path:
        """The log file, if no other was named."""
        return self.state / "kmon.log"


def paths_of(environ: Mapping[str, str], system_config: Path = SYSTEM_CONFIG) -> Paths:
    """Give the paths; XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME and XDG_DATA_HOME move them."""
    from platformdirs.unix import Unix  # costs 3 ms, and `--version` asks for no path

    places = Unix(APP, appauthor=False)
    own = environ.get("KMON_CONFIG")
    return Paths(
        config=Path(own).expanduser() if own else Path(places.user_config_dir) / "config.yaml",
        system_config=system_config,
        state=Path(places.user_state_dir),
        cache=Path(places.user_cache_dir),
        data=Path(places.user_data_dir),
    )
