"""plotext's figure, without the parts of its package that no chart needs.

``import plotext`` also runs its documentation, its demos, its own tests (and unittest) and what reads images and
videos: sixty modules more, 3 MB. The package is set up here as a folder that is not run, and the terminal that it
would make is made here. A plotext that is arranged in another way is imported as a whole.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any


def _figure() -> Any:
    if "plotext" not in sys.modules:
        _leave_out_what_nobody_uses()
    try:
        from plotext._kernel.terminal import terminal

        made = terminal()
        figure = made._master
        # What clears a figure looks here for the terminal; the real one runs the demos and the tests.
        api = ModuleType("plotext._kernel.api")
        vars(api).update(terminal=made, figure=figure)
        sys.modules.setdefault(api.__name__, api)
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "plotext"]:
            del sys.modules[name]
        import plotext

        made, figure = plotext.terminal, plotext.figure
    # As large as it is told to be, whatever the size of the terminal is.
    made.limit(False, False)
    return figure


def _leave_out_what_nobody_uses() -> None:
    found = importlib.util.find_spec("plotext")
    if found is None or not found.submodule_search_locations:
        return  # the import says what is wrong
    package = ModuleType("plotext")
    package.__path__ = list(found.submodule_search_locations)
    package.__spec__ = found
    sys.modules["plotext"] = package


FIGURE = _figure()
"""The one figure that all charts are drawn with."""
