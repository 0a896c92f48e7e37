"""The kubelet of the sandbox: what a node serves of its pods through the API server.

Here belongs port-forward in all the protocols that clients speak.
Never: which pods there are; whoever mounts this hands in a way to reach a pod's ports.
"""

from kmon_tui.sandbox.kubelet.carry import Dial
from kmon_tui.sandbox.kubelet.portforward import portforward

__all__ = ["Dial", "portforward"]
