"""Values and pure functions: what kmon-tui knows, in the words of Kubernetes, KServe and Prometheus.

Here belongs what can be decided from values alone.
Never: I/O, asyncio, a clock, any package but the standard library.
"""
