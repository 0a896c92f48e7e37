"""The transport of the official client, without the parts of its package that kmon-tui never uses.

``import kubernetes.aio.client`` runs ``kubernetes/__init__`` and ``kubernetes/aio/__init__`` first, which import the
synchronous client, OAuth, websockets and leader election: 160 modules, 4 MB, a quarter of a second before the first
row. Both packages are set up here as folders that are not run.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def _leave_out_what_nobody_uses() -> None:
    found = importlib.util.find_spec("kubernetes")
    if found is None or found.submodule_search_locations is None:
        return  # the import below says what is wrong
    folder = next(iter(found.submodule_search_locations))
    for name, path in (("kubernetes", folder), ("kubernetes.aio", f"{folder}/aio")):
        if name not in sys.modules:
            package = ModuleType(name)
            package.__path__ = [path]
            package.__spec__ = importlib.util.spec_from_file_location(
                name, f"{path}/__init__.py", submodule_search_locations=[path]
            )
            sys.modules[name] = package


_leave_out_what_nobody_uses()

from kubernetes.aio.client import ApiClient, Configuration  # noqa: E402  (only now: see above)

__all__ = ["ApiClient", "Configuration"]
