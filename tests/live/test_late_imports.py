"""What takes long to import is imported in a thread, and only when it is needed: keys are answered meanwhile."""

from __future__ import annotations

import subprocess
import sys

WORDS = """
import asyncio, sys, threading
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.tree_question import Question, answers
from kmon_tui.live.tree_words import Words

threads = []

def hook(event, values):
    if event == "import" and values[0] == "httpx":
        threads.append(threading.current_thread() is threading.main_thread())

sys.addaudithook(hook)
asyncio.run(Words(None).read({}))
print(sorted(set(threads)))
try:
    asyncio.run(answers(None, Question(PodPort("demo", "iris", 8080), False, "/v1/models/iris")))
except* AttributeError:
    pass  # there is no cluster here
print(sorted(set(threads)))
"""


def test_the_library_that_asks_models_whether_they_serve_is_imported_in_a_thread_when_one_is_asked() -> None:
    ran = subprocess.run([sys.executable, "-c", WORDS], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.splitlines() == ["[]", "[False]"]
