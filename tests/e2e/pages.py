"""True pages of model servers and queue-proxies, served so that their counters grow with every scrape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.answering import Said, answering

PAGES = Path(__file__).resolve().parents[1] / "data" / "exposition"

_COUNTS = re.compile(r"^([a-z_]+(?:_count|_bucket|_sum)\b.*\}) (\S+)$", re.MULTILINE)


def page_of(program: str, version: str) -> str:
    """Give the name of a program's page: the one that it wrote itself, or else a constructed one."""
    true = f"{program}-{version}"
    return true if (PAGES / f"{true}.txt").exists() else f"constructed-{true}"


@contextmanager
def growing() -> Iterator[str]:
    """Serve each page at /NAME, all its counts multiplied by how often it was asked for; give host:port."""
    asked: dict[str, int] = {}

    def say(_method: str, path: str) -> Said:
        name = path.strip("/")
        asked[name] = asked.get(name, 0) + 1
        page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
        return Said(_COUNTS.sub(lambda line: f"{line[1]} {float(line[2]) * asked[name]!r}", page).encode())

    with answering(say) as address:
        yield address
