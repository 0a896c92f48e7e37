"""The labels below a chart: clock times in the viewer's zone, the newest at the right end."""

from __future__ import annotations

from datetime import datetime, tzinfo


def clock(unix_s: float, zone: tzinfo | None, *, seconds: bool = False) -> str:
    """Write a moment as the viewer's clock shows it; None is the zone of this machine.

    In an hour that the clock shows twice, as when summer time ends, the name of the time tells which one it is.
    """
    plain = datetime.fromtimestamp(unix_s, tz=zone)
    moment = plain if zone else plain.astimezone()
    text = moment.strftime("%H:%M:%S" if seconds else "%H:%M")
    twice = len({plain.replace(fold=fold).astimezone(zone).utcoffset() for fold in (0, 1)}) > 1
    return f"{text} {moment.tzname()}" if twice else text


def time_axis(end_s: float, cell_s: float, width: int, zone: tzinfo | None) -> str:
    """Write clock times below ``width`` cells of which the last one stands at ``end_s``."""
    cells = [" "] * width
    seconds = cell_s * width < 180
    end = width
    # A label ends at the cell it names, so that the newest one fits.
    while end > 0:
        label = clock(end_s - cell_s * (width - end), zone, seconds=seconds)
        if len(label) > end:
            break
        cells[end - len(label) : end] = label
        end -= max(len(label) + 6, width // 4)
    return "".join(cells)
