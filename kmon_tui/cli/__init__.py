"""The only place that wires: argv -> Settings -> backend -> Monitor -> App or a one-shot; exit codes.

Here belong the command line and the order in which things start and end.
Never: anything heavy at import time; `kmon-tui --version` answers before argparse is loaded.
"""

import sys


def main() -> int:
    """Run kmon-tui and return its exit code."""
    if sys.argv[1:2] == ["--version"]:
        from kmon_tui import __version__

        sys.stdout.write(f"kmon-tui {__version__}\n")
        return 0
    from kmon_tui.cli.run import run

    return run(sys.argv[0], sys.argv[1:])
