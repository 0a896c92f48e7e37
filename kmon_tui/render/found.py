"""What was searched in a line: shown in a look of its own, and scrolled to where it lies aside."""

from __future__ import annotations

import re

from kmon_tui.render.lines import Line, text_of


def left_for(text: str, search: re.Pattern[str], left: int, width: int) -> int:
    """Give how many cells of a line to leave away so that what is found in it can be seen; none if it can be."""
    found = search.search(text)
    if found is None or ((not left or left < found.start()) and found.end() < left + width):
        return left
    return 0 if found.end() < width else max(0, found.start() - width // 3)


def marked(line: Line, search: re.Pattern[str], look: str) -> Line:
    """Give the line with what was searched in a look of its own."""
    text = text_of(line)
    places = [(match.start(), match.end()) for match in search.finditer(text) if match.end() > match.start()]
    if not places:
        return line
    out: list[tuple[str, str]] = []
    begin = 0
    for part, own in line:
        end = begin + len(part)
        at = begin
        for place in places:
            first, last = max(place[0], begin), min(place[1], end)
            if first < last:
                out.extend(((text[at:first], own), (text[first:last], look)))
                at = last
        out.append((text[at:end], own))
        begin = end
    return tuple((words, own) for words, own in out if words)
