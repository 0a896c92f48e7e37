"""Memory that large answers took goes back to the system, even where small things were made between them."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from kmon_tui.live.quiet_gc import QuietGc, thaw

PROGRAM = """
from pathlib import Path
from kmon_tui.live.heap import give_back_large_blocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

give_back_large_blocks()
first = b"x" * 20_000_000
del first
before_mb = resident_mb()
blocks, small = [], []
for number in range(40):
    blocks.append(b"x" * 1_000_000)
    small.append(b"x" * (2000 + number))
blocks.clear()
print(resident_mb() - before_mb)
"""


PAGES = """
from pathlib import Path
from kmon_tui.live.heap import KeptBlocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

before_mb = resident_mb()
small = []
with KeptBlocks():
    for number in range(20):
        page = bytearray(b"x" * 2_000_000)
        small.append(b"x" * (2000 + number))
        last, page = page, None
    del last
print(resident_mb() - before_mb)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to keep blocks")
def test_what_the_pages_of_a_list_took_goes_back_after_the_last_one() -> None:
    done = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, timeout=30, check=True)
    assert float(done.stdout) < 1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps large blocks on its heap")
def test_large_blocks_go_back_though_small_ones_between_them_stay() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)
    assert float(done.stdout) < 5


def test_what_a_context_that_was_left_held_in_circles_is_let_go() -> None:
    class Held:
        def __init__(self) -> None:
            self.me = self

    with QuietGc():
        held = Held()
    seen = weakref.ref(held)
    del held
    gc.collect()
    assert seen() is not None  # set aside with all that was loaded

    thaw()

    assert seen() is None
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_garbage_when_a_list_begins_or_fails_is_not_set_aside(fails: bool) -> None:
    class Held:
        def __init__(self) -> None:
            self.me = self

    thaw()
    old = Held()
    seen = [weakref.ref(old)]
    del old
    try:
        with QuietGc():
            if fails:
                new = Held()
                seen.append(weakref.ref(new))
                del new
                raise OSError
    except OSError:
        assert fails
    gc.collect()

    assert [one() for one in seen] == [None] * (1 + fails)
    thaw()


def test_old_garbage_is_not_set_aside_by_a_list_that_is_read_again() -> None:
    class Held:
        def __init__(self) -> None:
            self.me = self

    thaw()
    quiet = QuietGc()
    with quiet:
        old = Held()
    seen = weakref.ref(old)
    del old
    with quiet:
        pass
    gc.collect()

    assert seen() is None
    thaw()
