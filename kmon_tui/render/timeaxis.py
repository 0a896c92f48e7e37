"""The labels below a chart: clock times in the viewer's zone, the newest at the right end."""

from __future__ import annotations

from datetime import datetime, tzinfo


def clock(unix_s: float, zone: tzinfo | None, *, seconds: bool = False) -> str:
    """Write a moment as the viewer's clock shows it; None is the zone of this machine."""
    moment = datetime.fromtimestamp(unix_s, tz=zone) if zone else datetime.fromtimestamp(unix_s).astimezone()
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def time_axis(end_s: float, cell_s: float, width: int, zone: tzinfo | None) -> str:
    """Write clock times below ``width`` cells of which the last one stands at ``end_s``."""
    cells = [" "] * width
    seconds = cell_s * width < 180
    label_width = 8 if seconds else 5
    if width < label_width:
        return " " * width
    position = width - label_width
    # A label ends at the cell it names, so that the newest one fits.
    while position >= 0:
        moment_s = end_s - cell_s * (width - position - label_width)
        cells[position : position + label_width] = clock(moment_s, zone, seconds=seconds)
        position -= max(label_width + 6, width // 4)
    return "".join(cells)
