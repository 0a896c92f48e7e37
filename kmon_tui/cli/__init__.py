"""The only place that wires: argv -> Settings -> backend -> Monitor -> App or a one-shot; exit codes."""


def main() -> int:
    """Run kmon-tui and return its exit code."""
    return 0
