"""Pure protocol code that both live and sandbox need: bytes in, frames out.

Here belongs what the recordings can check without a socket.
Never: sockets, asyncio, anything about KServe.
"""
