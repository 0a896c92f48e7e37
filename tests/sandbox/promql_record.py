"""Records what a real Prometheus answers: ``python -m tests.sandbox.promql_record /path/to/prometheus``."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path

from tests.sandbox.promql_cases import HERE, bad_queries, families, instant_queries, open_metrics, range_queries
from tests.sandbox.promql_compare import Asked
from tests.sandbox.real_prometheus import ask, serving


def all_asked(step_s: int) -> list[Asked]:
    """Give every query as it is asked."""
    by_range = [Asked(query, step_s) for query in range_queries()]
    return by_range + [Asked(query, None) for query in instant_queries() + bad_queries()]


def main() -> None:
    """Ask everything with few steps and keep the answers."""
    found = families(seed=1)
    with tempfile.TemporaryDirectory() as folder, serving(Path(sys.argv[1]), Path(folder), open_metrics(found)) as url:
        cases = []
        for asked in all_asked(step_s=823):
            path, parameters = asked.parameters()
            answer = ask(url, path, **parameters)
            cases.append({"query": asked.query, "step_s": asked.step_s, "answer": answer})
    text = json.dumps(cases, separators=(",", ":"))
    (HERE / "prometheus-2.42.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
