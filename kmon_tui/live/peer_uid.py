"""Which user of this machine is at the other end of a loopback connection; Linux only.

Asked of the kernel by netlink (sock_diag(7)), which finds one connection at once; where that is not allowed, read from
/proc/net/tcp, whose making takes the kernel milliseconds on a machine with many connections.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host and port, as the beginning of a socket's name."""

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_ANY = 0xFFFFFFFF
_ASK = struct.Struct("=IHHIIBBBBI")
_HEAD = 16
_UID_AT = _HEAD + 4 + 48 + 12
"""Behind the netlink header: four bytes, the connection's 48, three numbers; then uid and inode."""
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_me(uid: int) -> bool:
    """Tell whether this is the user that we run as."""
    return uid in (os.getuid(), os.geteuid())


def can_tell() -> bool:
    """Tell whether this system says who is at the other end."""
    return sys.platform == "linux" and _TABLES[0].exists()


def peer_uid(peer: Address, local: Address) -> int | None:
    """Give the uid of the process that connected from ``peer`` to ``local``.

    None when nobody knows: a connection that its owner has closed already belongs to nobody any more.
    """
    try:
        return _ask_kernel(peer, local)
    except OSError:
        return read_tables(peer, local)


def read_tables(peer: Address, local: Address) -> int | None:
    """Look the connection up in /proc/net/tcp and /proc/net/tcp6."""
    wanted = {(_in_hex(peer, mapped), _in_hex(local, mapped)) for mapped in (False, True)}
    for table in _TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if (words[1], words[2]) in wanted:
                return int(words[7]) if words[9] != "0" else None
    return None


def _ask_kernel(peer: Address, local: Address) -> int | None:
    """Ask by netlink; None when there is no such connection, OSError when netlink cannot be asked."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    one, other = socket.inet_pton(family, peer[0]), socket.inet_pton(family, local[0])
    ask = _ASK.pack(72, _BY_FAMILY, _REQUEST, 1, 0, family, socket.IPPROTO_TCP, 0, 0, _ANY)
    ask += struct.pack("!HH", peer[1], local[1]) + one.ljust(16, b"\0") + other.ljust(16, b"\0")
    ask += struct.pack("=III", 0, _ANY, _ANY)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as netlink:
        netlink.settimeout(1.0)
        netlink.send(ask)
        answer = netlink.recv(4096)
    kind = struct.unpack_from("=H", answer, 4)[0]
    if kind != _BY_FAMILY or len(answer) < _UID_AT + 8:
        number = -struct.unpack_from("=i", answer, _HEAD)[0]
        if number == 2:  # ENOENT: there is none
            return None
        raise OSError(number, "netlink refuses")
    uid, inode = struct.unpack_from("=II", answer, _UID_AT)
    return uid if inode else None


def _in_hex(address: Address, mapped: bool) -> str:
    """Write an address as the tables do: words of four bytes in the order of the machine."""
    host = ip_address(address[0])
    packed = host.packed if host.version == 6 or not mapped else b"\0" * 10 + b"\xff\xff" + host.packed
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"
