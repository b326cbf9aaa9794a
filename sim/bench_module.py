# SPDX-License-Identifier: Apache-2.0
"""How long a MAC takes: a software module, and frames on a pty with a simulated PSAM behind.

A root of its own: it opens modules as a unit's settings do. Figures of this machine; a PSAM
computes for milliseconds, which no simulation tells.
"""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from firmware.hal import cpython as hal
from firmware.module.opening import open_module
from host_tools import module_file
from sim.capp_profile import known_key_rows
from sim.psam import KEY_USE, PROFILE, Psam, expected_mac
from sim.psam_slot import PsamSlot
from sim.pty_line import PtyLine

FACTOR = bytes.fromhex("1122334455667788")
RECORD_BYTES = 133  # header, Lc and a record of 128 bytes


def rows(count: int) -> Iterator[tuple[str, float, float]]:
    """(which module, ms of a derivation, ms of a MAC), medians of `count`."""
    for name, opened in (("software", software()), ("serial slot on a pty", serial())):
        with opened as more:
            module = open_module(more, hal, hal, lambda event: None)
            times = [measured(module) for _ in range(count)]
            yield name, *(statistics.median(one) for one in zip(*times, strict=True))


def measured(module) -> tuple[float, float]:
    """ms of one derivation and one MAC, which has to be the right one."""
    data = bytes(RECORD_BYTES)
    began = time.perf_counter()
    session = module.session(KEY_USE, 1, FACTOR)
    derived = time.perf_counter()
    made = session.mac(bytes(8), data)
    ended = time.perf_counter()
    if made != expected_mac(KEY_USE, 1, FACTOR, bytes(8), data):
        raise ArithmeticError("a wrong MAC")
    return (derived - began) * 1000, (ended - derived) * 1000


@contextlib.contextmanager
def software() -> Iterator[dict[str, str]]:
    """Settings of a sealed file."""
    with tempfile.TemporaryDirectory() as folder:
        sealed, secret = Path(folder) / "sealed", Path(folder) / "secret"
        secret.write_text(module_file.new_secret())
        keys = module_file.read_plain("\n".join(known_key_rows("3des")), "known keys")
        module_file.write(sealed, module_file.seal("lab", keys, secret.read_text()))
        yield {"module": f"software:{sealed}", "module_secret": str(secret)}


@contextlib.contextmanager
def serial() -> Iterator[dict[str, str]]:
    """Settings of a slot."""
    with tempfile.TemporaryDirectory() as folder, PtyLine(PsamSlot(Psam())) as line:
        city = Path(folder) / "city.txt"
        city.write_text(PROFILE)
        yield {"module": "serial:" + line.path, "module_profile": str(city)}
