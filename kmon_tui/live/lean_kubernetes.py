"""The transport of the official client, without the parts of its package that kmon-tui never uses.

``import kubernetes.aio.client`` runs the files of four packages first, which import the synchronous client, OAuth,
websockets and leader election; its ApiClient brings pydantic, for objects that we read ourselves: 260 modules, 12 MB,
a third of a second before the first row. The packages are set up here as folders that are not run, and what sends
for ApiClient is used directly. aiohttp's own TLS context, which no connection of ours has, forgets the 150
certificates that it trusts: 2 MB.
"""

from __future__ import annotations

import importlib.util
import ssl
import sys
from types import ModuleType

from aiohttp import connector


def _leave_out_what_nobody_uses() -> None:
    found = importlib.util.find_spec("kubernetes")
    if found is None or found.submodule_search_locations is None:
        return  # the import below says what is wrong
    folder = next(iter(found.submodule_search_locations))
    for name in ("kubernetes", "kubernetes.aio", "kubernetes.aio.client", "kubernetes.aio.utils"):
        path = f"{folder}{name.removeprefix('kubernetes').replace('.', '/')}"
        if name not in sys.modules:
            package = ModuleType(name)
            package.__path__ = [path]
            package.__spec__ = importlib.util.spec_from_file_location(
                name, f"{path}/__init__.py", submodule_search_locations=[path]
            )
            sys.modules[name] = package


_leave_out_what_nobody_uses()

from kubernetes.aio.client.configuration import Configuration  # noqa: E402  (its packages were set up above)
from kubernetes.aio.client.rest import RESTClientObject  # noqa: E402  (its packages were set up above)


def _forget_what_nobody_trusts() -> None:
    if hasattr(connector, "_SSL_CONTEXT_VERIFIED"):
        # Whoever had it all the same would trust nobody.
        connector._SSL_CONTEXT_VERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


_forget_what_nobody_trusts()

__all__ = ["Configuration", "RESTClientObject"]
