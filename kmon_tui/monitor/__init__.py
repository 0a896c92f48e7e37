"""Runs the sources, keeps the newest State, obeys commands; asyncio only.

Here belongs when things happen and what becomes of them.
Never: network code, widgets, parsing.
"""
