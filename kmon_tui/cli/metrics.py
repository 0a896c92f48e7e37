"""`kmon-tui metrics NAME`: wires the one-shot to the outside and to the terminal."""
