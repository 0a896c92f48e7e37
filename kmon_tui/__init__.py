"""kmon-tui: watch KServe models live in a terminal."""

__version__ = "0.1.0"
