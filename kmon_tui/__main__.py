"""``python -m kmon_tui``."""

from kmon_tui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
