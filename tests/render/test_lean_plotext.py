"""plotext without the parts that no chart needs: each in a program of its own, for it is imported once."""

from __future__ import annotations

import subprocess
import sys

_DRAW = """
figure.clear()
figure.plot_size(30, 6)
figure.axes(False)
figure.draw(figure.signal([1, 2, 3.5, 8], [1, 5, 2, 7], marker="braille").lines(True))
print(figure.build().string(colorless=True))
"""
_LEAN = "import sys\nfrom kmon_tui.render.lean_plotext import FIGURE as figure\n"
_WHOLE = "import plotext\nplotext.terminal.limit(False, False)\nfigure = plotext.figure\n"
_OTHER = """
import sys
sys.modules["plotext._kernel.terminal"] = None  # how Python spells that there is no such module
from kmon_tui.render import lean_plotext
"""


def run(program: str) -> str:
    return subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout


def test_it_draws_what_all_of_plotext_draws() -> None:
    drawn = run(_LEAN + _DRAW)
    assert drawn.strip()
    assert drawn == run(_WHOLE + _DRAW)


def test_its_documentation_and_its_own_tests_stay_out() -> None:
    seen = "print([name for name in sys.modules if name in ('plotext._doc', 'plotext._tests', 'unittest')])"
    assert run(_LEAN + _DRAW + seen).splitlines()[-1] == "[]"


def test_a_plotext_that_is_arranged_in_another_way_is_imported_as_a_whole() -> None:
    told = run(_OTHER + "print('plotext._doc' in sys.modules, hasattr(lean_plotext.FIGURE, 'signal'))")
    assert told.strip() == "True True"
