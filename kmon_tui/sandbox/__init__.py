"""A little cluster on loopback: API server, kubelet, model servers, Prometheus; for the demo and the tests.

Here belongs what the outside would do.
Never: anything of kmon-tui but wire; an address that is not loopback.
"""
