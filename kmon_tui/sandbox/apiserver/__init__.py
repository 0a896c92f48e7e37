"""The sandbox's Kubernetes API server: what kube-apiserver 1.36 answers, held to recordings of it.

Here belongs the protocol: objects, versions, watches, apply, errors.
Never: what happens in the cluster (a world's business), what a kubelet or a model server does.
"""

from kmon_tui.sandbox.apiserver.exchange import RequestRecord
from kmon_tui.sandbox.apiserver.server import ApiServer
from kmon_tui.sandbox.apiserver.store import Store

__all__ = ["ApiServer", "RequestRecord", "Store"]
