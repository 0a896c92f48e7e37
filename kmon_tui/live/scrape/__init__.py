"""Numbers without Prometheus: the metrics pages of one service's pods, read now and then and kept in ring buffers.

Here belongs how pages are fetched, read and booked.
Never: a number that is worked out in another way than from Prometheus.
"""
